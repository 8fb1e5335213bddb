"""Record a model by running it: each operation, what it reads, and where it was called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from cnnspec.analyses.alignment.call_graph import CONSTANT, Edge, RecordedCall, Recording
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, ExecutionStep
from cnnspec.pytorch.recording.dropouts import (
    DropoutRecorder,
    module_hooks,
    recording_dropped_paths,
)
from cnnspec.pytorch.recording.operations import VIEWS, loses_precision, read_operation
from cnnspec.pytorch.recording.readers import VIEW, Fields
from cnnspec.pytorch.recording.source_lines import find_source_line

PADDING_MODES = "reflection", "replication"
CONVOLUTION = 0, *PADDING_MODES
WINDOW_PADDING = {  # what the windows that pad by themselves pad with; such a pad is merged
    "conv": CONVOLUTION,
    "depthwise_conv": CONVOLUTION,
    "maxpool": (float("-inf"),),
}
Watch = Callable[[int, torch.Tensor], None]  # takes the index of a call and its first output
Weights = tuple[str, ...]  # the names of the parameters and buffers that a tensor comes from


def record_model(
    model: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    run: Callable[..., Any] | None = None,
    watch: Watch | None = None,
) -> tuple[Recording, list[torch.Tensor]]:
    """Run a model on batches, record its calls, and return these and the tensors it returns.

    ``run(model, *inputs)`` runs the model (default: call it), and ``watch`` sees the output of each
    call. Dropout is recorded but does nothing. No gradients are computed. An exception of the model
    goes through.
    """
    inputs = tuple(x.clone() for x in inputs)
    recorder = CallRecorder(model, inputs, watch)
    with (
        torch.no_grad(),
        recorder.following_modules(),
        recording_dropped_paths(recorder.note_random),
        DropoutRecorder(recorder.note_random),
        recorder,
    ):
        result = run(model, *inputs) if run else model(*inputs)
    return recorder.finish(result)


def record_built_module(
    graph: Graph, built: BuiltModule, inputs: tuple[torch.Tensor, ...], watch: Watch | None = None
) -> tuple[Recording, list[torch.Tensor]]:
    """Do what :func:`record_model` does; the place of a call is the name of its node."""
    inputs = tuple(x.clone() for x in inputs)
    recorder = CallRecorder(built, inputs, watch)

    def call(step: ExecutionStep, read: list[torch.Tensor]) -> Any:
        recorder.places.append(graph.nodes[step.node].name)
        try:
            return step.module(*read)
        finally:
            recorder.places.pop()

    with (
        torch.no_grad(),
        recording_dropped_paths(recorder.note_random),
        DropoutRecorder(recorder.note_random),
        recorder,
    ):
        result = built.run(inputs, call)
    return recorder.finish(result)


class CallRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Record every operation below autograd, where modules, functions and methods are the same.

    The recorder keeps the origin of each tensor: an output of a call, or the names of the
    parameters it comes from. An operation that only reshapes a value is not a call. An operation
    on parameters alone belongs to the call that uses its result.
    """

    def __init__(
        self, model: nn.Module, inputs: tuple[torch.Tensor, ...], watch: Watch | None = None
    ):
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[RecordedCall] = []
        self.places = [""]
        self.watch, self.watching = watch, False
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
        if self.watching:
            return result
        schema = func._schema.arguments
        given = {a.name: a.default_value for a in schema}  # in the order of the schema
        given |= {a.name: v for a, v in zip(schema, args, strict=False)} | (kwargs or {})
        self.note_operation(func.overloadpacket.__name__, given, result)
        return result

    def append(self, call: RecordedCall) -> Edge:
        source = "" if self.is_built else find_source_line()
        self.calls.append(call.replace(source=source) if source else call)
        return Edge(len(self.calls) - 1)

    def note_operation(self, name: str, given: Fields, result: Any) -> None:
        """Note the origin of an operation's outputs, and record it where it is a call."""
        tensors = [t for t in tree_leaves(list(given.values())) if isinstance(t, torch.Tensor)]
        outputs = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor)]
        origins = [self.origins.get(t, CONSTANT) for t in tensors]
        reads = tuple(o for o in origins if isinstance(o, Edge))
        weights = tuple(dict.fromkeys(n for o in origins if not isinstance(o, Edge) for n in o))
        if not outputs:
            # Python reads a value, and what it runs next may depend on it.
            if name == "_local_scalar_dense" and {*reads} - {CONSTANT}:
                self.append(RecordedCall("item", {}, reads, (), (), self.places[-1]))
            return
        if all(r is CONSTANT for r in reads) or name.startswith("new_") or name.endswith("_like"):
            for t in outputs:
                self.set_origin(t, weights or CONSTANT)
        elif name.removesuffix("_") in VIEWS and not loses_precision(tensors[0], outputs[0]):
            self.set_origin(outputs[0], origins[0])
        elif name.startswith(("split", "unbind")):
            self.note_slices(given, reads, outputs)
        else:
            kind, fields = read_operation(name, given, outputs[0])
            if kind == VIEW:
                self.set_origin(outputs[0], origins[0])
            else:
                weights = weights[::-1] if name == "addmm" else weights
                self.note_call(kind, fields, reads, outputs, weights)

    def note_call(
        self,
        kind: str,
        fields: Fields,
        reads: tuple[Edge, ...],
        outputs: list[torch.Tensor],
        weights: Weights = (),
    ) -> None:
        """Record a call with all its outputs, and let ``watch`` see the first."""
        fields, reads = self.merge_calls(kind, fields, reads)
        shape = tuple(outputs[0].shape[1:])
        edge = self.append(RecordedCall(kind, fields, reads, shape, weights, self.places[-1]))
        for port, t in enumerate(outputs):
            self.set_origin(t, edge._replace(port=port))
        if self.watch:
            self.watching = True
            self.watch(edge.call, outputs[0])
            self.watching = False

    def merge_calls(
        self, kind: str, fields: Fields, reads: tuple[Edge, ...]
    ) -> tuple[Fields, tuple[Edge, ...]]:
        """Merge a concatenation into the one that reads it, and a pad into the window after it."""
        if kind == "concat":
            return fields, tuple(r for read in reads for r in self.concatenated(read, fields))
        before = self.calls[reads[0].call] if reads and reads[0].call >= 0 else None
        if (
            before
            and before.kind == "pad"
            and before.fields["value"] in WINDOW_PADDING.get(kind, ())
        ):
            sides, axes = before.fields["pad"], len(fields["padding"])
            outer, inner = sides[:-axes], sides[-axes:]
            if not any(map(any, outer)):
                total = [(p + a, p + b) for p, (a, b) in zip(fields["padding"], inner, strict=True)]
                same = all(a == b for a, b in total)
                padding = tuple(a for a, _ in total) if same else tuple(total)
                fields = {**fields, "padding": padding}
                if before.fields["value"] in PADDING_MODES:
                    fields["padding_mode"] = before.fields["value"]
                return fields, before.reads
        return fields, reads

    def concatenated(self, edge: Edge, fields: Fields) -> tuple[Edge, ...]:
        call = self.calls[edge.call] if edge.call >= 0 else None
        return call.reads if call and call.kind == "concat" and call.fields == fields else (edge,)

    def note_slices(
        self, given: Fields, reads: tuple[Edge, ...], outputs: list[torch.Tensor]
    ) -> None:
        """Record a tensor that is cut into pieces as one slice for each piece."""
        x = given["self"]
        dim, start = given.get("dim", 0) % x.dim(), 0
        for t in outputs:
            length = t.shape[dim] if t.dim() == x.dim() else 1
            fields = {"dim": dim, "start": start, "length": length, "step": 1}
            self.note_call("slice", fields, reads, [t])
            start += length

    def note_random(
        self, kind: str, fields: Fields, read: torch.Tensor, output: torch.Tensor
    ) -> None:
        """Record a random operation, which gave what it read."""
        origin = self.origins.get(read, CONSTANT)
        if origin is not CONSTANT:
            reads, weights = ((origin,), ()) if isinstance(origin, Edge) else ((), origin)
            self.note_call(kind, fields, reads, [output], weights)

    def set_origin(self, tensor: torch.Tensor, origin: Edge | Weights) -> None:
        """Set the origin of a tensor, also for a tensor that it is a view of and that has none."""
        self.origins[tensor] = origin
        base = tensor._base
        if base is not None and self.origins.get(base, CONSTANT) is CONSTANT:
            self.origins[base] = origin

    def finish(self, result: Any) -> tuple[Recording, list[torch.Tensor]]:
        """Return the recording, and the tensors in what the model returned."""
        if is_dataclass(result) and not isinstance(result, type):
            result = [getattr(result, f.name) for f in dataclass_fields(result)]
        outputs = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor)]
        origins = [self.origins.get(t, CONSTANT) for t in outputs]
        edges = tuple(o if isinstance(o, Edge) else CONSTANT for o in origins)
        return Recording(self.calls, edges), outputs

    @contextmanager
    def following_modules(self) -> Iterator[None]:
        """Let the place of a call be the path of the module that makes it."""

        def enter(module: nn.Module, args: Any) -> None:
            self.places.append(self.names.get(id(module), self.places[-1]))

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            self.places.pop()

        with module_hooks(enter, leave):
            yield
