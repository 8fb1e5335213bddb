"""Caffe's layers as PyTorch's calls.

Source: Caffe, src/caffe/proto/caffe.proto and the layers' sources, github.com/BVLC/caffe."""

from collections.abc import Callable
from math import prod
from typing import Any

from cnnspec.analyses.flat_calls import Value, Weight
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.caffe.text_format import Message
from cnnspec.importing.formats.call_writer import CallWriter
from cnnspec.importing.formats.model_file import BATCH


class CaffeTracer:
    """The calls so far. ``layer`` is the current layer, and ``name`` its name."""

    def __init__(self, training: bool):
        self.writer, self.training = CallWriter(), training
        self.values: dict[str, Value] = {}
        self.layer, self.name = Message(0), ""

    def weight(self, name: str, *shape: int) -> Weight:
        """Return a parameter of the current layer, or one that it shares by name."""
        names = [p.get("name") for p in self.layer.messages("param")]
        number = {"weight": 0, "bias": 1}.get(name, len(names))
        shared = names[number] if number < len(names) else None
        return self.writer.weight(str(shared) if shared else f"{self.name}/{name}", shape)


Rule = Callable[[CaffeTracer, list[Value]], Any]


def window(given: Message, name: str, short: str, rank: int, default: int = 0) -> list[int]:
    """Return a size of a window for each dimension: kernel_size, or kernel_h and kernel_w."""
    if given.get(f"{short}_h") is not None or given.get(f"{short}_w") is not None:
        found = [given.get(f"{short}_h", default), given.get(f"{short}_w", default)]
    else:
        found = given.all(name) or [default]
    if any(type(n) is not int or n < 0 for n in found):
        raise UnsupportedCall(f"its {name} is no size")
    return found * rank if len(found) == 1 else found


