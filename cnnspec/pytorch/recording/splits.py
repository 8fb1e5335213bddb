"""Split an operation that does what several of cnnspec's operators do: torch.add(x, y, alpha=a)."""

from typing import Any

import torch

from cnnspec.analyses.alignment.call_graph import Edge
from cnnspec.pytorch.recording.merges import CallLog
from cnnspec.pytorch.recording.readers import Fields, holds_tensors
from cnnspec.records import Record


class Part(Record):
    """One of the calls that an operation is split into, with what it reads and returns."""

    kind: str
    fields: Fields
    tensors: list[torch.Tensor]
    outputs: list[torch.Tensor]


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
    if name in ("add", "add_") and given.get("alpha", 1) != 1 and holds_tensors(given["other"]):
        return split_scaled_add(given, outputs)
    if name == "sum" and given.get("dim") and len(given["dim"]) == 1 and not given["keepdim"]:
        stack = log.maker(origins[0], "stack") if isinstance(origins[0], Edge) else None
        rank = given["self"].dim()
        if stack and stack.fields.get("dim", 0) % rank == given["dim"][0] % rank:
            return split_sum_of_stack(log, given, origins[0], outputs)
    return None


def split_scaled_add(given: Fields, outputs: list[torch.Tensor]) -> Split:
    """Split torch.add(x, y, alpha=a) into x + a * y."""
    scaled = given["other"] * given["alpha"]
    product = Part("mul", {"other": given["alpha"]}, [given["other"]], [scaled])
    return Split([product, Part("add", {}, [given["self"], scaled], outputs)])


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
