"""Record the operations that a model calls, before PyTorch splits them into others.

Under ``torch.inference_mode()`` a dispatch mode sees linear, conv2d, batch_norm and
scaled_dot_product_attention as the model calls them, and convolutions and matrix products below
them only where the model itself calls these."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import ref

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.weak import WeakTensorKeyDictionary

from cnnspec.analyses.flat_calls import Constant, FlatCall, FlatRun, ModuleCall, Value, Weight
from cnnspec.pytorch.recording import dropouts
from cnnspec.pytorch.recording.operations import list_outputs
from cnnspec.pytorch.recording.random_tensors import MASK, RandomTensors
from cnnspec.pytorch.recording.readers import Fields
from cnnspec.pytorch.recording.scalings import multiply
from cnnspec.pytorch.recording.source_lines import find_source_line

FILLED = {"zeros": 0.0, "ones": 1.0, "new_zeros": 0.0, "new_ones": 1.0}
FILLED |= {"zeros_like": 0.0, "ones_like": 1.0}
IGNORED = frozenset(["detach", "alias", "lift_fresh", "_assert_async", "sym_size", "is_same_size"])
READS_NUMBER = frozenset(["_local_scalar_dense", "item", "equal", "is_nonzero"])


class OperationRecorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Record every operation on values as a flat call, with its modules and its source line."""

    def __init__(self, model: nn.Module, inputs: tuple[torch.Tensor, ...]):
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[FlatCall] = []
        self.random = RandomTensors()
        self.origins: Any = WeakTensorKeyDictionary()
        self.sharing: dict[int, list[Any]] = {}  # by storage, the values that are views of it
        self.names = {id(module): name for name, module in model.named_modules()}
        self.modules: list[ModuleCall] = []
        self.counts: Counter[str] = Counter()
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            self.origins[tensor] = Weight((name,), tuple(tensor.shape))
        for x in inputs:
            self.append("input", {}, [x])

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: to skip this mode, torch would import its compiler, which takes long."""
        return False

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record what runs inside, with dropout as a call that does nothing."""

        def enter(module: nn.Module, args: Any) -> None:
            outer = self.modules[-1].path if self.modules else ""
            path = self.names.get(id(module), outer)
            self.modules.append(ModuleCall(path, type(module).__name__, self.counts[path]))
            self.counts[path] += 1

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            self.modules.pop()

        with dropouts.module_hooks(enter, leave), dropouts.DropoutRecorder(self.note_dropout), self:
            yield

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        schema = func._schema.arguments
        given = {a.name: a.default_value for a in schema if a.has_default_value()}
        given |= {a.name: v for a, v in zip(schema, args, strict=False)} | (kwargs or {})
        name = func.overloadpacket.__name__
        if self.random.concerns(func):
            self.random.follow(func, name, given, result)
        self.note_operation(name, given, result)
        return result

    def note_operation(self, name: str, given: Fields, result: Any) -> None:
        """Note the origin of the outputs, and record an operation on values."""
        outputs = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor)]
        read = [t for t in tree_leaves(list(given.values())) if isinstance(t, torch.Tensor)]
        origins = [self.origins.get(t) for t in read]
        if name in IGNORED and read:
            for t in outputs:
                self.set_origin(t, self.find_origin(read[0]))
        elif not any(isinstance(o, Value) for o in origins) or is_new_tensor(name):
            self.note_constant(name, given, read, outputs)
        elif outputs or name in READS_NUMBER:
            values = [isinstance(o, Value) for o in origins]
            mask = self.random.find([t for t, v in zip(read, values, strict=True) if not v])
            if mask is None:
                self.append(name, given, outputs)
            else:
                self.append_random(name, given, read, mask, outputs)

    def note_constant(
        self, name: str, given: Fields, read: list[torch.Tensor], outputs: list[torch.Tensor]
    ) -> None:
        """Note the origin of tensors that no value has a part in."""
        weights = [o for o in map(self.origins.get, read) if isinstance(o, Weight)]
        if is_new_tensor(name):
            weights = []
        if weights:
            self.note_computed_weights(name, given, weights, outputs)
            return
        for t in outputs:
            if isinstance(self.origins.get(t), Weight):
                continue  # a buffer that changes in place, such as a count of batches
            shape = tuple(t.shape)
            if name in FILLED or name in ("full", "new_full", "full_like", "fill_"):
                number = FILLED.get(name, given.get("fill_value", given.get("value")))
                known = number if isinstance(number, (int, float)) else None
                self.origins[t] = Constant(shape, known)

    def note_computed_weights(
        self, name: str, given: Fields, weights: list[Weight], outputs: list[torch.Tensor]
    ) -> None:
        """Note that tensors are computed from parameters and buffers, and how."""
        names = tuple(dict.fromkeys(n for w in weights for n in w.names))
        operations = tuple(dict.fromkeys([*(o for w in weights for o in w.operations), name]))
        arguments = {key: self.describe(value) for key, value in given.items()}
        shapes = tuple([tuple(t.shape) for t in outputs])
        made_by = FlatCall(name, arguments, shapes)
        for port, t in enumerate(outputs):
            if not isinstance(self.origins.get(t), Weight):
                self.origins[t] = Weight(names, shapes[port], operations, made_by, port)

    def append_random(
        self,
        name: str,
        given: Fields,
        read: list[torch.Tensor],
        mask: torch.Tensor,
        outputs: list[torch.Tensor],
    ) -> None:
        """Record an operation that reads a random tensor: a product with a mask drops values.

        The mask, or the value before, may be rescaled: x / keep * floor(keep + rand)."""
        known, others = self.random.known[mask], [t for t in read if t is not mask]
        if name.removesuffix("_") == "mul" and known.kind == MASK and len(others) == 1:
            x, factor = self.find_rescaled(others[0])
            if multiply(known.keep, known.scale) == 1:
                x, factor = self.find_origin(others[0]), 1.0
            shape = tuple(outputs[0].shape)
            found = dropouts.find_dropping(known, tuple(mask.shape), shape)
            if found and multiply(known.keep, known.scale, factor) == 1:
                self.append(found[0], {"self": x, **found[1]}, outputs)
                return
        self.append("random", {"of": name, "tensors": others}, outputs)

    def find_rescaled(self, tensor: torch.Tensor) -> tuple[Any, float]:
        """Return what a tensor is a multiple of, and the factor, where a number multiplied it."""
        origin = self.find_origin(tensor)
        if not isinstance(origin, Value) or origin.stale:
            return origin, 1.0
        call = self.calls[origin.call]
        other = call.arguments.get("other")
        if isinstance(other, (int, float)) and other:
            if call.name.removesuffix("_") == "mul":
                return call.arguments["self"], float(other)
            if call.name.removesuffix("_") == "div" and not call.arguments.get("rounding_mode"):
                return call.arguments["self"], 1 / other
        return origin, 1.0

    def note_dropout(
        self, kind: str, fields: Fields, read: torch.Tensor, output: torch.Tensor
    ) -> None:
        """Record a dropout, which gave what it read."""
        origin = self.origins.get(read)
        if isinstance(origin, Value):
            given = {"self": read, **fields, "inplace": output is read}
            self.append(kind, given, [output])
        elif origin is not None:
            self.set_origin(output, origin)

    def append(self, name: str, given: Fields, outputs: list[torch.Tensor]) -> None:
        """Record a call and let its outputs be its values."""
        arguments = {key: self.describe(value) for key, value in given.items()}
        shapes = tuple([tuple(t.shape) for t in outputs])
        modules = tuple(self.modules)
        source = "" if name == "input" else find_source_line()
        self.calls.append(FlatCall(name, arguments, shapes, modules, source))
        for port, t in enumerate(outputs):
            if name.endswith("_") and isinstance(self.origins.get(t), Value):
                self.make_views_stale(t)
            self.set_origin(t, Value(len(self.calls) - 1, port, tuple(t.shape)))

    def describe(self, argument: Any) -> Any:
        """Return an argument with the origins of tensors in place of these."""

        def describe_leaf(leaf: Any) -> Any:
            if isinstance(leaf, torch.Tensor):
                return self.find_origin(leaf)
            plain = leaf is None or isinstance(leaf, (bool, int, float, str, Value))
            return leaf if plain else str(leaf)

        return tree_map(describe_leaf, argument)

    def find_origin(self, tensor: torch.Tensor) -> Value | Weight | Constant:
        origin = self.origins.get(tensor)
        if origin is None:
            single = tensor.numel() == 1 and not tensor.is_meta
            origin = Constant(tuple(tensor.shape), float(tensor) if single else None)
        return origin  # type: ignore[no-any-return]

    def set_origin(self, tensor: torch.Tensor, origin: Value | Weight | Constant) -> None:
        self.origins[tensor] = origin
        if isinstance(origin, Value):
            self.sharing.setdefault(tensor.untyped_storage()._cdata, []).append(ref(tensor))

    def make_views_stale(self, changed: torch.Tensor) -> None:
        """Let the other views of a tensor that an operation changes be stale."""
        for view in self.sharing.get(changed.untyped_storage()._cdata, ()):
            t = view()
            if t is not None and t is not changed and isinstance(self.origins.get(t), Value):
                self.origins[t] = self.origins[t].replace(stale=True)

    def finish(self, result: Any) -> FlatRun:
        """Return the calls, and the tensors in what the model returned."""
        outputs = list_outputs(result)
        return FlatRun(tuple(self.calls), tuple([self.find_origin(t) for t in outputs]))


def is_new_tensor(name: str) -> bool:
    """Return whether an operation reads only the shape and the type of its tensors."""
    return name.startswith("new_") or name.endswith("_like")
