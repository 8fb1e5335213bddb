"""Write the flat calls of a model file: PyTorch's operations, with the shapes of their outputs."""

from collections.abc import Sequence
from typing import Any, Literal

from cnnspec.analyses.flat_calls import FlatCall, FlatRun, ModuleCall, Value, Weight
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.canonical.translate import OPERATOR
from cnnspec.importing.formats.model_file import BATCH
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import load_operator
from cnnspec.units import Shape

# Before and after, for each dimension; "same" where the output has ceil(W/S) positions.
Sides = Sequence[tuple[int, int]] | Literal["same"]


class CallWriter:
    """The calls so far. ``modules`` and ``source`` are those of the calls that are written next."""

    def __init__(self) -> None:
        self.calls: list[FlatCall] = []
        self.parameters: dict[str, Shape] = {}
        self.initial: dict[str, float] = {}  # of parameters whose elements are equal
        self.modules: tuple[ModuleCall, ...] = ()
        self.source = ""

    def call(self, name: str, arguments: dict[str, Any], shape: Shape) -> Value:
        """Write a call with one output of this shape, with the batch, and return the output."""
        return self.call_several(name, arguments, (shape,))[0]

    def call_several(
        self, name: str, arguments: dict[str, Any], shapes: Sequence[Shape]
    ) -> list[Value]:
        """Write a call with several outputs."""
        index = len(self.calls)
        self.calls.append(FlatCall(name, arguments, tuple(shapes), self.modules, self.source))
        return [Value(index, port, shape) for port, shape in enumerate(shapes)]

    def input(self, shape: Shape) -> Value:
        """Write an input of the network, of a shape without the batch."""
        return self.call("input", {}, (BATCH, *shape))

    def weight(self, name: str, shape: Shape, *operations: str) -> Weight:
        """Return a parameter, which the calls read with this shape."""
        self.parameters[name] = shape
        return Weight((name,), shape, operations)

    def run(self, outputs: Sequence[Value]) -> FlatRun:
        return FlatRun(tuple(self.calls), tuple(outputs))

    def layer(
        self, kind: str, fields: dict[str, Any], name: str, arguments: dict[str, Any]
    ) -> Value:
        """Write a call with the output shape of an operator. The first argument is its input.

        Raises UnsupportedCall where the operator does not take its fields or its input."""
        x: Value = next(iter(arguments.values()))
        return self.call(name, arguments, (x.shape[0], *infer_shape(kind, fields, x)))

    def operator(self, kind: str, *inputs: Value, weights: Any = (), **fields: Any) -> Value:
        """Write an operator of cnnspec by its name. Raises UnsupportedCall."""
        given = {"kind": kind, "inputs": inputs, "fields": fields, "weights": weights}
        return self.call(OPERATOR, given, (BATCH, *infer_shape(kind, fields, *inputs)))

    def convolve(
        self,
        x: Value,
        weight: Weight,
        bias: Weight | None,
        stride: Sequence[int],
        sides: Sides,
        dilation: Sequence[int] = (),
        groups: int = 1,
    ) -> Value:
        """Write a convolution; the weight is (out, in / groups, kernel)."""
        window = {"stride": tuple(stride), "padding": plain_sides(sides)}
        window["dilation"] = tuple(dilation) or (1,) * len(stride)
        fields = {"out_channels": weight.shape[0], "kernel_size": weight.shape[2:]}
        given = {"input": x, "weight": weight, "bias": bias, "groups": groups, **window}
        return self.layer("conv", {**fields, "groups": groups, **window}, "convolution", given)

    def convolve_transposed(
        self,
        x: Value,
        weight: Weight,
        bias: Weight | None,
        stride: Sequence[int],
        sides: Sides,
        output_padding: Sequence[int] = (),
        dilation: Sequence[int] = (),
        groups: int = 1,
    ) -> Value:
        """Write a transposed convolution; the weight is (in, out / groups, kernel)."""
        rank = len(stride)
        window = {"stride": tuple(stride), "padding": plain_sides(sides)}
        window["dilation"] = tuple(dilation) or (1,) * rank
        window["output_padding"] = tuple(output_padding) or (0,) * rank
        out = weight.shape[1] * groups
        fields = {"out_channels": out, "kernel_size": weight.shape[2:], "groups": groups, **window}
        given = {"input": x, "weight": weight, "bias": bias, "groups": groups, **window}
        given["transposed"] = True
        return self.layer("conv_transpose", fields, "convolution", given)

    def pool(
        self,
        side: str,
        x: Value,
        kernel: Sequence[int],
        stride: Sequence[int],
        sides: Sides,
        ceil_mode: bool = False,
        count_padding: bool = True,
        dilation: Sequence[int] = (),
    ) -> Value:
        """Write a pool; ``side`` is "max" or "avg"."""
        fields: dict[str, Any] = {"kernel_size": tuple(kernel), "stride": tuple(stride)}
        fields |= {"padding": plain_sides(sides), "ceil_mode": ceil_mode}
        if side == "avg":
            fields["count_include_pad"] = count_padding
        elif dilation:
            fields["dilation"] = tuple(dilation)
        name = f"{side}_pool{len(kernel)}d"
        return self.layer(f"{side}pool", fields, name, {"self": x, **fields})

    def activate(self, name: str, x: Value, **fields: Any) -> Value:
        """Write an activation, or anything else that keeps the shape of its input."""
        return self.call(name, {"self": x, **fields}, x.shape)

    def combine(self, name: str, a: Any, b: Any) -> Value:
        """Write an operation on two tensors, or a tensor and a number, with broadcasting."""
        shapes = [t.shape for t in (a, b) if isinstance(t, Value | Weight)]
        return self.call(name, {"self": a, "other": b}, broadcast(*shapes))

    def concatenate(self, values: Sequence[Any], dim: int) -> Value:
        """Write a concatenation."""
        shape = list(values[0].shape)
        dim %= len(shape)
        if any(len(v.shape) != len(shape) for v in values):
            raise UnsupportedCall("its inputs have different numbers of dimensions")
        shape[dim] = sum(v.shape[dim] for v in values)
        return self.call("cat", {"tensors": list(values), "dim": dim}, tuple(shape))

    def reshape(self, x: Value, shape: Shape) -> Value:
        """Write a view of another shape, with the batch."""
        return self.call("reshape", {"self": x}, shape)

    def reduce(self, kind: str, x: Value, dims: Sequence[int], keepdim: bool) -> Value:
        """Write a mean, sum, amax or amin over dimensions."""
        reduced = {d % len(x.shape) for d in dims}
        sizes = [1 if i in reduced else n for i, n in enumerate(x.shape)]
        shape = tuple([n for i, n in enumerate(sizes) if keepdim or i not in reduced])
        return self.call(kind, {"self": x, "dim": sorted(reduced), "keepdim": keepdim}, shape)

    def linear(self, x: Value, weight: Weight, bias: Weight | None) -> Value:
        """Write a linear map of the last dimension; the weight is (out, in)."""
        if weight.shape[1] != x.shape[-1]:
            raise UnsupportedCall(
                f"its weight is for {weight.shape[1]} features, but its input has {x.shape[-1]}"
            )
        given = {"input": x, "weight": weight, "bias": bias}
        return self.call("linear", given, (*x.shape[:-1], weight.shape[0]))


