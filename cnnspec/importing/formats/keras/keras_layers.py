"""Keras's layers with windows or weights as PyTorch's calls.

Source: Keras 3, API reference, keras.io/api/layers."""

from typing import Any

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.call_writer import pad_same
from cnnspec.importing.formats.keras.keras_activations import apply_activation
from cnnspec.importing.formats.keras.keras_trace import Config, KerasTracer, Rule


def per_dim(value: Any, rank: int) -> list[int]:
    """Return one number for each dimension."""
    numbers = list(value) if isinstance(value, (list, tuple)) else [value]
    return numbers * rank if len(numbers) == 1 else numbers


def find_padding(config: Config, x: Value, kernel: list[int]) -> Any:
    """Return the padding of a window over a tensor with the channels first.

    "same" stays a word where it depends on the size of the input."""
    rank, kind = len(kernel), config.get("padding", "valid")
    if kind == "valid":
        return [(0, 0)] * rank
    if kind != "same":
        raise UnsupportedCall(f"its padding is {kind}")
    stride = per_dim(config.get("strides") or kernel, rank)
    dilation = per_dim(config.get("dilation_rate", 1), rank)
    if set(stride) != {1}:
        return "same"
    return pad_same(x.shape[2:], kernel, stride, dilation)


def convolve(t: KerasTracer, config: Config, inputs: list[Any], kind: str = "") -> Value:
    """Translate Conv1D to Conv3D, and a depthwise convolution."""
    x = t.first(inputs[0])
    rank = len(x.shape) - 2
    kernel = per_dim(config["kernel_size"], rank)
    padding = find_padding(config, x, kernel)
    depthwise = "depth_multiplier" in config
    groups = x.shape[1] if depthwise else config.get("groups", 1)
    out = x.shape[1] * config["depth_multiplier"] if depthwise else config["filters"]
    is_half = kind == "depthwise part"  # of a separable convolution, which has one bias at its end
    bias = t.weight("bias", out) if config.get("use_bias", True) and not is_half else None
    weight = t.weight(
        "depthwise_kernel" if is_half else "kernel", out, x.shape[1] // groups, *kernel
    )
    stride, dilation = per_dim(config["strides"], rank), per_dim(config["dilation_rate"], rank)
    y = t.last(t.writer.convolve(x, weight, bias, stride, padding, dilation, groups))
    return y if is_half else apply_activation(t, config.get("activation"), y)