def convolve(t: CaffeTracer, inputs: list[Value]) -> Value:
    """Translate Convolution and Deconvolution."""
    x, given = inputs[0], t.layer.message("convolution_param")
    rank, out, groups = len(x.shape) - 2, given.get("num_output"), given.get("group", 1)
    kernel = window(given, "kernel_size", "kernel", rank)
    stride, pad = window(given, "stride", "stride", rank, 1), window(given, "pad", "pad", rank)
    dilation = window(given, "dilation", "dilation", rank, 1)
    bias = t.weight("bias", out) if given.get("bias_term", True) else None
    sides = [(p, p) for p in pad]
    if t.layer.get("type") in ("Deconvolution", "DECONVOLUTION"):
        weight = t.weight("weight", x.shape[1], out // groups, *kernel)
        return t.writer.convolve_transposed(x, weight, bias, stride, sides, (), dilation, groups)
    weight = t.weight("weight", out, x.shape[1] // groups, *kernel)
    return t.writer.convolve(x, weight, bias, stride, sides, dilation, groups)


def pool(t: CaffeTracer, inputs: list[Value]) -> Value:
    """Translate Pooling. The number of windows is rounded up; a mean counts the padding."""
    x, given = inputs[0], t.layer.message("pooling_param")
    side = {"MAX": "max", 0: "max", "AVE": "avg", 1: "avg"}.get(given.get("pool", "MAX"))
    if side is None:
        raise UnsupportedCall("it pools at random")
    if given.get("global_pooling"):
        kind = "amax" if side == "max" else "mean"
        return t.writer.reduce(kind, x, range(2, len(x.shape)), True)
    rank = len(x.shape) - 2
    kernel = window(given, "kernel_size", "kernel", rank)
    stride, pad = window(given, "stride", "stride", rank, 1), window(given, "pad", "pad", rank)
    sides = [(p, p) for p in pad]
    ceil_mode = given.get("round_mode", "CEIL") in ("CEIL", 0)
    return t.writer.pool(side, x, kernel, stride, sides, ceil_mode)


def multiply(t: CaffeTracer, inputs: list[Value]) -> Value:
    """Translate InnerProduct, which reads all values of an example."""
    x, given = inputs[0], t.layer.message("inner_product_param")
    if given.get("axis", 1) != 1 or given.get("transpose"):
        raise UnsupportedCall("it multiplies along another axis than 1")
    if len(x.shape) > 2:
        x = t.writer.reshape(x, (BATCH, prod(x.shape[1:])))
    out = given.get("num_output")
    bias = t.weight("bias", out) if given.get("bias_term", True) else None
    return t.writer.linear(x, t.weight("weight", out, x.shape[1]), bias)


def normalize_response(t: CaffeTracer, inputs: list[Value]) -> Value:
    given = t.layer.message("lrn_param")
    if given.get("norm_region", "ACROSS_CHANNELS") not in ("ACROSS_CHANNELS", 0):
        raise UnsupportedCall("it normalizes within a channel")
    fields = {"size": given.get("local_size", 5), "alpha": float(given.get("alpha", 1.0))}
    fields |= {"beta": float(given.get("beta", 0.75)), "k": float(given.get("k", 1.0))}
    return t.writer.operator("lrn", inputs[0], **fields)


def normalize_batch(t: CaffeTracer, inputs: list[Value]) -> Value:
    """Translate BatchNorm, which has no weight and no bias: these are of a Scale after it."""
    x, given = inputs[0], t.layer.message("batch_norm_param")
    statistics = {f"running_{k}": Weight((f"{t.name}/{k}",), x.shape[1:2]) for k in ("mean", "var")}
    eps, fraction = given.get("eps", 1e-5), given.get("moving_average_fraction", 0.999)
    more = {"weight": None, "bias": None, "eps": float(eps), "momentum": 1 - float(fraction)}
    return t.writer.call("batch_norm", {"input": x, **statistics, **more}, x.shape)


def scale(t: CaffeTracer, inputs: list[Value]) -> Value:
    """Translate Scale: a gate of two inputs, the weights of a BatchNorm before it, or its own."""
    x, given = inputs[0], t.layer.message("scale_param")
    if len(inputs) == 2:
        gate = inputs[1]
        ones = (1,) * (len(x.shape) - len(gate.shape))
        gate = t.writer.reshape(gate, (*gate.shape, *ones)) if ones else gate
        return t.writer.combine("mul", x, gate)
    if given.get("axis", 1) != 1 or given.get("num_axes", 1) != 1:
        raise UnsupportedCall("it scales other axes than the channels")
    n, ones, last = x.shape[1], (1,) * (len(x.shape) - 2), t.writer.calls[-1]
    has_bias = given.get("bias_term", False)
    if last.name == "batch_norm" and x.call == len(t.writer.calls) - 1 and has_bias:
        weights = {"weight": t.weight("weight", n), "bias": t.weight("bias", n)}
        t.writer.calls[-1] = last.replace(arguments={**last.arguments, **weights})
        return x
    y = t.writer.combine("mul", x, t.weight("weight", n, *ones))
    return t.writer.combine("add", y, t.weight("bias", n, *ones)) if has_bias else y


def activate_relu(t: CaffeTracer, inputs: list[Value]) -> Value:
    slope = t.layer.message("relu_param").get("negative_slope", 0)
    if slope:
        return t.writer.activate("leaky_relu", inputs[0], negative_slope=float(slope))
    return t.writer.activate("relu", inputs[0])


def activate_prelu(t: CaffeTracer, inputs: list[Value]) -> Value:
    shared = t.layer.message("prelu_param").get("channel_shared", False)
    weight = t.weight("weight", 1 if shared else inputs[0].shape[1])
    return t.writer.activate("prelu", inputs[0], weight=weight)


def activate_elu(t: CaffeTracer, inputs: list[Value]) -> Value:
    alpha = float(t.layer.message("elu_param").get("alpha", 1.0))
    return t.writer.activate("elu", inputs[0], alpha=alpha)


def activate_by_name(name: str) -> Rule:
    return lambda t, inputs: t.writer.activate(name, inputs[0])


def drop(t: CaffeTracer, inputs: list[Value]) -> Value:
    p = float(t.layer.message("dropout_param").get("dropout_ratio", 0.5))
    return t.writer.activate("dropout", inputs[0], p=p) if t.training else inputs[0]


def concatenate(t: CaffeTracer, inputs: list[Value]) -> Value:
    given = t.layer.message("concat_param")
    axis = given.get("axis", given.get("concat_dim", 1))
    return inputs[0] if len(inputs) == 1 else t.writer.concatenate(inputs, axis)


def join(t: CaffeTracer, inputs: list[Value]) -> Value:
    """Translate Eltwise; a coefficient of -1 subtracts."""
    given = t.layer.message("eltwise_param")
    kind = {"SUM": "add", 1: "add", "PROD": "mul", 0: "mul", "MAX": "maximum", 2: "maximum"}
    name = kind[given.get("operation", "SUM")]
    factors = [float(c) for c in given.all("coeff")] or [1.0] * len(inputs)
    parts = [
        x if c == 1 else t.writer.combine("mul", x, c) for x, c in zip(inputs, factors, strict=True)
    ]
    found = parts[0]
    for part in parts[1:]:
        found = t.writer.combine(name, found, part)
    return found


def apply_softmax(t: CaffeTracer, inputs: list[Value]) -> Value:
    axis = t.layer.message("softmax_param").get("axis", 1)
    return t.writer.activate("softmax", inputs[0], dim=axis % len(inputs[0].shape))


def apply_power(t: CaffeTracer, inputs: list[Value]) -> Value:
    given = t.layer.message("power_param")
    if given.get("power", 1) != 1:
        raise UnsupportedCall("it is a power")
    y = t.writer.combine("mul", inputs[0], float(given.get("scale", 1)))
    return t.writer.combine("add", y, float(given.get("shift", 0)))


def flatten(t: CaffeTracer, inputs: list[Value]) -> Value:
    return t.writer.reshape(inputs[0], (BATCH, prod(inputs[0].shape[1:])))


def split(t: CaffeTracer, inputs: list[Value]) -> list[Value]:
    """Translate Split: the same tensor under several names."""
    return inputs * len(t.layer.all("top"))


def slice_channels(t: CaffeTracer, inputs: list[Value]) -> list[Value]:
    """Translate Slice: parts of the channels, equal unless points say where they end."""
    x, given = inputs[0], t.layer.message("slice_param")
    if given.get("axis", given.get("slice_dim", 1)) != 1:
        raise UnsupportedCall("it cuts another axis than the channels")
    count, channels = len(t.layer.all("top")), x.shape[1]
    points = given.all("slice_point") or [channels // count * i for i in range(1, count)]
    ends = [*points, channels]
    sizes = [b - a for a, b in zip([0, *points], ends, strict=True)]
    shapes = [(x.shape[0], n, *x.shape[2:]) for n in sizes]
    return t.writer.call_several("split", {"self": x, "dim": 1}, shapes)


LAYERS: dict[str, Rule] = {
    **dict.fromkeys(("Convolution", "Deconvolution"), convolve),
    "Pooling": pool,
    "InnerProduct": multiply,
    "LRN": normalize_response,
    "BatchNorm": normalize_batch,
    "Scale": scale,
    "ReLU": activate_relu,
    "PReLU": activate_prelu,
    "ELU": activate_elu,
    **{k: activate_by_name(k.lower()) for k in ("Sigmoid", "TanH", "ReLU6", "Swish")},
    "Swish": activate_by_name("silu"),
    "Dropout": drop,
    "Concat": concatenate,
    "Eltwise": join,
    "Softmax": apply_softmax,
    "Power": apply_power,
    "Flatten": flatten,
    "Split": split,
    "Slice": slice_channels,
}