def infer_shape(kind: str, fields: dict[str, Any], *values: Value) -> Shape:
    """Return the output shape of an operator, without the batch. Raises UnsupportedCall."""
    try:
        return load_operator(kind)(**fields).output(*[v.shape[1:] for v in values])
    except OperatorError as error:
        raise UnsupportedCall(f"as {kind} it is not possible: {error.describe()}") from None


def plain_sides(sides: Sides) -> Any:
    """Return a padding as operators take it: a number where both sides are equal, else a pair."""
    if isinstance(sides, str):
        return sides
    return tuple([a if a == b else (a, b) for a, b in sides])


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape of an operation on tensors of these. Raises UnsupportedCall."""
    rank = max(map(len, shapes))
    full = [(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes]
    found = []
    for sizes in zip(*full, strict=True):
        wanted = {n for n in sizes if n != 1} or {1}
        if len(wanted) > 1:
            raise UnsupportedCall(f"its inputs have sizes {sizes} in one dimension")
        found.append(wanted.pop())
    return tuple(found)


def pad_same(
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int] = (),
    first_gets_less: bool = True,
) -> list[tuple[int, int]]:
    """Return the padding with which the output has ceil(W/S) positions, as "same" says.

    An odd one goes after, or with ``first_gets_less=False`` before."""
    found = []
    for w, k, s, d in zip(sizes, kernel, stride, dilation or (1,) * len(kernel), strict=True):
        total = max((-(-w // s) - 1) * s + d * (k - 1) + 1 - w, 0)
        less, more = total // 2, total - total // 2
        found.append((less, more) if first_gets_less else (more, less))
    return found
