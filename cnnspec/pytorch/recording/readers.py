"""Read the arguments of PyTorch's operations as kinds and fields of cnnspec's operators.

A reader takes the arguments by name and the first output. It returns the kind VIEW for an operation
that returns the value that it read.
"""

from collections.abc import Callable
from operator import neg
from typing import Any

import torch

from cnnspec.units import Shape

Fields = dict[str, Any]
Reading = tuple[str, Fields]
Reader = Callable[[Fields, torch.Tensor], Reading]
Number = float | tuple[float, ...]  # for all channels, or for each

VIEW = "view"
DROPPED = {"half_to_float", "layout", "device", "pin_memory", "memory_format", "non_blocking"}


def plain_arguments(given: Fields) -> Fields:
    """Return the arguments that are not tensors and that change the result."""
    kept = {
        k: v
        for k, v in given.items()
        if v is not None and k not in DROPPED and not holds_tensors(v)
    }
    if kept.get("alpha") == 1:
        del kept["alpha"]  # a factor of 1 changes nothing
    return {k: tuple(v) if isinstance(v, list) else v for k, v in kept.items()}


def holds_tensors(value: Any) -> bool:
    return isinstance(value, torch.Tensor) or (
        isinstance(value, list) and any(map(holds_tensors, value))
    )


def map_number(function: Callable[[float], float], number: Number) -> Number:
    """Return a number that a function gives, or one for each channel."""
    if isinstance(number, tuple):
        return tuple(map(function, number))
    return function(number)


def combine_numbers(function: Callable[[float, float], float], a: Number, b: Number) -> Number:
    """Return what a function of two numbers gives, for each channel if one of them has several."""
    if not isinstance(a, tuple) and not isinstance(b, tuple):
        return function(a, b)
    size = max(len(v) for v in (a, b) if isinstance(v, tuple))
    left, right = (v if isinstance(v, tuple) else (v,) * size for v in (a, b))
    return tuple(map(function, left, right))


def find_equal_operator(kind: str, fields: Fields, shape: Shape) -> Reading | None:
    """Return the simpler operator that does the same on an input of a shape, if there is one.

    ``shape`` is that of a batch. A convolution of one position is the same linear layer at every
    position, one as large as its map is a linear layer of all values, a pool as large as its map is
    a global pool, and instance normalization is group normalization of single channels.
    """
    if kind == "conv":
        size = fields["kernel_size"]
        whole = size == shape[2:] and set(fields["dilation"]) == {1}
        single = (whole or set(size) == {1}) and set(fields["stride"]) == {1}
        if single and fields["groups"] == 1 and not any(fields["padding"]):
            return "linear", {"out_features": fields["out_channels"], "bias": fields["bias"]}
    if kind in ("maxpool", "avgpool"):
        whole = fields["kernel_size"] == shape[2:] and not any(fields["padding"])
        if whole and not fields.get("divisor_override"):
            return f"global_{kind}", {}
    if kind == "instancenorm" and "track_running_stats" not in fields:
        return "groupnorm", {"group": shape[1], "eps": fields["eps"]}
    return None


