"""Reading PyTorch's operations: from the arguments of each, the operator that it is here, and its
fields.

A reader takes the arguments by name and the first output, and gives VIEW for what passes a value on
as it is."""

from collections.abc import Callable
from typing import Any

import torch

Fields = dict[str, Any]
Reading = tuple[str, Fields]

VIEW = "view"  # what a reader calls an operation that does nothing but reshape
DROPPED = {"half_to_float", "layout", "device", "pin_memory", "memory_format", "non_blocking"}


def settings(given: Fields) -> Fields:
    """The arguments that are no tensors."""
    kept = {
        k: v
        for k, v in given.items()
        if v is not None and k not in DROPPED and not holds_tensors(v)
    }
    if kept.get("alpha") == 1:
        del kept["alpha"]  # nobody writes a factor of 1
    return {k: tuple(v) if isinstance(v, list) else v for k, v in kept.items()}


def holds_tensors(value: Any) -> bool:
    return isinstance(value, torch.Tensor) or (
        isinstance(value, list) and any(map(holds_tensors, value))
    )


def convolution(given: Fields, output: torch.Tensor) -> Reading:
    weight, channels, groups = given["weight"], given["input"].shape[1], given["groups"]
    fields: Fields = {k: tuple(given[k]) for k in ("stride", "padding", "dilation")}
    fields = {"kernel_size": tuple(weight.shape[2:]), **fields, "bias": given["bias"] is not None}
    if given["transposed"]:
        more = {"output_padding": tuple(given["output_padding"]), "groups": groups}
        return "conv_transpose", {"out_channels": weight.shape[1] * groups, **fields, **more}
    plain = (
        groups == 1
        and set(fields["kernel_size"] + fields["stride"]) == {1}
        and not any(fields["padding"])
    )
    if plain:  # the same linear map at every position
        return "linear", {"out_features": weight.shape[0], "bias": fields["bias"]}
    if groups == channels > 1:
        return "depthwise_conv", {"multiplier": weight.shape[0] // groups, **fields}
    return "conv", {"out_channels": weight.shape[0], **fields, "groups": groups}


def addmm(given: Fields, output: torch.Tensor) -> Reading:
    return "linear", {"out_features": given["mat2"].shape[1], "bias": True}


def mm(given: Fields, output: torch.Tensor) -> Reading:
    return "linear", {"out_features": given["mat2"].shape[1], "bias": False}


def linear(given: Fields, output: torch.Tensor) -> Reading:
    return "linear", {"out_features": given["weight"].shape[0], "bias": given["bias"] is not None}


def concat(given: Fields, output: torch.Tensor) -> Reading:
    return ("concat" if len(given["tensors"]) > 1 else VIEW), {
        "dim": given.get("dim", 0) % output.dim()
    }


def multiplied(given: Fields, output: torch.Tensor) -> Reading:
    return (
        (VIEW, {})
        if not holds_tensors(given["other"]) and given["other"] == 1
        else ("mul", settings(given))
    )


def padded(given: Fields, output: torch.Tensor) -> Reading:
    pad: list[int] = given["pad"] if "pad" in given else given["padding"]
    pairs = tuple((pad[i], pad[i + 1]) for i in range(0, len(pad), 2))[::-1]
    if not any(pad):
        return VIEW, {}
    return "pad", {
        "pad": ((0, 0),) * (output.dim() - 1 - len(pairs)) + pairs,
        "value": given.get("value"),
    }


def padded_by(mode: str) -> Callable[[Fields, torch.Tensor], Reading]:
    return lambda given, output: padded(given | {"value": mode}, output)


def strided(given: Fields, output: torch.Tensor) -> Reading:
    same = output.numel() == given["self"].numel()
    return (VIEW, {}) if same else ("as_strided", settings(given))


def pool(kind: str) -> Callable[[Fields, torch.Tensor], Reading]:
    def read(given: Fields, output: torch.Tensor) -> Reading:
        fields = settings(given)
        stride = fields.get("stride") or fields["kernel_size"]
        if tuple(fields["kernel_size"]) == tuple(given["self"].shape[2:]) and not any(
            fields["padding"]
        ):
            return f"global_{kind}", {}
        reaches = fields["ceil_mode"] and set(stride) != {1}  # a stride of 1 leaves no remainder
        return kind, fields | {"stride": stride, "ceil_mode": reaches}

    return read


def mean(given: Fields, output: torch.Tensor) -> Reading:
    x = given["self"]
    dims = sorted(d % x.dim() for d in given.get("dim") or range(x.dim()))
    if dims == list(range(2, x.dim())):
        return "global_avgpool", {}
    return "mean", {"dim": tuple(dims)}


def amax(given: Fields, output: torch.Tensor) -> Reading:
    kind, fields = mean(given, output)
    return ("global_maxpool" if kind == "global_avgpool" else "amax"), fields


def threshold(given: Fields, output: torch.Tensor) -> Reading:
    return (
        ("relu", {})
        if given["threshold"] == given["value"] == 0
        else ("threshold", settings(given))
    )


def select(given: Fields, output: torch.Tensor) -> Reading:
    x, dim = given["self"], given["dim"] % given["self"].dim()
    return "slice", {"dim": dim, "start": given["index"] % x.shape[dim], "length": 1, "step": 1}


def adaptive(kind: str) -> Callable[[Fields, torch.Tensor], Reading]:
    def read(given: Fields, output: torch.Tensor) -> Reading:
        size = tuple(given["output_size"])
        if size == tuple(given["self"].shape[2:]):
            return VIEW, {}
        return (
            (f"global_{kind}", {})
            if set(size) == {1}
            else (f"adaptive_{kind}", {"output_size": size})
        )

    return read


def clamp(given: Fields, output: torch.Tensor) -> Reading:
    low, high = (given.get(k[0], given.get(k[1])) for k in (("min", "min_val"), ("max", "max_val")))
    if low == 0 and high in (None, 6):
        return ("relu6" if high else "relu"), {}
    return "clamp", {"min": low, "max": high}


def norm(kind: str, *names: str) -> Callable[[Fields, torch.Tensor], Reading]:
    return lambda given, output: (kind, {n: given[n] for n in names})


def permute(given: Fields, output: torch.Tensor) -> Reading:
    x = given["self"]
    order = list(range(x.dim()))
    if "dims" in given:
        order = [d % x.dim() for d in given["dims"]]
    else:
        a, b = given["dim0"] % x.dim(), given["dim1"] % x.dim()
        order[a], order[b] = order[b], order[a]
    moved = [d for d in order if x.shape[d] > 1]
    if moved == sorted(moved) or order in channels_moved(x.dim()):
        return VIEW, {}
    if len(order) > 3 and order == [0, 2, 1, *range(3, x.dim())]:
        return "channel_shuffle", {"groups": x.shape[1]}
    return "permute", {"dims": tuple(order), "of": tuple(x.shape[1:])}


def channels_moved(n: int) -> list[list[int]]:
    """The orders that only put the channels last, or back: what follows works on channels wherever
    they stand."""
    return [[0, *range(2, n), 1], [0, n - 1, *range(1, n - 1)]]


def slice_(given: Fields, output: torch.Tensor) -> Reading:
    x, dim = given["self"], given.get("dim", 0) % given["self"].dim()
    start, step = given.get("start") or 0, given.get("step", 1)
    if output.shape[dim] == x.shape[dim]:
        return VIEW, {}
    start = start + x.shape[dim] if start < 0 else start
    return "slice", {"dim": dim, "start": start, "length": output.shape[dim], "step": step}


def upsample(mode: str) -> Callable[[Fields, torch.Tensor], Reading]:
    def read(given: Fields, output: torch.Tensor) -> Reading:
        aligned = {"align_corners": True} if given.get("align_corners") else {}
        return "upsample", {"mode": mode, "size": tuple(output.shape[2:]), **aligned}

    return read
