"""Record every operation below autograd as a call of one of cnnspec's operators."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from cnnspec.analyses.alignment.call_graph import CONSTANT, Edge, RecordedCall, Recording
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.recording import dropouts
from cnnspec.pytorch.recording.call_log import CallLog, NewCall, Weights, list_weights
from cnnspec.pytorch.recording.fixed_numbers import FixedNumbers
from cnnspec.pytorch.recording.functions import FunctionRecorder
from cnnspec.pytorch.recording.merges import merge_call
from cnnspec.pytorch.recording.operations import (
    VIEWS,
    find_tensors,
    list_outputs,
    loses_precision,
    read_operation,
    split_operation,
)
from cnnspec.pytorch.recording.random_tensors import MASK, RandomTensors
from cnnspec.pytorch.recording.readers import VIEW, Fields, find_equal_operator
from cnnspec.pytorch.recording.source_lines import find_source_line

Watch = Callable[[int, torch.Tensor], None]  # takes the index of a call and its first output


class CallRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Record every operation below autograd, where modules, functions and methods are the same.

    The recorder keeps the origin of each tensor: an output of a call, or the names of the
    parameters it comes from. An operation that only reshapes a value is not a call. An operation
    on parameters alone belongs to the call that uses its result.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: tuple[torch.Tensor, ...],
        watch: Watch | None = None,
        marks: bool = False,
    ):
        super().__init__()  # type: ignore[no-untyped-call]
        self.log = CallLog()
        self.random = RandomTensors()
        self.fixed = FixedNumbers(model)
        self.places = [""]
        self.watch, self.marks, self.paused = watch, marks, False
        self.is_built = isinstance(model, BuiltModule)
        self.names = {id(module): name for name, module in model.named_modules()}
        self.origins: Any = WeakTensorKeyDictionary()
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            self.origins[tensor] = (name,)
        for x in inputs:
            self.origins[x] = self.append(RecordedCall("input", {}, (), tuple(x.shape[1:])))

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: to skip this mode, torch would import its compiler, which takes long."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.paused:
            return result
        schema = func._schema.arguments
        given = {a.name: a.default_value for a in schema}  # in the order of the schema
        given |= {a.name: v for a, v in zip(schema, args, strict=False)} | (kwargs or {})
        name = func.overloadpacket.__name__
        if self.random.concerns(func):
            self.run_unrecorded(lambda: self.random.follow(func, name, given, result))
        self.note_operation(name, given, result)
        return result

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what runs inside."""
        functions = FunctionRecorder(self.note_function, self.run_unrecorded, self.random)
        with dropouts.DropoutRecorder(self.note_random), functions, self:
            yield

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Record nothing of what runs inside."""
        before, self.paused = self.paused, True
        try:
            yield
        finally:
            self.paused = before

    def run_unrecorded(self, function: Callable[[], Any]) -> Any:
        with self.pausing():
            return function()

    def append(self, call: RecordedCall, new: NewCall | None = None) -> Edge:
        source = "" if self.is_built else find_source_line()
        return self.log.append(call.replace(source=source) if source else call, new)

    def note_operation(self, name: str, given: Fields, result: Any) -> None:
        """Note the origin of an operation's outputs, and record it where it is a call."""
        tensors, outputs = find_tensors(list(given.values())), find_tensors(result)
        origins = [self.origins.get(t, CONSTANT) for t in tensors]
        reads = {o for o in origins if isinstance(o, Edge)} - {CONSTANT}
        if not outputs:
            # Python reads a value, and what it runs next may depend on it.
            if name == "_local_scalar_dense" and reads:
                self.append(RecordedCall("item", {}, tuple(reads), (), (), self.places[-1]))
            return
        if not reads or name.startswith("new_") or name.endswith("_like"):
            weights = list_weights(origins)
            for t in outputs:
                self.set_origin(t, weights or CONSTANT)
        elif name.removesuffix("_") in VIEWS and not loses_precision(tensors[0], outputs[0]):
            self.set_origin(outputs[0], origins[0])
        else:
            with self.pausing():
                known = len(tensors) == 2 and self.random.find(tensors) is None
                split = self.fixed.read(name, given, origins, outputs) if known else None
                split = split or split_operation(self.log, name, given, origins, outputs)
            if split is None:
                kind, fields = read_operation(name, given, outputs[0])
                self.note_call(kind, fields, tensors, outputs, name == "addmm")
                return
            for t, origin in split.origins:
                self.set_origin(t, origin)
            for part in split.parts:
                self.note_call(part.kind, part.fields, part.tensors, part.outputs, fixed=part.fixed)

    def note_call(
        self,
        kind: str,
        fields: Fields,
        tensors: list[torch.Tensor],
        outputs: list[torch.Tensor],
        bias_first: bool = False,
        fixed: Weights = (),
    ) -> None:
        """Record a call with all its outputs, and let ``watch`` see the first.

        ``tensors`` are those it reads: values and parameters, of which the bias may be the first.
        ``fixed`` are the buffers whose numbers are in ``fields``.
        """
        origins = [(t, self.origins.get(t, CONSTANT)) for t in tensors]
        values = [(t, o) for t, o in origins if isinstance(o, Edge)]
        parameters = [t for t, o in origins if not isinstance(o, Edge)]
        weights = list_weights([o for _, o in origins])
        new = NewCall(
            kind,
            fields,
            tuple([o for _, o in values]),
            weights[::-1] if bias_first else weights,
            tuple([tuple(t.shape) for t, _ in values]),
            tuple(outputs[0].shape),
            tuple([t.numel() for t in parameters]),
            fixed=fixed,
        )
        mask = self.random.find([t for t in tensors if not self.is_value(t)])
        if mask is not None:
            new = self.read_random(new, mask, values, outputs[0])
        new = merge_call(self.log, new)
        if new.kind == VIEW:
            self.log.absorbed.update(new.absorbs)
            self.set_origin(outputs[0], new.reads[0])
            return
        equal = find_equal_operator(new.kind, new.fields, new.shapes[0]) if new.shapes else None
        shape, place = tuple(outputs[0].shape[1:]), self.places[-1]
        call = RecordedCall(
            new.kind, new.fields, new.reads, shape, new.weights, place, "", equal, new.fixed
        )
        edge = self.append(call, new)
        if self.marks and dropouts.acts_in_training_only(new.kind):
            with self.pausing():
                dropouts.mark_dropped(new.kind, new.fields, outputs[0])
        for port, t in enumerate(outputs):
            self.set_origin(t, edge._replace(port=port))
        if self.watch:
            with self.pausing():
                self.watch(edge.call, outputs[0])

    def read_random(
        self,
        new: NewCall,
        mask: torch.Tensor,
        values: list[tuple[torch.Tensor, Edge]],
        output: torch.Tensor,
    ) -> NewCall:
        """Return the call that a new call with a random tensor is."""
        known, others = self.random.known[mask], [(t, o) for t, o in values if t is not mask]
        if new.kind != "mul" or known.kind != MASK or len(others) != 1 or new.weights:
            return new.replace(kind="random", fields={"of": new.kind})
        new = new.replace(reads=(others[0][1],), shapes=(tuple(others[0][0].shape),))
        with self.pausing():
            return dropouts.read_random_product(self.log, new, known, tuple(mask.shape), output)

    def note_function(self, kind: str, fields: Fields, arguments: list[Any], result: Any) -> None:
        """Record a function as one call."""
        tensors, outputs = find_tensors(arguments), find_tensors(result)
        if any(map(self.is_value, tensors)):
            self.note_call(kind, fields, tensors, outputs)
            return
        weights = list_weights([self.origins.get(t, CONSTANT) for t in tensors])
        for t in outputs:
            self.set_origin(t, weights or CONSTANT)

    def is_value(self, tensor: torch.Tensor) -> bool:
        origin = self.origins.get(tensor, CONSTANT)
        return isinstance(origin, Edge) and origin is not CONSTANT

    def note_random(
        self, kind: str, fields: Fields, read: torch.Tensor, output: torch.Tensor
    ) -> None:
        """Record a random operation, which gave what it read."""
        if self.origins.get(read, CONSTANT) is not CONSTANT:
            self.note_call(*dropouts.read_dropout(kind, fields, read), [read], [output])
        else:
            self.run_unrecorded(lambda: self.random.note_dropped(kind, fields, read, output))

    def set_origin(self, tensor: torch.Tensor, origin: Edge | Weights) -> None:
        """Set the origin of a tensor, also for a tensor that it is a view of and that has none."""
        self.origins[tensor] = origin
        base = tensor._base
        if base is not None and self.origins.get(base, CONSTANT) is CONSTANT:
            self.origins[base] = origin

    def finish(self, result: Any) -> tuple[Recording, list[torch.Tensor]]:
        """Return the recording, and the tensors in what the model returned."""
        outputs = list_outputs(result)
        origins = map(self.origins.get, outputs)
        edges = tuple([o if isinstance(o, Edge) else CONSTANT for o in origins])
        self.log.drop_absorbed(edges)
        return Recording(self.log.calls, edges), outputs

    @contextmanager
    def following_modules(self) -> Iterator[None]:
        """Let the place of a call be the path of the module that makes it."""

        def enter(module: nn.Module, args: Any) -> None:
            self.places.append(self.names.get(id(module), self.places[-1]))

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            self.places.pop()

        with dropouts.module_hooks(enter, leave):
            yield
