"""Seeing each operation that a model runs, on what, and where it was called."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields as fields_of
from dataclasses import is_dataclass
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from cnnspec.analyses.alignment.call_graph import CONSTANT, Edge, RecordedCall, Recording
from cnnspec.pytorch.recording.hooks import hooked
from cnnspec.pytorch.recording.kinds import VIEWS, reading
from cnnspec.pytorch.recording.readers import VIEW

MODES = "reflection", "replication"
CONVOLUTION = 0, *MODES
PADDING = {
    "conv": CONVOLUTION,
    "depthwise_conv": CONVOLUTION,
    "maxpool": (float("-inf"),),
}  # what they pad with
Watch = Callable[[int, torch.Tensor], None]
Weights = tuple[str, ...]  # the names of the parameters and buffers that a tensor is made of


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operation below autograd, so that it is the same whether modules, functions or
    methods were called.

    It knows each tensor by its origin: an output of a call, or the names of the parameters that it
    is made of. What only reshapes a value is no call; what works on parameters alone counts with
    the call that takes its result."""

    def __init__(
        self, model: nn.Module, inputs: tuple[torch.Tensor, ...], watch: Watch | None = None
    ):
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[RecordedCall] = []
        self.places = [""]
        self.watch, self.watching = watch, False
        self.names = {id(module): name for name, module in model.named_modules()}
        self.origins: Any = WeakTensorKeyDictionary()
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            self.origins[tensor] = (name,)
        for x in inputs:
            self.origins[x] = self.add(RecordedCall("input", {}, (), tuple(x.shape[1:])))

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """To be skipped by torch's compiler, it would be imported, which takes as long as torch
        itself."""
        return False

    def add(self, call: RecordedCall) -> Edge:
        self.calls.append(call)
        return Edge(len(self.calls) - 1)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self.watching:
            return result
        given = {a.name: a.default_value for a in func._schema.arguments}  # in their order
        given |= {a.name: v for a, v in zip(func._schema.arguments, args, strict=False)} | (
            kwargs or {}
        )
        self.note(func.overloadpacket.__name__, given, result)
        return result

    def note(self, name: str, given: dict[str, Any], result: Any) -> None:
        """One operation: what its outputs are, and whether it is a call."""
        tensors = [t for t in tree_leaves(list(given.values())) if isinstance(t, torch.Tensor)]
        outputs = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor)]
        origins = [self.origins.get(t, CONSTANT) for t in tensors]
        reads = tuple(o for o in origins if isinstance(o, Edge))
        weights = tuple(dict.fromkeys(n for o in origins if not isinstance(o, Edge) for n in o))
        if not outputs:
            if name == "_local_scalar_dense" and {*reads} - {
                CONSTANT
            }:  # Python reads a value, and may go by it
                self.add(RecordedCall("item", {}, reads, (), (), self.places[-1]))
            return
        if all(r is CONSTANT for r in reads) or name.startswith("new_") or name.endswith("_like"):
            for t in outputs:
                self.settle(t, weights or CONSTANT)
        elif name.removesuffix("_") in VIEWS and not narrowed(tensors[0], outputs[0]):
            self.settle(outputs[0], origins[0])
        elif name.startswith(("split", "unbind")):
            self.pieces(given, reads, outputs)
        else:
            kind, fields = reading(name, given, outputs[0])
            if kind == VIEW:
                self.settle(outputs[0], origins[0])
            else:
                self.call(
                    kind, fields, reads, outputs, weights[::-1] if name == "addmm" else weights
                )

    def call(
        self,
        kind: str,
        fields: dict[str, Any],
        reads: tuple[Edge, ...],
        outputs: list[torch.Tensor],
        weights: Weights = (),
    ) -> None:
        """An operation that is a call, with all its outputs."""
        fields, reads = self.merged(kind, fields, reads)
        edge = self.add(
            RecordedCall(kind, fields, reads, tuple(outputs[0].shape[1:]), weights, self.places[-1])
        )
        for port, t in enumerate(outputs):
            self.settle(t, edge._replace(port=port))
        if self.watch:
            self.watching = True
            self.watch(edge.call, outputs[0])
            self.watching = False

    def merged(
        self, kind: str, fields: dict[str, Any], reads: tuple[Edge, ...]
    ) -> tuple[dict[str, Any], tuple[Edge, ...]]:
        """A concatenation of concatenations is one; what is padded before a window is the window's
        padding."""
        if kind == "concat":
            return fields, tuple(r for read in reads for r in self.parts(read, fields))
        before = self.calls[reads[0].call] if reads and reads[0].call >= 0 else None
        if before and before.kind == "pad" and before.fields["value"] in PADDING.get(kind, ()):
            sides = before.fields["pad"]
            outer, inner = sides[: -len(fields["padding"])], sides[-len(fields["padding"]) :]
            if not any(map(any, outer)):
                total = [(p + a, p + b) for p, (a, b) in zip(fields["padding"], inner, strict=True)]
                same = all(a == b for a, b in total)
                fields = {**fields, "padding": tuple(a for a, _ in total) if same else tuple(total)}
                other = before.fields["value"] in MODES
                return (
                    fields | ({"padding_mode": before.fields["value"]} if other else {}),
                    before.reads,
                )
        return fields, reads

    def parts(self, edge: Edge, fields: dict[str, Any]) -> tuple[Edge, ...]:
        call = self.calls[edge.call] if edge.call >= 0 else None
        return call.reads if call and call.kind == "concat" and call.fields == fields else (edge,)

    def pieces(
        self, given: dict[str, Any], reads: tuple[Edge, ...], outputs: list[torch.Tensor]
    ) -> None:
        """A tensor cut into pieces, which are slices."""
        x = given["self"]
        dim, start = given.get("dim", 0) % x.dim(), 0
        for t in outputs:
            length = t.shape[dim] if t.dim() == x.dim() else 1
            self.call(
                "slice", {"dim": dim, "start": start, "length": length, "step": 1}, reads, [t]
            )
            start += length

    def chance(
        self, kind: str, fields: dict[str, Any], read: torch.Tensor, given: torch.Tensor
    ) -> None:
        """What is random while training, recorded as it would be if it were not."""
        origin = self.origins.get(read, CONSTANT)
        if origin is not CONSTANT:
            reads, weights = ((origin,), ()) if isinstance(origin, Edge) else ((), origin)
            self.call(kind, fields, reads, [given], weights)

    def settle(self, tensor: torch.Tensor, origin: Edge | Weights) -> None:
        """Note where a tensor is from; what is written into a part of a tensor is the whole
        tensor's too."""
        self.origins[tensor] = origin
        base = tensor._base
        if base is not None and self.origins.get(base, CONSTANT) is CONSTANT:
            self.origins[base] = origin

    def recorded(self, result: Any) -> tuple[Recording, list[torch.Tensor]]:
        """All that was seen, and the tensors that the model gave."""
        if is_dataclass(result) and not isinstance(result, type):
            result = [getattr(result, f.name) for f in fields_of(result)]
        outputs = [t for t in tree_leaves(result) if isinstance(t, torch.Tensor)]
        origins = [self.origins.get(t, CONSTANT) for t in outputs]
        edges = tuple(o if isinstance(o, Edge) else CONSTANT for o in origins)
        return Recording(self.calls, edges), outputs

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """While this lasts, calls are made at ``place``."""
        self.places.append(place)
        try:
            yield
        finally:
            self.places.pop()

    @contextmanager
    def following_modules(self) -> Iterator[None]:
        """While this lasts, calls are placed at the module in whose forward they are made."""

        def enter(module: nn.Module, args: Any) -> None:
            self.places.append(self.names.get(id(module), self.places[-1]))

        def leave(module: nn.Module, args: Any, output: Any) -> None:
            self.places.pop()

        with hooked(enter, leave):
            yield


def narrowed(x: torch.Tensor, y: torch.Tensor) -> bool:
    """Whether a value was cast to a type that holds less of it."""
    return x.dtype != y.dtype and torch.promote_types(x.dtype, y.dtype) != y.dtype
