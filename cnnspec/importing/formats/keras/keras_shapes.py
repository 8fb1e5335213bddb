"""Keras's layers without weights as PyTorch's calls: joins, reshapes, paddings, dropouts."""

from math import prod
from typing import Any

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.keras.keras_trace import Config, KerasTracer, Rule
from cnnspec.importing.formats.model_file import BATCH

FLATTENED = (
    "Maps are flattened with the channels first, not last as in Keras: the weights of the layers"
    " after them are the same in another order."
)
LEFT_OUT = "Layers that prepare images are left out"
OPERATIONS = {"Add": "add", "Subtract": "sub", "Multiply": "mul", "Divide": "div"}
OPERATIONS |= {"TrueDivide": "div", "Maximum": "maximum", "Minimum": "minimum", "Average": "add"}
DROPOUTS = {"Dropout": False, "SpatialDropout1D": True, "SpatialDropout2D": True}
DROPOUTS |= {"SpatialDropout3D": True}
SKIPPED = [f"Random{name}" for name in ("Flip", "Rotation", "Zoom", "Crop", "Contrast")]
SKIPPED += ["RandomTranslation", "RandomBrightness", "Normalization"]


def join(t: KerasTracer, config: Config, inputs: list[Any], kind: str = "") -> Any:
    """Translate a join of values and numbers, one after another."""
    found = inputs[0]
    if len(inputs) == 1:
        raise UnsupportedCall("it joins a single tensor")
    for other in inputs[1:]:
        found = t.writer.combine(OPERATIONS[kind], found, other)
    if kind == "Average":
        found = t.writer.combine("div", found, float(len(inputs)))
    return found


def join_by_class(kind: str) -> Rule:
    return lambda t, config, inputs: join(t, config, inputs, kind)


def add_scaled(t: KerasTracer, config: Config, inputs: list[Any]) -> Any:
    """Translate CustomScaleLayer, a layer of Keras's InceptionResNetV2: x + scale * y."""
    branch = t.writer.combine("mul", inputs[1], float(config["scale"]))
    return t.writer.combine("add", inputs[0], branch)


def concatenate(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    values = [v for v in inputs if isinstance(v, Value)]
    return t.writer.concatenate(values, config.get("axis", -1))


def flatten(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate Flatten, of a map with the channels first."""
    x = inputs[0]
    if t.channels_last and len(x.shape) > 2 and prod(x.shape[1:-1]) > 1:
        t.notes[FLATTENED] = None
    return t.writer.reshape(t.first(x), (BATCH, prod(x.shape[1:])))


def reshape(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    x, wanted = inputs[0], list(config["target_shape"])
    size, known = prod(x.shape[1:]), prod([n for n in wanted if n != -1])
    shape = tuple([size // known if n == -1 else n for n in wanted])
    if prod(shape) != size:
        raise UnsupportedCall(f"it makes {wanted} of {size} elements")
    return t.writer.reshape(x, (BATCH, *shape))


def permute(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return t.permute(inputs[0], [0, *config["dims"]])


def drop(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return drop_at(t, config, inputs, False)


def drop_channels(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    return drop_at(t, config, inputs, True)


def drop_at(t: KerasTracer, config: Config, inputs: list[Any], channels: bool) -> Value:
    """Translate a dropout, which is there in training. A noise shape may make it drop examples."""
    x: Value = inputs[0]
    shape = config.get("noise_shape")
    if not t.training:
        return x
    if shape:
        if any(n not in (None, 1) for n in shape) or set(shape[1:]) != {1}:
            raise UnsupportedCall("it drops parts that share a shape of their own")
        return t.writer.activate("stochastic_depth", x, p=config["rate"], mode="row")
    y = t.writer.activate("dropout", t.first(x), p=config["rate"], channels=channels)
    return t.last(y)


def drop_branch(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate StochasticDepth, a layer of Keras's ConvNeXt."""
    x: Value = inputs[0]
    rate = config.get("drop_path_rate", 0.0)
    if not t.training or not rate:
        return x
    return t.writer.activate("stochastic_depth", x, p=rate, mode="row")


def read_sides(given: Any, rank: int) -> list[tuple[int, int]]:
    """Return amounts before and after for each dimension."""
    parts = [given] * rank if isinstance(given, int) else given
    if rank == 1 and len(parts) == 2:
        parts = [parts]
    return [(p, p) if isinstance(p, int) else (p[0], p[1]) for p in parts]


def pad(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    x = t.first(inputs[0])
    sides = read_sides(config["padding"], len(x.shape) - 2)
    amounts = [n for pair in reversed(sides) for n in pair]
    sizes = [n + a + b for n, (a, b) in zip(x.shape[2:], sides, strict=True)]
    given = {"self": x, "pad": amounts, "mode": "constant"}
    return t.last(t.writer.call("pad", given, (*x.shape[:2], *sizes)))


def crop(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    x = t.first(inputs[0])
    for i, (a, b) in enumerate(read_sides(config["cropping"], len(x.shape) - 2)):
        dim = i + 2
        end = x.shape[dim] - b
        shape = (*x.shape[:dim], end - a, *x.shape[dim + 1 :])
        if a or b:
            given = {"self": x, "dim": dim, "start": a, "end": end, "step": 1}
            x = t.writer.call("slice", given, shape)
    return t.last(x)


def upsample(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    x = t.first(inputs[0])
    rank, size = len(x.shape) - 2, config["size"]
    factors = [size] * rank if isinstance(size, int) else list(size)
    mode = config.get("interpolation", "nearest")
    if mode not in ("nearest", "bilinear"):
        raise UnsupportedCall(f"it interpolates by {mode}")
    sizes = [n * f for n, f in zip(x.shape[2:], factors, strict=True)]
    name = f"upsample_{mode}{rank}d"
    given = {"self": x, "scale_factors": [float(f) for f in factors]}
    return t.last(t.writer.call(name, given, (*x.shape[:2], *sizes)))


def rescale(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Translate Rescaling by numbers. A list of them belongs to the preparation of images."""
    x = inputs[0]
    if isinstance(config["scale"], list):
        return skip(t, config, inputs)
    x = t.writer.combine("mul", x, float(config["scale"]))
    return t.writer.combine("add", x, float(config["offset"])) if config["offset"] else x


def skip(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Leave out a layer that prepares images, with its statistics."""
    t.notes[f"{LEFT_OUT}: {config['name']}."] = None
    return inputs[0]  # type: ignore[no-any-return]


def keep(t: KerasTracer, config: Config, inputs: list[Any]) -> Value:
    """Pass on a tensor that a layer changes in training by noise at most."""
    return inputs[0]  # type: ignore[no-any-return]


SHAPES: dict[str, Rule] = {
    **{kind: join_by_class(kind) for kind in OPERATIONS},
    "CustomScaleLayer": add_scaled,
    "Concatenate": concatenate,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    **{kind: drop_channels if whole else drop for kind, whole in DROPOUTS.items()},
    "StochasticDepth": drop_branch,
    **{f"ZeroPadding{n}D": pad for n in (1, 2, 3)},
    **{f"Cropping{n}D": crop for n in (1, 2, 3)},
    **{f"UpSampling{n}D": upsample for n in (1, 2, 3)},
    "Rescaling": rescale,
    **dict.fromkeys(SKIPPED, skip),
    **dict.fromkeys(("ActivityRegularization", "Identity"), keep),
}
