"""A graph against another model, a library's or a user's: the same calls, the same tensors, the same values."""

from math import prod
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.alignment import Alignment, Change, align
from cnnspec.analyses.crosscheck import Difference
from cnnspec.analyses.dataflow import Recording
from cnnspec.analyses.verdict import IMPOSSIBLE, PASSED, Check, check
from cnnspec.graph.model import Graph
from cnnspec.twin.drawing import Uninitialised, draw, mode
from cnnspec.twin.executor import Twin, build
from cnnspec.twin.proof import Run, compared, ran
from cnnspec.twin.reading.recorder import record_twin
from cnnspec.twin.shapes import QuickShapes
from cnnspec.units import Shape

SEED = 2016
Batch = tuple[torch.Tensor, ...]


def against(graph: Graph, model: nn.Module, name: str, device: str, run: Run | None = None,
            strict: bool = True) -> list[Check]:
    """All comparisons of a graph with a model on a device, in float64 with a batch of two; the model is changed.

    The calls of both must be the same; where not ``strict``, tensors that are used in the same order are enough.
    """
    model = model.to(device, torch.float64)
    generator = torch.Generator().manual_seed(SEED)
    draw(model, generator)
    inputs = tuple(torch.randn(2, *n.output, generator=generator, dtype=torch.float64).to(device) for n in graph.inputs)
    try:
        trained = ran(model, inputs, run, True)  # sets the running statistics, on which nothing in it depends
        theirs = ran(model, inputs, run, False)
    except Exception as error:
        return [Check("run", name, IMPOSSIBLE, detail=f"it cannot be run on this sheet's input: {told(error)}")]
    heads = len(graph.outputs)
    found = align(on_meta(graph, False), theirs.recording, heads), align(on_meta(graph, True), trained.recording, heads)
    checks = [aligned(found, name, strict), outputs(graph, theirs.outputs, name)]
    if strict and checks[0].status != PASSED:
        return checks
    with Uninitialised(), torch.device(device):
        twin = Twin(graph).to(device, torch.float64)
    pairs = by_calls(found[1]) if found[1].complete else by_order(found[1], twin, model)
    checks.append(moved(pairs, twin, model, name))
    if checks[-1].status != PASSED:
        return checks
    checks.append(values(graph, compared(graph, twin, inputs, theirs, found[0], False), "evaluation", name))
    checks.append(values(graph, compared(graph, twin, inputs, trained, found[1], True), "training", name))
    return checks


def on_meta(graph: Graph, training: bool) -> Recording:
    """What the twin runs, recorded on the meta device: it takes neither time nor memory."""
    twin = build(graph, "meta")
    inputs = tuple(torch.empty(2, *n.output, device="meta") for n in graph.inputs)
    with mode(twin, training), QuickShapes():
        return record_twin(graph, twin, inputs)[0]


def aligned(found: tuple[Alignment, Alignment], name: str, strict: bool) -> Check:
    """Whether the calls are the same, in evaluation and in training mode."""
    evaluation, training = found
    seen = [told_change(c) for c in evaluation.changes]
    seen += [d for d in map(told_change, training.changes) if d not in seen]
    pairs, calls = len(training.pairs), len(training.sheet.calls)
    return check("calls", name, f"{pairs} of {calls} calls aligned", seen if strict else [],
                 "" if strict or training.complete else "the others are not compared one by one")


def told_change(change: Change) -> Difference:
    """A difference of two recordings in words."""
    ours, theirs = change.sheet, change.model
    if ours is None:
        if theirs is None:
            return Difference("outputs", "order", *reads_of(change), "what the network gives")
        return Difference(theirs.place or "forward", "layer", None, theirs.kind, "the sheet lacks this layer")
    if theirs is None:
        return Difference(ours.place, "layer", ours.kind, None, "the model lacks this layer")
    place = theirs.place or "forward"
    if change.fields:
        left, right = (", ".join(f"{k} = {v[side]}" for k, v in change.fields.items()) for side in (0, 1))
        return Difference(ours.place, ours.kind, left, f"{right}, in {place}", ", ".join(change.fields))
    return Difference(ours.place, "reads", *reads_of(change), f"what it reads, in {place}")