def convolve_separably(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    y = t.first(convolve(t, config, inputs, "depthwise part"))
    ones = [1] * (len(y.shape) - 2)
    weight = t.weight("pointwise_kernel", config["filters"], y.shape[1], *ones)
    bias = t.weight("bias", config["filters"]) if config.get("use_bias", True) else None
    y = t.writer.convolve(y, weight, bias, ones, [(0, 0)] * len(ones))
    return apply_activation(t, config.get("activation"), t.last(y))


def convolve_transposed(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate Conv2DTranspose; with "same" padding the output is stride times as large."""
    x = t.first(inputs[0])
    rank = len(x.shape) - 2
    kernel, stride = (per_dim(config[n], rank) for n in ("kernel_size", "strides"))
    if config.get("output_padding") is not None or set(per_dim(config["dilation_rate"], rank)) != {
        1
    }:
        raise UnsupportedCall("it has an output padding or a dilation")
    cut = [(0, 0)] * rank
    more = [max(s - k, 0) for k, s in zip(kernel, stride, strict=True)]
    if config.get("padding") == "same":
        extra = [max(k - s, 0) for k, s in zip(kernel, stride, strict=True)]
        if any(n % 2 for n in extra):
            raise UnsupportedCall("its padding differs between the sides")
        cut = [(n // 2, n // 2) for n in extra]
    filters = config["filters"]
    weight = t.weight("kernel", x.shape[1], filters, *kernel)
    bias = t.weight("bias", filters) if config.get("use_bias", True) else None
    y = t.writer.convolve_transposed(x, weight, bias, stride, cut, more)
    return apply_activation(t, config.get("activation"), t.last(y))


def apply_dense(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    x, units = inputs[0], config["units"]
    weight = t.weight("kernel", units, x.shape[-1])
    bias = t.weight("bias", units) if config.get("use_bias", True) else None
    return apply_activation(t, config.get("activation"), t.writer.linear(x, weight, bias))


def normalize_batch(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate BatchNormalization; a scale or an offset alone comes after it."""
    x, axis = inputs[0], config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) else axis
    if axis % len(x.shape) != t.channel_dim(x):
        raise UnsupportedCall("it normalizes another dimension than the channels")
    x = t.first(x)
    n = x.shape[1]
    scale, center = config.get("scale", True), config.get("center", True)
    weight = t.weight("gamma", n) if scale and center else None
    bias = t.weight("beta", n) if scale and center else None
    statistics = {f"running_{k}": t.buffer(f"moving_{k}", n) for k in ("mean", "var")}
    settings = {"eps": config["epsilon"], "momentum": 1 - config["momentum"]}
    given = {"input": x, "weight": weight, "bias": bias, **statistics, **settings}
    y = t.writer.call("batch_norm", given, x.shape)
    ones = [1] * (len(x.shape) - 2)
    if scale and not center:
        y = t.writer.combine("mul", y, t.weight("gamma", n, *ones))
    elif center and not scale:
        y = t.writer.combine("add", y, t.weight("beta", n, *ones))
    return t.last(y)


def normalize_layer(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    x, axis = inputs[0], config.get("axis", -1)
    axis = axis if isinstance(axis, list) else [axis]
    if [a % len(x.shape) for a in axis] != [len(x.shape) - 1]:
        raise UnsupportedCall("it normalizes other dimensions than the last")
    n = x.shape[-1]
    scale, center = config.get("scale", True), config.get("center", True)
    given = {"input": x, "normalized_shape": (n,), "eps": config["epsilon"]}
    given["weight"] = t.weight("gamma", n) if scale else None
    given["bias"] = t.weight("beta", n) if center else None
    return t.writer.call("layer_norm", given, x.shape)


def normalize_groups(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    x = t.first(inputs[0])
    n = x.shape[1]
    groups = config["groups"] if config["groups"] != -1 else n
    if config.get("axis", -1) % len(x.shape) != t.channel_dim(x):
        raise UnsupportedCall("it normalizes another dimension than the channels")
    if not config.get("scale", True) or not config.get("center", True):
        raise UnsupportedCall("it has a scale or an offset alone")
    given = {"input": x, "num_groups": groups, "eps": config["epsilon"]}
    given |= {"weight": t.weight("gamma", n), "bias": t.weight("beta", n)}
    return t.last(t.writer.call("group_norm", given, x.shape))


def scale_channels(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate LayerScale, a layer of Keras's ConvNeXt."""
    x = inputs[0]
    weight = t.weight("gamma", x.shape[-1])
    t.writer.initial[weight.names[0]] = config.get("init_values", 1e-6)
    return t.writer.combine("mul", x, weight)


def pool(t: KerasTracer, config: Config, inputs: list[Any], side: str) -> Value:
    """Translate a pool; the padding of "same" counts for nothing."""
    x = t.first(inputs[0])
    kernel = per_dim(config["pool_size"], len(x.shape) - 2)
    stride = per_dim(config.get("strides") or kernel, len(kernel))
    padding = find_padding({**config, "strides": stride}, x, kernel)
    return t.last(t.writer.pool(side, x, kernel, stride, padding, count_padding=False))


def pool_globally(t: KerasTracer, config: Config, inputs: list[Any], side: str) -> Value:
    x = inputs[0]
    dims = [d for d in range(1, len(x.shape)) if d != t.channel_dim(x)]
    return t.writer.reduce(side, x, dims, bool(config.get("keepdims")))


def pool_max(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return pool(t, config, inputs, "max")


def pool_average(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return pool(t, config, inputs, "avg")


def pool_largest(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return pool_globally(t, config, inputs, "amax")


def pool_mean(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return pool_globally(t, config, inputs, "mean")


LAYERS: dict[str, Rule] = {
    **{f"Conv{n}D": convolve for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": convolve for n in (1, 2)},
    **{f"SeparableConv{n}D": convolve_separably for n in (1, 2)},
    **{f"Conv{n}DTranspose": convolve_transposed for n in (1, 2, 3)},
    "Dense": apply_dense,
    "BatchNormalization": normalize_batch,
    "LayerNormalization": normalize_layer,
    "GroupNormalization": normalize_groups,
    "LayerScale": scale_channels,
    **{f"MaxPooling{n}D": pool_max for n in (1, 2, 3)},
    **{f"AveragePooling{n}D": pool_average for n in (1, 2, 3)},
    **{f"GlobalMaxPooling{n}D": pool_largest for n in (1, 2, 3)},
    **{f"GlobalAveragePooling{n}D": pool_mean for n in (1, 2, 3)},
}
