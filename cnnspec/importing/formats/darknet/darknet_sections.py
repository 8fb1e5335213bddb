"""The sections of Darknet's cfg files as PyTorch's calls.

Source: Darknet, src/parser.c and src/maxpool_layer.c, github.com/pjreddie/darknet; groups of a
route and scale_channels as in github.com/AlexeyAB/darknet."""

from collections.abc import Callable
from math import prod

from cnnspec.analyses.flat_calls import Value, Weight
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.call_writer import CallWriter
from cnnspec.importing.formats.model_file import BATCH
from cnnspec.problems import visible
from cnnspec.records import Record

EPS, MOMENTUM = 1e-5, 0.01  # of batch normalization, fixed in Darknet
SLOPE = 0.1  # of leaky
ACTIVATIONS = {"relu": "relu", "logistic": "sigmoid", "tanh": "tanh", "mish": "mish"}
ACTIVATIONS |= {"swish": "silu", "elu": "elu", "selu": "selu", "relu6": "relu6"}
HEADS = ("yolo", "Gaussian_yolo", "region", "detection")  # they decode what they read
SKIPPED = ("cost", "crop")


class CfgSection(Record):
    """A section with its line in the file."""

    kind: str
    line: int
    settings: dict[str, str]

    @property
    def place(self) -> str:
        return f"line {self.line}"

    def integer(self, name: str, default: int) -> int:
        """Return a setting that is an integer. Raises UnsupportedCall."""
        text = self.settings.get(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise UnsupportedCall(f"{name} is {visible(text, 40)!r}, no integer") from None

    def number(self, name: str, default: float) -> float:
        """Return a setting that is a number. Raises UnsupportedCall."""
        text = self.settings.get(name, str(default))
        try:
            return float(text)
        except ValueError:
            raise UnsupportedCall(f"{name} is {visible(text, 40)!r}, no number") from None

    def integers(self, name: str) -> list[int]:
        """Return a setting that is a list of integers. Raises UnsupportedCall."""
        text = self.settings.get(name, "")
        try:
            return [int(part) for part in text.split(",") if part.strip()]
        except ValueError:
            raise UnsupportedCall(f"{name} is {visible(text, 40)!r}, no integers") from None


class DarknetTracer:
    """The calls so far. ``values`` are the network's input and the outputs of all sections."""

    def __init__(self, training: bool):
        self.writer, self.training = CallWriter(), training
        self.values: list[Value | None] = []
        self.outputs: list[Value] = []

    @property
    def previous(self) -> Value:
        """The output of the section before. Raises UnsupportedCall."""
        return self.at(len(self.values) - 2)

    def at(self, layer: int) -> Value:
        """Return the output of a section by its number from 0; -1 is the input.

        Raises UnsupportedCall."""
        if not -1 <= layer < len(self.values) - 1:
            raise UnsupportedCall(f"it reads layer {layer}, which is not before it")
        found = self.values[layer + 1]
        if found is None:
            raise UnsupportedCall(f"it reads layer {layer}, which no operator expresses")
        return found

    def relative(self, offset: int) -> Value:
        """Return the output of a section by its number, or counted back where it is negative."""
        return self.at(len(self.values) - 1 + offset if offset < 0 else offset)

    def weight(self, name: str, *shape: int) -> Weight:
        return self.writer.weight(f"{len(self.values) - 1}.{name}", shape)

    def activate(self, section: CfgSection, x: Value, default: str = "logistic") -> Value:
        """Write the activation of a section."""
        name = section.settings.get("activation", default)
        if name == "linear":
            return x
        if name == "leaky":
            return self.writer.activate("leaky_relu", x, negative_slope=SLOPE)
        if name not in ACTIVATIONS:
            raise UnsupportedCall(f"its activation is {visible(name, 40)}")
        return self.writer.activate(ACTIVATIONS[name], x)

    def normalize(self, x: Value) -> Value:
        """Write batch normalization."""
        n, number = x.shape[1], len(self.values) - 1
        given = {"input": x, "weight": self.weight("scales", n), "bias": self.weight("biases", n)}
        for name in ("mean", "var"):
            given[f"running_{name}"] = Weight((f"{number}.rolling_{name}",), (n,))
        more = {"eps": EPS, "momentum": MOMENTUM}
        return self.writer.call("batch_norm", {**given, **more}, x.shape)


Rule = Callable[[DarknetTracer, CfgSection], Value]


def convolve(t: DarknetTracer, s: CfgSection) -> Value:
    x, n, k = t.previous, s.integer("filters", 1), s.integer("size", 1)
    groups, stride = s.integer("groups", 1), s.integer("stride", 1)
    strides = [s.integer("stride_y", stride), s.integer("stride_x", stride)]
    dilation = s.integer("dilation", 1)
    p = k // 2 if s.integer("pad", 0) else s.integer("padding", 0)
    if min(n, k, groups, dilation, *strides) < 1 or x.shape[1] % groups:
        raise UnsupportedCall("its sizes or its groups do not fit its input")
    normalized = bool(s.integer("batch_normalize", 0))
    bias = None if normalized else t.weight("biases", n)
    weight = t.weight("weights", n, x.shape[1] // groups, k, k)
    p *= dilation
    y = t.writer.convolve(x, weight, bias, strides, [(p, p)] * 2, [dilation] * 2, groups)
    return t.activate(s, t.normalize(y) if normalized else y)


def connect(t: DarknetTracer, s: CfgSection) -> Value:
    """Translate [connected], a layer that reads all values."""
    x, n = t.previous, s.integer("output", 1)
    if len(x.shape) > 2:
        x = t.writer.reshape(x, (BATCH, prod(x.shape[1:])))
    normalized = bool(s.integer("batch_normalize", 0))
    bias = None if normalized else t.weight("biases", n)
    y = t.writer.linear(x, t.weight("weights", n, x.shape[1]), bias)
    return t.activate(s, t.normalize(y) if normalized else y)


def pool(t: DarknetTracer, s: CfgSection) -> Value:
    """Translate [maxpool]; by default the padding is the size minus 1, half of it before."""
    x, stride = t.previous, s.integer("stride", 1)
    k = s.integer("size", stride)
    total = s.integer("padding", k - 1)
    if min(k, stride) < 1 or total < 0:
        raise UnsupportedCall("its sizes are no sizes of a window")
    before = total // 2
    sides = []
    for n in x.shape[2:]:
        positions = (n + total - k) // stride + 1
        sides.append((before, max((positions - 1) * stride + k - n - before, 0)))
    return t.writer.pool("max", x, [k] * 2, [stride] * 2, sides)


def pool_globally(t: DarknetTracer, s: CfgSection) -> Value:
    return t.writer.reduce("mean", t.previous, (2, 3), True)


def add(t: DarknetTracer, s: CfgSection) -> Value:
    """Translate [shortcut]."""
    parts = [t.relative(i) for i in s.integers("from")]
    found = t.previous
    if not parts or any(part.shape != found.shape for part in parts):
        raise UnsupportedCall("it adds maps of different shapes")
    for part in parts:
        found = t.writer.combine("add", found, part)
    return t.activate(s, found, "linear")


def route(t: DarknetTracer, s: CfgSection) -> Value:
    """Translate [route]: earlier outputs concatenated, or one group of the channels of one."""
    parts = [t.relative(i) for i in s.integers("layers")]
    groups, index = s.integer("groups", 1), s.integer("group_id", 0)
    if not parts or groups < 1 or not 0 <= index < groups:
        raise UnsupportedCall("it names no layers, or no group of them")
    if groups > 1:
        parts = [cut_group(t, part, groups, index) for part in parts]
    return parts[0] if len(parts) == 1 else t.writer.concatenate(parts, 1)


def cut_group(t: DarknetTracer, x: Value, groups: int, index: int) -> Value:
    size = x.shape[1] // groups
    given = {"self": x, "dim": 1, "start": index * size, "end": (index + 1) * size, "step": 1}
    return t.writer.call("slice", given, (x.shape[0], size, *x.shape[2:]))


def scale_channels(t: DarknetTracer, s: CfgSection) -> Value:
    """Translate [scale_channels]: an earlier map times a value for each channel."""
    y = t.writer.combine("mul", t.relative(s.integer("from", 0)), t.previous)
    return t.activate(s, y, "linear")


def upsample(t: DarknetTracer, s: CfgSection) -> Value:
    x, factor = t.previous, s.integer("stride", 2)
    if factor < 1 or s.number("scale", 1.0) != 1:
        raise UnsupportedCall("it makes a map smaller, or scales it")
    given = {"self": x, "scale_factors": [float(factor)] * 2}
    shape = (*x.shape[:2], *(n * factor for n in x.shape[2:]))
    return t.writer.call("upsample_nearest2d", given, shape)


def drop(t: DarknetTracer, s: CfgSection) -> Value:
    x = t.previous
    if not t.training:
        return x
    return t.writer.activate("dropout", x, p=s.number("probability", 0.5))


def apply_softmax(t: DarknetTracer, s: CfgSection) -> Value:
    if s.integer("groups", 1) != 1:
        raise UnsupportedCall("it is a softmax of groups")
    x = t.previous
    x = t.writer.reshape(x, (BATCH, prod(x.shape[1:]))) if len(x.shape) > 2 else x
    return t.writer.activate("softmax", x, dim=1)


def activate(t: DarknetTracer, s: CfgSection) -> Value:
    return t.activate(s, t.previous, "linear")


def keep(t: DarknetTracer, s: CfgSection) -> Value:
    """Pass on what a head reads: it has no weights."""
    return t.previous


RULES: dict[str, Rule] = {
    **dict.fromkeys(("convolutional", "conv"), convolve),
    **dict.fromkeys(("connected", "conn"), connect),
    **dict.fromkeys(("maxpool", "max"), pool),
    **dict.fromkeys(("avgpool", "avg"), pool_globally),
    "shortcut": add,
    "route": route,
    "scale_channels": scale_channels,
    "upsample": upsample,
    "dropout": drop,
    **dict.fromkeys(("softmax", "soft"), apply_softmax),
    "activation": activate,
    **dict.fromkeys(HEADS, keep),
}
