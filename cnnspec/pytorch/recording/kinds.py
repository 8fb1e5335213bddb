"""What PyTorch's operations are in the words of cnnspec's operators.

PyTorch comes down to the same few dozen operations whether a model calls modules, functions or
methods, in place or not. Here each gets the operator's name and fields, without what follows from
its input (its channels, its batch), so that a change of one layer does not show on those behind it.
An operation that is not listed keeps its own name and arguments: nothing is left out."""

from collections.abc import Callable
from functools import cache

import torch

from cnnspec.ops.registry import OPERATORS, operator
from cnnspec.pytorch.recording import readers
from cnnspec.pytorch.recording.readers import Fields, Reading, settings

# These pass a value on, at most in another shape.
VIEWS = {
    "view",
    "_unsafe_view",
    "reshape",
    "_reshape_alias",
    "flatten",
    "unflatten",
    "squeeze",
    "unsqueeze",
    "expand",
    "t",
    "clone",
    "alias",
    "_to_copy",
    "contiguous",
    "lift_fresh",
    "to",
}


@cache
def renamed_operations() -> dict[str, str]:
    """The operations that have another name here, with the same fields."""
    found = {name: kind for kind in OPERATORS for name in operator(kind).recorded_from}
    return found | {"bmm": "matmul"}


def reading(name: str, given: Fields, output: torch.Tensor) -> Reading:
    """What an operation is. ``name`` is PyTorch's, ``given`` its arguments by name, ``output`` its
    first output."""
    name = name.removesuffix("_")
    if name in READERS:
        return READERS[name](given, output)
    if "batch_norm" in name:
        return "batchnorm", {"eps": given.get("eps", given.get("epsilon"))}
    fields = settings(given)
    if isinstance(fields.get("dim"), int):
        fields["dim"] %= max(output.dim(), 1)
    return renamed_operations().get(name, name), fields


READERS: dict[str, Callable[[Fields, torch.Tensor], Reading]] = {
    "convolution": readers.convolution,
    "addmm": readers.addmm,
    "mm": readers.mm,
    "linear": readers.linear,
    "mean": readers.mean,
    "amax": readers.amax,
    "mul": readers.multiplied,
    "threshold": readers.threshold,
    "clamp": readers.clamp,
    "clamp_min": readers.clamp,
    "hardtanh": readers.clamp,
    "cat": readers.concat,
    "select": readers.select,
    "slice": readers.slice_,
    "constant_pad_nd": readers.padded,
    "permute": readers.permute,
    "transpose": readers.permute,
    "as_strided": readers.strided,
    "native_layer_norm": readers.norm("layernorm", "eps"),
    "native_group_norm": readers.norm("groupnorm", "group", "eps"),
    "upsample_nearest1d": readers.upsample("nearest"),
    "upsample_nearest2d": readers.upsample("nearest"),
    "upsample_nearest3d": readers.upsample("nearest"),
    "upsample_linear1d": readers.upsample("bilinear"),
    "upsample_bilinear2d": readers.upsample("bilinear"),
    "upsample_trilinear3d": readers.upsample("bilinear"),
    **{
        f"{mode}_pad{n}d": readers.padded_by(mode)
        for mode in ("reflection", "replication")
        for n in (1, 2, 3)
    },
    **{f"max_pool{n}d_with_indices": readers.pool("maxpool") for n in (2, 3)},
    **{f"avg_pool{n}d": readers.pool("avgpool") for n in (1, 2, 3)},
    **{f"_adaptive_avg_pool{n}d": readers.adaptive("avgpool") for n in (2, 3)},
    **{f"adaptive_max_pool{n}d": readers.adaptive("maxpool") for n in (2, 3)},
}