def reads_of(change: Change) -> tuple[str, str]:
    left, right = change.reads or ((), ())
    return ", ".join(left), ", ".join(right)


def outputs(graph: Graph, theirs: list[torch.Tensor], name: str) -> Check:
    """Whether the outputs of inference have the same shapes."""
    found = []
    for i, node in enumerate(graph.outputs):
        other = tuple(theirs[i].shape[1:]) if i < len(theirs) else None
        if other != node.output:
            found.append(Difference(node.name, "output", node.output, other, "the shape of an output"))
    return check("outputs", name, f"{len(graph.outputs)} output shapes", found)


def by_calls(alignment: Alignment) -> list[tuple[str, str]]:
    """Tensors of the twin and of the model that aligned calls take: which is which."""
    sheet, model = alignment.sheet.calls, alignment.model.calls
    pairs = [(sheet[i].tensors, model[j].tensors) for i, j in sorted(alignment.pairs.items())]
    return list(dict.fromkeys(pair for a, b in pairs for pair in zip(a, b, strict=False)))


def by_order(alignment: Alignment, twin: Twin, model: nn.Module) -> list[tuple[str, str]]:
    """The same where calls are not aligned: parameters in the order of their first use, and buffers."""
    sheet, other = alignment.sheet.tensors(), alignment.model.tensors()
    pairs: list[tuple[str, str]] = []
    for ours, theirs in ((dict(twin.named_parameters()), dict(model.named_parameters())),
                         (dict(twin.named_buffers()), dict(model.named_buffers()))):
        pairs += zip([n for n in sheet if n in ours], [n for n in other if n in theirs], strict=False)
    return pairs


def moved(pairs: list[tuple[str, str]], twin: Twin, model: nn.Module, name: str) -> Check:
    """Move the model's weights into the twin; every tensor of both must have its partner."""
    ours, theirs = tensors(twin), tensors(model)
    found = []
    for mine, other in pairs:
        value = fitted(theirs[other], tuple(ours[mine].shape))
        if value is None:
            found.append(Difference(mine, "tensor", tuple(ours[mine].shape), tuple(theirs[other].shape),
                                    f"the shape of {other}"))
        else:
            ours[mine].copy_(value)
    lonely = [Difference(n, "tensor", tuple(t.shape), None, "the model uses no such tensor")
              for n, t in ours.items() if n not in {a for a, _ in pairs}]
    lonely += [Difference(n, "tensor", None, tuple(t.shape), "the sheet has no such tensor")
               for n, t in dict(model.named_parameters()).items() if n not in {b for _, b in pairs}]
    for side, names in enumerate(zip(*pairs, strict=True)):
        for n in sorted({n for n in names if names.count(n) > 1}):
            both = (f"used with {names.count(n)} tensors", "not shared") if side == 1 else ("not shared", "shared")
            lonely.append(Difference(n, "sharing", *both, "parameters are shared on one side only"))
    count = sum(prod(p.shape) for p in twin.parameters())
    return check("tensors", name, f"{len(pairs)} tensors, {count:,} parameters", found + lonely)


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers by name, without PyTorch's bookkeeping."""
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: t.detach() for name, t in named if t.is_floating_point()}


def fitted(value: torch.Tensor, shape: Shape) -> torch.Tensor | None:
    """A tensor in another shape, where that is only a matter of ones, or of channels that stand last."""
    def plain(s: Shape) -> Shape:
        return tuple(n for n in s if n != 1)

    if plain(tuple(value.shape)) == plain(shape):
        return value.reshape(shape)
    turned = value.movedim(-1, 1) if value.dim() > 2 else value
    return turned.reshape(shape) if plain(tuple(turned.shape)) == plain(shape) else None


def values(graph: Graph, outcome: Any, mode: str, name: str) -> Check:
    """Whether all values are the same, and vary with the input."""
    found: list[Difference] = outcome.differences
    constant = [Difference(n, "values", "vary with the input", "the same for two inputs", "nothing is proven here")
                for n in outcome.constant]
    detail = f"and {len(found) - 1} more behind it" if len(found) > 1 else ""
    return check(mode, name, f"outputs, and values after {outcome.calls} calls", found[:1] + constant, detail)


def told(error: Exception) -> str:
    """An exception of someone else's code in one line."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:300]}"
