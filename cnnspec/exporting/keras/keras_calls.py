"""Calls of Keras that several operators write.

Shapes are a spec's, channels first; Keras has them last: of (C, H, W), Keras's axis 1 is H, 2 is W,
and 3 or -1 is C."""

from collections.abc import Sequence
from math import inf
from typing import Any

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.windows import Axis
from cnnspec.units import Shape


class KerasCalls:
    """The methods of KerasWriter for what several operators write."""

    layer: Any  # methods of KerasWriter
    op: Any
    may_be_same: bool

    @staticmethod
    def refuse(reason: str) -> OperatorError:
        """Return the error for what Keras cannot express."""
        return OperatorError("L003", reason)

    @staticmethod
    def find_axis(dim: int, shape: Shape) -> int:
        """Return Keras's axis for a dimension of a shape, 0 for the channels."""
        return dim or len(shape)

    @staticmethod
    def collapse(values: Sequence[int]) -> Any:
        """Return one number for equal ones."""
        return values[0] if len({*values}) == 1 else tuple(values)

    def for_dimensions(self, name: str, n: int, most: int = 3) -> str:
        """Return the name of Keras's layer for ``n`` spatial dimensions: Conv2D.

        Raises OperatorError where Keras has none."""
        if n > most:
            raise self.refuse(f"Keras has {name} in 1 to {most} spatial dimensions, not in {n}")
        return f"{name}{n}D"

    @staticmethod
    def same_sides(a: Axis) -> tuple[int, int]:
        """Return what Keras's padding "same" adds on each side."""
        total = max((-(-a.size // a.stride) - 1) * a.stride + a.extent - a.size, 0)
        return total // 2, total - total // 2

    def pad(self, x: Any, sides: Sequence[tuple[int, int]], **how: Any) -> Any:
        """Return maps with positions added before and after each spatial dimension."""
        if not any(map(any, sides)):
            return x
        if how or len(sides) > 3:
            return self.op("pad", x, ((0, 0), *sides, (0, 0)), **how)
        given: Any = sides[0] if len(sides) == 1 else tuple(sides)
        if all(side == (sides[0][0],) * 2 for side in sides):
            given = sides[0][0]
        return self.layer(f"ZeroPadding{len(sides)}D", x, given)

    def pad_for_window(
        self, x: Any, axes: Sequence[Axis], value: float = 0.0, may_be_same: bool = True
    ) -> tuple[Any, str]:
        """Return the input of a sliding window, padded with a value, and Keras's name of a padding.

        The name is "same" where Keras's own padding is that of the axes and ``may_be_same``."""
        sides = [(a.before, a.after) for a in axes]
        may_be_same = may_be_same and self.may_be_same
        if may_be_same and any(map(any, sides)) and sides == [self.same_sides(a) for a in axes]:
            return x, "same"
        how = {"constant_values": value} if value else {}
        return self.pad(x, sides, **how), "valid"

    def conv(self, x: Any, conv: Any) -> Any:
        """Return the convolution of the operator ``conv``; a depthwise one is Keras's own."""
        axes, n = conv.axes(x.shape), len(x.shape) - 1
        if conv.padding_mode != "zeros" and any(a.before or a.after for a in axes):
            raise self.refuse(f"Keras pads a convolution with zeros, not with {conv.padding_mode}")
        if conv.standardize:
            raise self.refuse("Keras has no convolution with standardized weights")
        if conv.fixed and conv.bias:
            raise self.refuse("a Keras layer with fixed weights cannot have a trained bias")
        strides, rates = (
            self.collapse([a.stride for a in axes]),
            self.collapse([a.dilation for a in axes]),
        )
        if strides != 1 and rates != 1:
            raise self.refuse("Keras has no convolution with a stride and a dilation")
        padded, padding = self.pad_for_window(x, axes)
        depthwise = conv.groups == x.shape[0] > 1 and n < 3
        kernel = self.collapse([a.kernel for a in axes])
        given = (kernel,) if depthwise else (conv.out_channels, kernel)
        named: dict[str, Any] = {"strides": strides, "padding": padding, "dilation_rate": rates}
        if depthwise:
            named["depth_multiplier"] = conv.out_channels // x.shape[0]
        else:
            named["groups"] = conv.groups
        last = (0, 1) if depthwise else (1, 0)
        weights: dict[str, Any] = {"kernel": ("weight", (*range(2, n + 2), *last))}
        return self.layer(
            self.for_dimensions("DepthwiseConv" if depthwise else "Conv", n),
            padded,
            *given,
            **named,
            use_bias=conv.bias,
            weights=weights | ({"bias": "bias"} if conv.bias else {}),
            trainable=not conv.fixed,
        )

    def pool(self, x: Any, axes: Sequence[Axis], kind: str, value: float = -inf) -> Any:
        """Return Keras's pooling of ``kind`` over windows, whose padding holds a value."""
        if any(a.dilation > 1 for a in axes):
            raise self.refuse("Keras has no pooling with a dilation")
        padded, padding = self.pad_for_window(x, axes, value, may_be_same=value == -inf)
        return self.layer(
            self.for_dimensions(f"{kind}Pooling", len(axes)),
            padded,
            self.collapse([a.kernel for a in axes]),
            strides=self.collapse([a.stride for a in axes]),
            padding=padding,
        )

    def move_channels_first(self, x: Any) -> Any:
        """Return maps with the axes in the order of a spec."""
        n = len(x.shape)
        return self.layer("Permute", x, (n, *range(1, n))) if n > 1 else x

    def move_channels_last(self, x: Any, n: int) -> Any:
        """Undo move_channels_first, for a shape of ``n`` dimensions."""
        return self.layer("Permute", x, (*range(2, n + 1), 1)) if n > 1 else x

    def reshape(self, x: Any, shape: Shape) -> Any:
        """Return the elements of maps, in the order of a spec, in another shape."""
        ordered = x if sum(n > 1 for n in x.shape) < 2 else self.move_channels_first(x)
        if sum(n > 1 for n in shape) < 2:
            return self.layer("Reshape", ordered, (*shape[1:], shape[0]))
        return self.move_channels_last(self.layer("Reshape", ordered, shape), len(shape))

    def norm(self, x: Any, name: str, op: Any, *given: Any, **named: Any) -> Any:
        """Return a normalization with a scale and a shift where the operator has them."""
        weights = {"gamma": "weight", "beta": "bias"} if op.affine else {}
        return self.layer(
            name,
            x,
            *given,
            **named,
            epsilon=op.eps,
            center=op.affine,
            scale=op.affine,
            weights=weights,
        )
