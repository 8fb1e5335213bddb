"""Translate PyTorch's operations to the kinds and fields of cnnspec's operators.

PyTorch runs the same few dozen operations whether a model calls modules, functions or methods, in
place or not. Each becomes the operator of the same effect and its fields, without what follows from
its input (channels, batch), so that a change of one layer does not show on the layers after it. An
operation without a translation keeps its own name and arguments: nothing is left out. An operation
that does what several operators do is split into these: torch.add(x, y, alpha=a).
"""

from collections.abc import Callable
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from functools import cache
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from cnnspec.analyses.alignment.call_graph import Edge
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.pytorch.recording import readers, reduction_readers
from cnnspec.pytorch.recording.call_log import CallLog
from cnnspec.pytorch.recording.permutations import read_permute
from cnnspec.pytorch.recording.readers import Fields, Reading, holds_tensors, plain_arguments
from cnnspec.records import Record

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
def renamed_operations(known: int) -> dict[str, str]:
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
    return renamed_operations(len(OPERATORS)).get(name, name), fields


def find_tensors(values: Any) -> list[torch.Tensor]:
    return [t for t in tree_leaves(values) if isinstance(t, torch.Tensor)]


def list_outputs(result: Any) -> list[torch.Tensor]:
    """Return the tensors in what a model returned, which may be a dataclass."""
    if is_dataclass(result) and not isinstance(result, type):
        result = [getattr(result, f.name) for f in dataclass_fields(result)]
    return find_tensors(result)


def loses_precision(x: torch.Tensor, y: torch.Tensor) -> bool:
    """Return whether a value was cast to a dtype that cannot hold all of it."""
    return x.dtype != y.dtype and torch.promote_types(x.dtype, y.dtype) != y.dtype


READERS: dict[str, Callable[[Fields, torch.Tensor], Reading]] = {
    **dict.fromkeys(("convolution", "_convolution"), readers.read_convolution),
    "addmm": readers.read_addmm,
    "mm": readers.read_mm,
    "linear": readers.read_linear,
    "mean": reduction_readers.read_mean,
    "amax": reduction_readers.read_amax,
    "mul": readers.read_mul,
    "div": readers.read_div,
    "add": readers.read_add,
    "sub": readers.read_sub,
    "neg": readers.read_neg,
    "sum": reduction_readers.reduction_reader("sum"),
    "amin": reduction_readers.reduction_reader("amin"),
    "max": reduction_readers.read_max,
    "threshold": readers.read_threshold,
    "clamp": readers.read_clamp,
    "clamp_min": readers.read_clamp,
    "hardtanh": readers.read_clamp,
    "cat": readers.read_concat,
    "select": readers.read_select,
    "slice": readers.read_slice,
    "constant_pad_nd": readers.read_pad,
    "permute": read_permute,
    "transpose": read_permute,
    "as_strided": readers.read_as_strided,
    "native_layer_norm": readers.norm_reader("layernorm", "eps"),
    "native_group_norm": readers.norm_reader("groupnorm", "group", "eps"),
    **{f"upsample_nearest{n}d": readers.upsample_reader("nearest") for n in (1, 2, 3)},
    "upsample_linear1d": readers.upsample_reader("bilinear"),
    "upsample_bilinear2d": readers.upsample_reader("bilinear"),
    "upsample_trilinear3d": readers.upsample_reader("bilinear"),
    "upsample_bicubic2d": readers.upsample_reader("bicubic"),
    **{f"_upsample_nearest_exact{n}d": readers.upsample_reader("nearest-exact") for n in (1, 2, 3)},
    **{
        f"{mode}_pad{n}d": readers.pad_reader(mode)
        for mode in ("reflection", "replication")
        for n in (1, 2, 3)
    },
    **{f"max_pool{n}d_with_indices": reduction_readers.pool_reader("maxpool") for n in (2, 3)},
    **{f"avg_pool{n}d": reduction_readers.pool_reader("avgpool") for n in (1, 2, 3)},
    **{
        f"_adaptive_avg_pool{n}d": reduction_readers.adaptive_pool_reader("avgpool") for n in (2, 3)
    },
    **{f"adaptive_max_pool{n}d": reduction_readers.adaptive_pool_reader("maxpool") for n in (2, 3)},
}


