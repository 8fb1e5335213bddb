"""Helpers for ``write_onnx``: nodes of ONNX that several operators write.

Nothing here imports onnx; the caller passes what writes the nodes."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit.windows import Axis
from cnnspec.units import Shape

PADDING_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}  # in ONNX


def window_attributes(axes: Sequence[Axis], dilated: bool = True) -> dict[str, list[int]]:
    """Return the attributes of a sliding window."""
    dilations = {"dilations": [a.dilation for a in axes]} if dilated else {}
    return {
        "kernel_shape": [a.kernel for a in axes],
        "strides": [a.stride for a in axes],
        "pads": [*(a.before for a in axes), *(a.after for a in axes)],
        **dilations,
    }


def parameter_per_channel(onnx: Any, name: str, x: Any) -> Any:
    """Return a parameter with one value a channel, so that it broadcasts over a batch of maps."""
    return onnx.Reshape(onnx.parameter(name), [-1, *[1] * (len(x.shape) - 1)])


def move_channels_last(onnx: Any, x: Any, n: int) -> Any:
    """Return a batch with ``n`` dimensions beside the batch with the channels moved to the end."""
    return onnx.Transpose(x, perm=[0, *range(2, n + 1), 1]) if n > 1 else x


def move_channels_first(onnx: Any, x: Any, n: int) -> Any:
    """Undo move_channels_last."""
    return onnx.Transpose(x, perm=[0, n, *range(1, n)]) if n > 1 else x


def pad(onnx: Any, x: Any, sides: Iterable[tuple[int, int]], mode: str, value: float = 0.0) -> Any:
    """Return a batch with positions added before and after each dimension but the batch."""
    pairs = [(0, 0), *sides]
    pads = [first for first, _ in pairs] + [last for _, last in pairs]
    filled = value if mode == "constant" else None
    return onnx.Pad(x, pads, filled, mode=PADDING_MODES.get(mode, mode))


def pad_for_window(onnx: Any, x: Any, axes: Sequence[Axis], mode: str) -> tuple[Any, list[Axis]]:
    """Return the padded input and the axes without padding, where the padding is not of zeros."""
    if mode == "zeros" or not any(a.before or a.after for a in axes):
        return x, [*axes]
    padded = pad(onnx, x, [(0, 0), *((a.before, a.after) for a in axes)], mode)
    return padded, [a.replace(size=a.padded, before=0, after=0) for a in axes]


def sum_windows(onnx: Any, x: Any, axes: Sequence[Axis]) -> Any:
    """Return the sum of each window along axes, with zeros as padding."""
    window = window_attributes(axes, dilated=False)
    mean = onnx.AveragePool(x, **window, count_include_pad=1)
    return onnx.Mul(mean, float(prod(a.kernel for a in axes)))


def reshape(onnx: Any, x: Any, shape: Shape) -> Any:
    """Return a batch of another shape; ``shape`` is without the batch."""
    return onnx.Reshape(x, [0, *shape])


def attend(
    onnx: Any, q: Any, k: Any, v: Any, *biases: Any, heads: int, scale: float | None, y: Shape
) -> Any:
    """Return softmax(q k^T * scale + bias) v of the positions of maps, in heads."""
    each = q.shape[0] // heads
    queries, keys, values = (
        onnx.Reshape(x, [0, heads, x.shape[0] // heads, prod(x.shape[1:])]) for x in (q, k, v)
    )
    factor = each**-0.5 if scale is None else scale
    rows = onnx.Mul(onnx.Transpose(queries, perm=[0, 1, 3, 2]), float(factor))
    products = onnx.MatMul(rows, keys)
    for bias in biases:
        products = onnx.Add(products, bias)
    weights = onnx.Softmax(products, axis=-1)
    sums = onnx.MatMul(values, onnx.Transpose(weights, perm=[0, 1, 3, 2]))
    return reshape(onnx, sums, y)


def standardize_weight(onnx: Any, n: int, eps: float) -> Any:
    """Return the weight of a convolution in ``n`` dimensions, each kernel standardized."""
    weight, axes = onnx.parameter("weight"), [*range(1, n + 2)]
    centred = onnx.Sub(weight, onnx.ReduceMean(weight, axes, keepdims=1))
    variance = onnx.ReduceMean(onnx.Mul(centred, centred), axes, keepdims=1)
    return onnx.Div(centred, onnx.Sqrt(onnx.Add(variance, eps)))
