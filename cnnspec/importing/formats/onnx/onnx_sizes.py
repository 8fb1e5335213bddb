"""ONNX's padding, interpolation and moves between depth and space as PyTorch's calls."""

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.model_file import BATCH
from cnnspec.importing.formats.onnx.onnx_trace import OnnxTracer, Rule


def pad(t: OnnxTracer) -> Value:
    x, pads, axes = t.value(), t.known(1, "pads"), t.known(3)
    number, mode = t.known(2, "value"), t.node.attributes.get("mode", "constant")
    if pads is None:
        raise UnsupportedCall("its padding is not known")
    count = len(pads.values) // 2
    dims = [d % len(x.shape) for d in axes.integers] if axes else list(range(count))
    sides = [(0, 0)] * len(x.shape)
    for i, d in enumerate(dims):
        sides[d] = (pads.integers[i], pads.integers[count + i])
    modes = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}
    shape = tuple([n + a + b for n, (a, b) in zip(x.shape, sides, strict=True)])
    amounts = [n for pair in sides[:0:-1] for n in pair]
    if any(sides[0]):
        raise UnsupportedCall("it pads the batch")
    given = {"self": x, "pad": amounts, "mode": modes[mode]}
    return t.writer.call("pad", {**given, "value": number.number if number else 0.0}, shape)


def resize(t: OnnxTracer) -> Value:
    """Translate Resize and Upsample where they do what an interpolation of PyTorch does."""
    x, given = t.value(), t.node.attributes
    old = t.node.operator == "Upsample" or len(t.node.inputs) == 2
    scales = t.known(1 if old else 2, "scales")
    sizes = None if old else t.known(3)
    mode = given.get("mode", "nearest")
    mapping = given.get("coordinate_transformation_mode", "asymmetric" if old else "half_pixel")
    if sizes is not None and sizes.values:
        shape, factors = (BATCH, *sizes.integers[1:]), None
    elif scales is not None and scales.values:
        factors = [float(s) for s in scales.values]
        shape = tuple([int(n * s) for n, s in zip(x.shape, factors, strict=True)])
    else:
        raise UnsupportedCall("its factors are not known")
    name = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic"}[mode]
    if mode == "nearest":
        whole = all(n % m == 0 for n, m in zip(shape, x.shape, strict=True))
        right = takes_nearest(given.get("nearest_mode", "round_prefer_floor"), mapping, whole)
    else:
        right = mapping in ("half_pixel", "pytorch_half_pixel", "align_corners")
        right = right and not given.get("antialias")
        right = right and (mode == "linear" or given.get("cubic_coeff_a", -0.75) == -0.75)
    if not right or shape[:2] != x.shape[:2]:
        raise UnsupportedCall(f"PyTorch has no such interpolation ({mode}, {mapping})")
    rank = len(shape) - 2
    name = {("bilinear", 1): "linear", ("bilinear", 3): "trilinear"}.get((name, rank), name)
    more = {"align_corners": mapping == "align_corners", "scale_factors": (factors or [])[2:]}
    return t.writer.call(f"upsample_{name}{rank}d", {"self": x, **more}, shape)


def takes_nearest(rounding: str, mapping: str, whole: bool) -> bool:
    """Tell whether the nearest positions are PyTorch's, which rounds x / factor down.

    For whole factors, positions measured from the centres of pixels round to the same."""
    if mapping == "asymmetric":
        return rounding == "floor"
    centred = mapping in ("half_pixel", "pytorch_half_pixel")
    return centred and whole and rounding.startswith("round")


def move_blocks(t: OnnxTracer) -> Value:
    x, block = t.value(), t.node.attributes["blocksize"]
    n, c, *sizes = x.shape
    if t.node.operator == "DepthToSpace":
        if t.node.attributes.get("mode", "DCR") != "CRD" and c != block**2:
            raise UnsupportedCall("it moves depth to space in the order DCR")
        shape = (n, c // block**2, *(m * block for m in sizes))
        return t.writer.call("pixel_shuffle", {"self": x, "upscale_factor": block}, shape)
    if c != 1:
        raise UnsupportedCall("it moves space to depth with the blocks outermost")
    shape = (n, c * block**2, *(m // block for m in sizes))
    return t.writer.call("pixel_unshuffle", {"self": x, "downscale_factor": block}, shape)


SIZES: dict[str, Rule] = {
    "Pad": pad,
    **dict.fromkeys(("Resize", "Upsample"), resize),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), move_blocks),
}