class Part(Record):
    """One of the calls that an operation is split into, with what it reads and returns.

    ``fixed`` are the buffers whose numbers are in ``fields``.
    """

    kind: str
    fields: Fields
    tensors: list[torch.Tensor]
    outputs: list[torch.Tensor]
    fixed: tuple[str, ...] = ()


class Split(Record):
    """The calls that an operation is split into, and the origins of the tensors made for them."""

    parts: list[Part]
    origins: list[tuple[torch.Tensor, Edge]] = []


def split_operation(
    log: CallLog, name: str, given: Fields, origins: list[Any], outputs: list[torch.Tensor]
) -> Split | None:
    """Return the calls that an operation is, or None where it is one call.

    ``name`` is PyTorch's name, ``given`` are the arguments by name, ``origins`` those of its
    tensors. What the parts return is computed here.
    """
    if name.startswith(("split", "unbind")):
        return split_into_slices(given, outputs)
    if name in ("add", "add_") and given.get("alpha", 1) != 1 and holds_tensors(given["other"]):
        return split_scaled_add(given, outputs)
    if name == "rsub" and not holds_tensors(given["other"]) and given.get("alpha", 1) == 1:
        return split_reversed_subtraction(given, outputs)
    if name == "sum" and given.get("dim") and len(given["dim"]) == 1 and not given["keepdim"]:
        stack = log.maker(origins[0], "stack") if isinstance(origins[0], Edge) else None
        rank = given["self"].dim()
        if stack and stack.fields.get("dim", 0) % rank == given["dim"][0] % rank:
            return split_sum_of_stack(log, given, origins[0], outputs)
    return None


def split_into_slices(given: Fields, outputs: list[torch.Tensor]) -> Split:
    """Split a tensor that is cut into pieces into one slice for each piece."""
    x, start = given["self"], 0
    dim, parts = given.get("dim", 0) % x.dim(), []
    for t in outputs:
        length = t.shape[dim] if t.dim() == x.dim() else 1
        fields = {"dim": dim, "start": start, "length": length, "step": 1}
        parts.append(Part("slice", fields, [x], [t]))
        start += length
    return Split(parts)


def split_scaled_add(given: Fields, outputs: list[torch.Tensor]) -> Split:
    """Split torch.add(x, y, alpha=a) into x + a * y."""
    scaled = given["other"] * given["alpha"]
    product = Part("mul", {"other": given["alpha"]}, [given["other"]], [scaled])
    return Split([product, Part("add", {}, [given["self"], scaled], outputs)])


def split_reversed_subtraction(given: Fields, outputs: list[torch.Tensor]) -> Split:
    """Split a - x, of a number a, into -1 * x + a."""
    negative = -given["self"]
    product = Part("mul", {"other": -1}, [given["self"]], [negative])
    return Split([product, Part("add", {"other": given["other"]}, [negative], outputs)])


def split_sum_of_stack(
    log: CallLog, given: Fields, edge: Edge, outputs: list[torch.Tensor]
) -> Split | None:
    """Split torch.stack([a, b, c]).sum(0) into (a + b) + c."""
    stack = log.new[edge.call]
    terms = [t.clone() for t in given["self"].unbind(given["dim"][0])]
    if stack is None or len(stack.reads) != len(terms) or len(terms) < 2:
        return None
    log.absorbed.add(edge.call)
    parts, total = [], terms[0]
    for i, term in enumerate(terms[1:], 2):
        after = outputs[0] if i == len(terms) else total + term
        parts.append(Part("add", {}, [total, term], [after]))
        total = after
    return Split(parts, list(zip(terms, stack.reads, strict=True)))
