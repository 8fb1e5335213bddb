"""Build the nodes of an imported graph, one call after another."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, Value, Weight
from cnnspec.importing.canonical.layouts import (
    Dims,
    Factors,
    TensorLayout,
    find_block,
    merge,
    size_of,
    size_of_shape,
    whole,
    whole_dims,
)
from cnnspec.importing.imported_graph import ImportedNode
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import load_operator
from cnnspec.units import Shape, format_shape

# Operations on parameters that keep their values: at most in another shape or order.
KEEPING = frozenset(
    ["view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "expand", "permute", "t"]
) | frozenset(["transpose", "contiguous", "clone", "to", "_to_copy", "alias", "detach"])


class UnsupportedCall(Exception):
    """A call that no operator can express; the text says why."""


# what translating a call raises for arguments that nobody expects
CALL_FAULTS = (UnsupportedCall, LookupError, TypeError, ValueError, ArithmeticError)


class ImportBuilder:
    """The nodes so far, and for each tensor of the run its layout."""

    def __init__(
        self,
        parameters: dict[str, Shape],
        initial: dict[str, float],
        fixed: dict[str, tuple[float, ...]],
    ):
        self.parameters, self.initial, self.fixed = parameters, initial, fixed
        self.nodes: list[ImportedNode] = []
        self.layouts: dict[tuple[int, int], TensorLayout] = {}
        self.arranged: dict[tuple[int, Dims], int] = {}
        self.batch: Factors = ()
        self.call: FlatCall | None = None  # the call that is being translated

    def layout(self, value: Any) -> TensorLayout:
        """Return the layout of a value. Raises UnsupportedCall for anything else."""
        if not isinstance(value, Value):
            raise UnsupportedCall("it reads a tensor that does not depend on the input")
        if value.stale:
            raise UnsupportedCall("it reads a tensor that was changed through another view of it")
        found = self.layouts.get((value.call, value.port))
        if found is None:
            raise UnsupportedCall("it reads a result that no operator gives, such as a last state")
        return found

    def whole_layout(self, node: int) -> TensorLayout:
        """Return the layout of a node's output as PyTorch's tensor (N, C, ...)."""
        return TensorLayout(node, (self.batch, *whole_dims(self.nodes[node].output)))

    def append(
        self,
        kind: str,
        fields: dict[str, Any],
        inputs: tuple[int, ...],
        weights: tuple[Any, ...] = (),
        buffers: tuple[str, ...] = (),
    ) -> int:
        """Append a node and return its index.

        ``weights`` are the tensors of the operator's parameters, in its order, None where it has
        none. Raises UnsupportedCall where the operator does not take the fields, the inputs or the
        weights."""
        shapes = tuple([self.nodes[i].output for i in inputs])
        operator = load_operator(kind)
        kept = plain_fields(operator, fields)
        try:
            op = self.undo(operator(**kept), inputs)
            output = op.output(*shapes)
            wanted = op.parameters(*shapes)
        except OperatorError as error:
            raise UnsupportedCall(f"as {kind} it is not possible: {error.describe()}") from None
        names = self.weight_names(kind, weights, wanted)
        call = self.call
        self.nodes.append(
            ImportedNode(
                kind,
                kept,
                inputs,
                output,
                call.modules if call else (),
                (*names, *buffers),
                source=call.source if call else "",
            )
        )
        return len(self.nodes) - 1

    def undo(self, op: Operator, inputs: tuple[int, ...]) -> Operator:
        """Return an operator, which knows the pool that it undoes where it undoes one."""
        if not op.undoes:
            return op
        pool = self.nodes[inputs[-1]]
        size = self.nodes[pool.inputs[0]].output
        return op.undoing(load_operator(pool.kind)(**pool.fields), size)

    def buffer_names(self, weight: Any) -> tuple[str, ...]:
        """Return the name of the buffer that a weight is, or nothing if it is anything else."""
        if not isinstance(weight, Weight) or {*weight.operations} - KEEPING - {"repeat"}:
            return ()
        return weight.names if len(weight.names) == 1 and not self.trains(weight) else ()

    def trains(self, weight: Weight) -> bool:
        """Tell whether a weight is one parameter."""
        return len(weight.names) == 1 and weight.names[0] in self.parameters

    def weight_names(
        self, kind: str, weights: tuple[Any, ...], wanted: dict[str, Shape]
    ) -> tuple[str, ...]:
        """Return the names of the parameters of a node. Raises UnsupportedCall if they differ."""
        given = [w for w in weights if w is not None]
        for w in given:
            if not isinstance(w, Weight):
                raise UnsupportedCall(f"its weights are computed from the input ({kind})")
            if computed := [name for name in w.operations if name not in KEEPING]:
                raise UnsupportedCall(
                    f"its weights are computed from parameters by {', '.join(computed)} ({kind})"
                )
            if not self.trains(w):
                raise UnsupportedCall(f"its weight {', '.join(w.names)} is no parameter ({kind})")
        sizes = [size_of_shape(w.shape) for w in given]
        if sizes != [size_of_shape(shape) for shape in wanted.values()]:
            shown = " and ".join(format_shape(w.shape) for w in given) or "none"
            needed = " and ".join(map(format_shape, wanted.values())) or "none"
            raise UnsupportedCall(f"its weights are {shown}, those of {kind} would be {needed}")
        names = tuple([w.names[0] for w in given])
        if len(set(names)) < len(names):
            raise UnsupportedCall(f"it uses the parameter {names[0]} twice ({kind})")
        return names

    def arrange(self, layout: TensorLayout, *dims: Factors) -> int:
        """Return the node whose output has these dimensions: the channels, then the others.

        Appends what brings the elements into this order. Raises UnsupportedCall where no operator
        does."""
        shape = self.nodes[layout.node].output
        own = whole_dims(shape)
        if dims == own:
            return layout.node
        if (layout.node, dims) in self.arranged:
            return self.arranged[layout.node, dims]
        order = tuple([f for d in dims for f in d])
        if any(f.dim == 0 for f in order):
            raise UnsupportedCall("it computes across the examples of the batch")
        if size_of(order) != size_of_shape(shape):
            raise UnsupportedCall("it reads its input in blocks that no operator has")
        reader, self.call = self.call, layout.call or self.call
        node = self.append_arranged(layout.node, own, dims)
        self.call = reader
        self.arranged[layout.node, dims] = node
        return node

    def append_arranged(self, node: int, own: Dims, dims: Dims) -> int:
        """Append the operator that brings the elements of a node into another order."""
        sizes = tuple(map(size_of, dims))
        if merge(sum(own, ())) == merge(sum(dims, ())):
            kind, fields = ("flatten", {}) if len(dims) == 1 else ("reshape", {"shape": sizes})
            return self.append(kind, fields, (node,))
        channels = dims[0]
        if dims[1:] == own[1:] and len(channels) == 2 and channels[0].inner == 1:
            return self.append("channel_shuffle", {"groups": channels[1].size}, (node,))
        block = find_block(own, dims)
        if block:
            return self.append("space_to_depth", {"block": block}, (node,))
        return self.append_permuted(node, dims)

    def append_permuted(self, node: int, dims: Dims) -> int:
        """Append a permutation, and before and after it a reshape where dimensions are cut."""
        order = sum(dims, ())
        parts = sorted(order, key=lambda f: (f.dim, -f.inner))
        split, sizes = tuple([f.size for f in parts]), tuple(map(size_of, dims))
        if self.nodes[node].output != split:
            node = self.append("reshape", {"shape": split}, (node,))
        node = self.append("permute", {"order": [parts.index(f) for f in order]}, (node,))
        if self.nodes[node].output != sizes:
            node = self.append("reshape", {"shape": sizes}, (node,))
        return node

    def arrange_map(self, layout: TensorLayout) -> int:
        """Return the node of a tensor (N, C, ...) as PyTorch has it."""
        self.require_batch(layout)
        return self.arrange(layout, *layout.dims[1:])

    def require_batch(self, layout: TensorLayout) -> None:
        """Raise UnsupportedCall where the first dimension is not the batch."""
        if layout.dims[:1] != (self.batch,):
            raise UnsupportedCall("the first dimension of its input is not the batch")

    def channels(self, node: int) -> Factors:
        """Return the factors of the channels of a node."""
        return whole(1, self.nodes[node].output[0])

    def by_channels(self, layout: TensorLayout, dim: int) -> TensorLayout:
        """Return a layout of a node whose channels are the dimension ``dim`` of a tensor.

        That is the layout itself where the node has these channels."""
        if layout.dims[dim] == self.channels(layout.node):
            return layout
        self.require_batch(layout)
        others = [i for i in range(1, len(layout.dims)) if i != dim]
        node = self.arrange(layout, layout.dims[dim], *[layout.dims[i] for i in others])
        sizes = dict(zip([dim, *others], self.nodes[node].output, strict=True))
        places = {d: i + 1 for i, d in enumerate([dim, *others])}
        dims = [whole(places[d], sizes[d]) for d in range(1, len(layout.dims))]
        return TensorLayout(node, (self.batch, *dims))


def plain_fields(operator: type[Operator], fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that differ from the defaults, with one number for equal dimensions."""
    plain = {}
    for name, value in fields.items():
        found = plain_value(value)
        equal = isinstance(found, tuple) and len(set(found)) == 1 and isinstance(found[0], int)
        if equal and operator.fields[name].accept(found[0]) is not None:
            found = found[0]
        if name not in operator.defaults or operator.defaults[name] != found:
            plain[name] = found
    return plain


def plain_value(value: Any) -> Any:
    """Return lists as tuples, and numbers with twelve digits: 1 - 0.9997 is meant to be 0.0003."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    return tuple(map(plain_value, value)) if isinstance(value, (list, tuple)) else value