def read_convolution(given: Fields, output: torch.Tensor) -> Reading:
    weight, channels, groups = given["weight"], given["input"].shape[1], given["groups"]
    fields: Fields = {"kernel_size": tuple(weight.shape[2:])}
    fields |= {k: tuple(given[k]) for k in ("stride", "padding", "dilation")}
    fields["bias"] = given["bias"] is not None
    if given["transposed"]:
        more = {"output_padding": tuple(given["output_padding"]), "groups": groups}
        return "conv_transpose", {"out_channels": weight.shape[1] * groups, **fields, **more}
    if groups == channels > 1:
        return "depthwise_conv", {"multiplier": weight.shape[0] // groups, **fields}
    return "conv", {"out_channels": weight.shape[0], **fields, "groups": groups}


def read_addmm(given: Fields, output: torch.Tensor) -> Reading:
    return "linear", {"out_features": given["mat2"].shape[1], "bias": True}


def read_mm(given: Fields, output: torch.Tensor) -> Reading:
    return "linear", {"out_features": given["mat2"].shape[1], "bias": False}


def read_linear(given: Fields, output: torch.Tensor) -> Reading:
    return "linear", {"out_features": given["weight"].shape[0], "bias": given["bias"] is not None}


def read_concat(given: Fields, output: torch.Tensor) -> Reading:
    kind = "concat" if len(given["tensors"]) > 1 else VIEW
    return kind, {"dim": given.get("dim", 0) % output.dim()}


def read_mul(given: Fields, output: torch.Tensor) -> Reading:
    if not holds_tensors(given["other"]) and given["other"] == 1:
        return VIEW, {}
    return "mul", plain_arguments(given)


def read_div(given: Fields, output: torch.Tensor) -> Reading:
    other = given["other"]
    numbers = other if isinstance(other, tuple) else (other,)
    if holds_tensors(other) or not all(numbers) or given.get("rounding_mode"):
        return "div", plain_arguments(given)
    return read_mul({"other": map_number(lambda v: 1 / v, other)}, output)


def read_add(given: Fields, output: torch.Tensor) -> Reading:
    if not holds_tensors(given["other"]) and given["other"] == 0:
        return VIEW, {}  # Python's sum starts with 0
    return "add", plain_arguments(given)


def read_sub(given: Fields, output: torch.Tensor) -> Reading:
    if holds_tensors(given["other"]) or given.get("alpha", 1) != 1:
        return "sub", plain_arguments(given)
    return read_add({"other": map_number(neg, given["other"])}, output)


def read_neg(given: Fields, output: torch.Tensor) -> Reading:
    return read_mul({"other": -1}, output)


def read_pad(given: Fields, output: torch.Tensor) -> Reading:
    pad: list[int] = given["pad"] if "pad" in given else given["padding"]
    if not any(pad):
        return VIEW, {}
    pairs = tuple((pad[i], pad[i + 1]) for i in range(0, len(pad), 2))[::-1]
    unpadded = ((0, 0),) * (output.dim() - 1 - len(pairs))
    return "pad", {"pad": unpadded + pairs, "value": given.get("value")}


def pad_reader(mode: str) -> Reader:
    return lambda given, output: read_pad(given | {"value": mode}, output)


def read_as_strided(given: Fields, output: torch.Tensor) -> Reading:
    same = output.numel() == given["self"].numel()
    return (VIEW, {}) if same else ("as_strided", plain_arguments(given))


def read_threshold(given: Fields, output: torch.Tensor) -> Reading:
    if given["threshold"] == given["value"] == 0:
        return "relu", {}
    return "threshold", plain_arguments(given)


def read_clamp(given: Fields, output: torch.Tensor) -> Reading:
    low = given.get("min", given.get("min_val"))
    high = given.get("max", given.get("max_val"))
    if low == 0 and high in (None, 6):
        return ("relu6" if high else "relu"), {}
    return "clamp", {"min": low, "max": high}


def norm_reader(kind: str, *names: str) -> Reader:
    return lambda given, output: (kind, {n: given[n] for n in names})


def read_select(given: Fields, output: torch.Tensor) -> Reading:
    x, dim = given["self"], given["dim"] % given["self"].dim()
    if dim and x.shape[dim] == 1:
        return VIEW, {}  # the only position
    return "slice", {"dim": dim, "start": given["index"] % x.shape[dim], "length": 1, "step": 1}


def read_slice(given: Fields, output: torch.Tensor) -> Reading:
    x, dim = given["self"], given.get("dim", 0) % given["self"].dim()
    start, step = given.get("start") or 0, given.get("step", 1)
    if output.shape[dim] == x.shape[dim]:
        return VIEW, {}
    start = start + x.shape[dim] if start < 0 else start
    return "slice", {"dim": dim, "start": start, "length": output.shape[dim], "step": step}


def upsample_reader(mode: str) -> Reader:
    def read(given: Fields, output: torch.Tensor) -> Reading:
        x = given["self"] if "self" in given else given["input"]
        scales = [s for k, s in given.items() if k.startswith("scale") and s is not None]
        factors = [f for s in scales for f in (s if isinstance(s, (list, tuple)) else [s])]
        if output.shape == x.shape and all(f == 1 for f in factors):
            return VIEW, {}
        aligned = {"align_corners": True} if given.get("align_corners") else {}
        return "upsample", {"mode": mode, "size": tuple(output.shape[2:]), **aligned}

    return read
