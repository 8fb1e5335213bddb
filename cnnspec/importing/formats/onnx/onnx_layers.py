"""ONNX's layers as PyTorch's calls: convolutions, linear maps, norms, pools, activations.

Source: ONNX, Operators, onnx.ai/onnx/operators, up to operator set 23."""

from collections.abc import Sequence
from math import isclose
from typing import Any

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.call_writer import pad_same
from cnnspec.importing.formats.onnx.onnx_constants import Known
from cnnspec.importing.formats.onnx.onnx_records import OnnxTensor
from cnnspec.importing.formats.onnx.onnx_trace import OnnxTracer, Rule


def find_sides(
    given: dict[str, Any],
    x: Value,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> list[tuple[int, int]]:
    """Return the padding of a window, before and after for each dimension."""
    rank, auto = len(kernel), given.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        return pad_same(x.shape[2:], kernel, stride, dilation, auto == "SAME_UPPER")
    pads = given.get("pads") if auto != "VALID" else None
    pads = pads or [0] * 2 * rank
    return list(zip(pads[:rank], pads[rank:], strict=True))


def convolve(t: OnnxTracer) -> Value:
    x, given = t.value(), t.node.attributes
    weight = t.weight(1)
    assert weight is not None
    rank = len(weight.shape) - 2
    stride = given.get("strides") or [1] * rank
    dilation = given.get("dilations") or [1] * rank
    sides = find_sides(given, x, weight.shape[2:], stride, dilation)
    bias = t.weight(2, owner=weight.names[0])
    return t.writer.convolve(x, weight, bias, stride, sides, dilation, given.get("group", 1))


def convolve_transposed(t: OnnxTracer) -> Value:
    x, given = t.value(), t.node.attributes
    weight = t.weight(1)
    assert weight is not None
    rank = len(weight.shape) - 2
    if given.get("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in given:
        raise UnsupportedCall("its padding follows from a size of the output")
    stride = given.get("strides") or [1] * rank
    dilation = given.get("dilations") or [1] * rank
    sides = find_sides(given, x, weight.shape[2:], stride, dilation)
    if any(a != b for a, b in sides):
        raise UnsupportedCall("its padding differs between the sides")
    more = given.get("output_padding") or [0] * rank
    bias = t.weight(2, owner=weight.names[0])
    groups = given.get("group", 1)
    return t.writer.convolve_transposed(x, weight, bias, stride, sides, more, dilation, groups)


def multiply_general(t: OnnxTracer) -> Value:
    """Translate Gemm: x * W + b, of vectors."""
    x, given = t.value(), t.node.attributes
    factors = given.get("alpha", 1.0), given.get("beta", 1.0)
    if given.get("transA") or factors[0] != 1 or (factors[1] != 1 and t.get(2) is not None):
        raise UnsupportedCall("it transposes its input, or it has factors")
    weight = t.weight(1, transposed=not given.get("transB"))
    assert weight is not None
    return t.writer.linear(x, weight, t.weight(2, owner=weight.names[0]))


def multiply_matrices(t: OnnxTracer) -> Value:
    """Translate MatMul: with a weight it is a linear map; the third input is a bias."""
    a, b = t.get(0), t.get(1)
    if isinstance(a, Value) and isinstance(b, Value):
        shape = (*a.shape[:-1], b.shape[-1])
        return t.writer.call("matmul", {"self": a, "other": b}, shape)
    weight = t.weight(1, transposed=True)
    assert weight is not None
    return t.writer.linear(t.value(), weight, t.weight(2, owner=weight.names[0]))


def normalize_batch(t: OnnxTracer) -> Value:
    given = t.node.attributes
    if given.get("training_mode") or len([o for o in t.node.outputs if o]) > 1:
        raise UnsupportedCall("it is batch normalization as in training")
    names = ("weight", "bias", "running_mean", "running_var")
    tensors = {name: t.weight(i + 1) for i, name in enumerate(names)}
    for name in names[2:]:  # not trained
        weight = tensors[name]
        t.writer.parameters.pop(weight.names[0] if weight else "", None)
    more = {"eps": given.get("epsilon", 1e-5), "momentum": 1 - given.get("momentum", 0.9)}
    return t.writer.call("batch_norm", {"input": t.value(), **tensors, **more}, t.value().shape)


def normalize_instance(t: OnnxTracer) -> Value:
    given = {"input": t.value(), "weight": t.weight(1), "bias": t.weight(2)}
    more = {"running_mean": None, "eps": t.node.attributes.get("epsilon", 1e-5)}
    return t.writer.call("instance_norm", {**given, **more}, t.value().shape)


def normalize_groups(t: OnnxTracer) -> Value:
    given = {"input": t.value(), "weight": t.weight(1), "bias": t.weight(2)}
    groups, eps = t.node.attributes["num_groups"], t.node.attributes.get("epsilon", 1e-5)
    return t.writer.call("group_norm", {**given, "num_groups": groups, "eps": eps}, t.value().shape)


def normalize_layer(t: OnnxTracer) -> Value:
    x = t.value()
    axis = t.node.attributes.get("axis", -1) % len(x.shape)
    given = {"input": x, "normalized_shape": x.shape[axis:], "weight": t.weight(1)}
    more = {"bias": t.weight(2), "eps": t.node.attributes.get("epsilon", 1e-5)}
    return t.writer.call("layer_norm", {**given, **more}, x.shape)


def normalize_response(t: OnnxTracer) -> Value:
    """Translate LRN. PyTorch's window of an even size has one channel more on the other side."""
    given = t.node.attributes
    if given["size"] % 2 == 0:
        raise UnsupportedCall("its window has an even number of channels")
    names = {"alpha": 1e-4, "beta": 0.75}
    fields = {name: given.get(name, default) for name, default in names.items()}
    return t.writer.operator(
        "lrn", t.value(), size=given["size"], k=given.get("bias", 1.0), **fields
    )


def pool(t: OnnxTracer) -> Value:
    x, given = t.value(), t.node.attributes
    side = "max" if t.node.operator == "MaxPool" else "avg"
    if len([o for o in t.node.outputs if o]) > 1:
        raise UnsupportedCall("it also gives the indices of the largest values")
    kernel = given["kernel_shape"]
    stride = given.get("strides") or [1] * len(kernel)
    dilation = given.get("dilations") or [1] * len(kernel)
    sides = find_sides(given, x, kernel, stride, dilation)
    if side == "avg" and set(dilation) != {1}:
        raise UnsupportedCall("it is an average pool with a dilation")
    counts = bool(given.get("count_include_pad", 0))
    ceil_mode = bool(given.get("ceil_mode", 0))
    return t.writer.pool(side, x, kernel, stride, sides, ceil_mode, counts, dilation)


def pool_globally(t: OnnxTracer) -> Value:
    x, side = t.value(), "max" if "Max" in t.node.operator else "avg"
    ones = (1,) * (len(x.shape) - 2)
    name = f"adaptive_{side}_pool{len(ones)}d"
    return t.writer.call(name, {"self": x, "output_size": ones}, (*x.shape[:2], *ones))


# Activations with PyTorch's fields: ONNX's attributes and their defaults.
ACTIVATIONS: dict[str, tuple[str, dict[str, tuple[str, float]]]] = {
    "Relu": ("relu", {}),
    "Sigmoid": ("sigmoid", {}),
    "Tanh": ("tanh", {}),
    "HardSwish": ("hardswish", {}),
    "Mish": ("mish", {}),
    "Softsign": ("softsign", {}),
    "Softplus": ("softplus", {}),
    "LeakyRelu": ("leaky_relu", {"negative_slope": ("alpha", 0.01)}),
    "Elu": ("elu", {"alpha": ("alpha", 1.0)}),
    "Celu": ("celu", {"alpha": ("alpha", 1.0)}),
}
FIXED = {  # attributes of activations that PyTorch has with these values only
    "HardSigmoid": ("hardsigmoid", {"alpha": (0.2, 1 / 6), "beta": (0.5, 0.5)}),
    "Selu": ("selu", {"alpha": (1.67326319, 1.67326319), "gamma": (1.05070102, 1.05070102)}),
    "Swish": ("silu", {"alpha": (1.0, 1.0)}),
}


def activate(t: OnnxTracer) -> Value:
    name, fields = ACTIVATIONS[t.node.operator]
    given = {
        field: t.node.attributes.get(attribute, default)
        for field, (attribute, default) in fields.items()
    }
    return t.writer.activate(name, t.value(), **given)


def activate_fixed(t: OnnxTracer) -> Value:
    name, wanted = FIXED[t.node.operator]
    for attribute, (default, value) in wanted.items():
        found = t.node.attributes.get(attribute, default)
        if not isclose(found, value, rel_tol=1e-4):
            raise UnsupportedCall(f"its {attribute} is {found:g}, PyTorch's {name} has {value:g}")
    return t.writer.activate(name, t.value())


def activate_gelu(t: OnnxTracer) -> Value:
    kind = t.node.attributes.get("approximate", "none")
    return t.writer.activate("gelu", t.value(), approximate=kind)


def activate_prelu(t: OnnxTracer) -> Value:
    weight = t.weight(1)
    assert weight is not None
    vector = weight.replace(shape=(max(weight.shape, default=1),))
    if len([n for n in weight.shape if n != 1]) > 1:
        raise UnsupportedCall("it has a slope for each position")
    return t.writer.activate("prelu", t.value(), weight=vector)


def clip(t: OnnxTracer) -> Value:
    limits: list[float | None] = []
    for slot, name in ((1, "min"), (2, "max")):
        found = t.known(slot, name)
        number = None if found is None else found.number
        limits.append(None if number is None or abs(number) > 1e30 else number)
    if limits == [None, None]:
        return t.value()
    return t.writer.activate("clamp", t.value(), min=limits[0], max=limits[1])


def apply_softmax(t: OnnxTracer) -> Value:
    x, name = t.value(), "log_softmax" if t.node.operator == "LogSoftmax" else "softmax"
    axis = t.node.attributes.get("axis", -1 if t.model.opset >= 13 else 1) % len(x.shape)
    if t.model.opset < 13 and axis != len(x.shape) - 1:
        raise UnsupportedCall("it is a softmax over several dimensions at once")
    return t.writer.activate(name, x, dim=axis)


def pass_on(t: OnnxTracer) -> Value | OnnxTensor | Known | None:
    """Translate what changes nothing. A copy of a tensor of the file is one of its own."""
    found = t.get(0)
    return found.replace(name=t.node.outputs[0]) if isinstance(found, OnnxTensor) else found


LAYERS: dict[str, Rule] = {
    "Conv": convolve,
    "ConvTranspose": convolve_transposed,
    "Gemm": multiply_general,
    "MatMul": multiply_matrices,
    "BatchNormalization": normalize_batch,
    "InstanceNormalization": normalize_instance,
    "GroupNormalization": normalize_groups,
    "LayerNormalization": normalize_layer,
    "LRN": normalize_response,
    **dict.fromkeys(("MaxPool", "AveragePool"), pool),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), pool_globally),
    **dict.fromkeys(ACTIVATIONS, activate),
    **dict.fromkeys(FIXED, activate_fixed),
    "Gelu": activate_gelu,
    "PRelu": activate_prelu,
    "Clip": clip,
    **dict.fromkeys(("Softmax", "LogSoftmax"), apply_softmax),
    **dict.fromkeys(("Identity", "Cast", "Dropout"), pass_on),
}
