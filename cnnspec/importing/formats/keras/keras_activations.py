"""Keras's activations as PyTorch's calls: as layers, and by name as arguments of layers."""

from typing import Any

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.keras.keras_trace import Config, KerasTracer, Rule

SLOPE = 0.2  # of leaky_relu, Keras's default

# The names of activations: PyTorch's, and the fields that Keras's have.
NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in ("relu", "relu6", "sigmoid", "tanh", "selu", "elu", "mish")},
    **{name: (name, {}) for name in ("softplus", "softsign", "gelu", "silu", "celu")},
    "swish": ("silu", {}),
    "hard_sigmoid": ("hardsigmoid", {}),
    **dict.fromkeys(("hard_swish", "hard_silu"), ("hardswish", {})),
    "leaky_relu": ("leaky_relu", {"negative_slope": SLOPE}),
    **dict.fromkeys(("softmax", "log_softmax"), ("", {})),
}


def apply_activation(t: KerasTracer, given: Any, x: Value) -> Value:
    """Write the activation of a layer, which may be none."""
    if isinstance(given, dict):
        given = given.get("config", given.get("class_name"))
        given = given.get("name") if isinstance(given, dict) else given
    if given in (None, "linear"):
        return x
    if given not in NAMES:
        raise UnsupportedCall(f"its activation is {given}")
    name, fields = NAMES[given]
    if not name:
        return t.writer.activate(given, x, dim=len(x.shape) - 1)
    return t.writer.activate(name, x, **fields)


def activate(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return apply_activation(t, config["activation"], inputs[0])


def activate_relu(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate ReLU with its limit, slope or threshold."""
    limit, slope = config.get("max_value"), config.get("negative_slope") or 0.0
    if config.get("threshold") or (limit is not None and slope):
        raise UnsupportedCall("it has a threshold, or a limit and a slope")
    if slope:
        return t.writer.activate("leaky_relu", inputs[0], negative_slope=slope)
    return t.writer.activate("clamp", inputs[0], min=0, max=limit)


def activate_leaky(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    slope = config.get("negative_slope", config.get("alpha", 0.3))
    return t.writer.activate("leaky_relu", inputs[0], negative_slope=slope)


def activate_elu(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return t.writer.activate("elu", inputs[0], alpha=config.get("alpha", 1.0))


def activate_prelu(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate PReLU with one slope for each channel."""
    x = inputs[0]
    others = [d for d in range(1, len(x.shape)) if d != t.channel_dim(x)]
    if sorted(config.get("shared_axes") or []) != others:
        raise UnsupportedCall("it has a slope for each position")
    first = t.first(x)
    return t.last(t.writer.activate("prelu", first, weight=t.weight("alpha", first.shape[1])))


def apply_softmax(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    axis = config.get("axis", -1)
    if not isinstance(axis, int):
        raise UnsupportedCall("it is a softmax over several dimensions")
    return t.writer.activate("softmax", inputs[0], dim=axis % len(inputs[0].shape))


def activate_by_class(name: str) -> Rule:
    """Return the rule of an operation that is called in a model, such as Relu."""

    def run(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
        return apply_activation(t, name, inputs[0])

    return run


ACTIVATIONS: dict[str, Rule] = {
    "Activation": activate,
    "ReLU": activate_relu,
    "LeakyReLU": activate_leaky,
    "ELU": activate_elu,
    "PReLU": activate_prelu,
    "Softmax": apply_softmax,
    **{name.capitalize(): activate_by_class(name) for name in NAMES if name.isalpha()},
    "Relu6": activate_by_class("relu6"),
    "HardSigmoid": activate_by_class("hard_sigmoid"),
    "HardSilu": activate_by_class("hard_silu"),
}
