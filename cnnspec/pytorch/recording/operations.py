"""Translate PyTorch's operations to the kinds and fields of cnnspec's operators.

PyTorch runs the same few dozen operations whether a model calls modules, functions or methods, in
place or not. Each becomes the operator of the same effect and its fields, without what follows from
its input (channels, batch), so that a change of one layer does not show on the layers after it. An
operation without a translation keeps its own name and arguments: nothing is left out.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.pytorch.recording import readers
from cnnspec.pytorch.recording.readers import Fields, Reading, plain_arguments

# These return the value that they read, at most in another shape.
VIEWS = frozenset(
    [
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
    ]
)


@cache
def renamed_operations() -> dict[str, str]:
    """Return the operations that have another name here, with the same fields."""
    found = {name: kind for kind in OPERATORS for name in load_operator(kind).recorded_from}
    return found | {"bmm": "matmul"}


def read_operation(name: str, given: Fields, output: torch.Tensor) -> Reading:
    """Return the kind and the fields of an operation.

    ``name`` is PyTorch's name, ``given`` are the arguments by name, ``output`` the first output.
    """
    name = name.removesuffix("_")
    if name in READERS:
        return READERS[name](given, output)
    if "batch_norm" in name:
        return "batchnorm", {"eps": given.get("eps", given.get("epsilon"))}
    fields = plain_arguments(given)
    if isinstance(fields.get("dim"), int):
        fields["dim"] %= max(output.dim(), 1)
    return renamed_operations().get(name, name), fields


def find_tensors(values: Any) -> list[torch.Tensor]:
    return [t for t in tree_leaves(values) if isinstance(t, torch.Tensor)]


def loses_precision(x: torch.Tensor, y: torch.Tensor) -> bool:
    """Return whether a value was cast to a dtype that cannot hold all of it."""
    return x.dtype != y.dtype and torch.promote_types(x.dtype, y.dtype) != y.dtype


READERS: dict[str, Callable[[Fields, torch.Tensor], Reading]] = {
    "convolution": readers.read_convolution,
    "addmm": readers.read_addmm,
    "mm": readers.read_mm,
    "linear": readers.read_linear,
    "mean": readers.read_mean,
    "amax": readers.read_amax,
    "mul": readers.read_mul,
    "div": readers.read_div,
    "add": readers.read_add,
    "max": readers.read_max,
    "threshold": readers.read_threshold,
    "clamp": readers.read_clamp,
    "clamp_min": readers.read_clamp,
    "hardtanh": readers.read_clamp,
    "cat": readers.read_concat,
    "select": readers.read_select,
    "slice": readers.read_slice,
    "constant_pad_nd": readers.read_pad,
    "permute": readers.read_permute,
    "transpose": readers.read_permute,
    "as_strided": readers.read_as_strided,
    "native_layer_norm": readers.norm_reader("layernorm", "eps"),
    "native_group_norm": readers.norm_reader("groupnorm", "group", "eps"),
    **{f"upsample_nearest{n}d": readers.upsample_reader("nearest") for n in (1, 2, 3)},
    "upsample_linear1d": readers.upsample_reader("bilinear"),
    "upsample_bilinear2d": readers.upsample_reader("bilinear"),
    "upsample_trilinear3d": readers.upsample_reader("bilinear"),
    **{
        f"{mode}_pad{n}d": readers.pad_reader(mode)
        for mode in ("reflection", "replication")
        for n in (1, 2, 3)
    },
    **{f"max_pool{n}d_with_indices": readers.pool_reader("maxpool") for n in (2, 3)},
    **{f"avg_pool{n}d": readers.pool_reader("avgpool") for n in (1, 2, 3)},
    **{f"_adaptive_avg_pool{n}d": readers.adaptive_pool_reader("avgpool") for n in (2, 3)},
    **{f"adaptive_max_pool{n}d": readers.adaptive_pool_reader("maxpool") for n in (2, 3)},
}
