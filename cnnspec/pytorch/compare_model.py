"""A graph against another model, a library's or a user's: the same calls, the same tensors, the
same values.

Compared are one inference and one training pass, on two random examples of the sheet's size, with
all weights drawn at random: the calls and their settings, dropout and its probability, parameters,
buffers and which are shared, all outputs, values after each call, and the running statistics that
training leaves. What is not compared is what such passes do not show: other sizes of input and
batch, initial weights, and which parameters are frozen."""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment, Change, align_recordings
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.verdict import IMPOSSIBLE, PASSED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, build_module
from cnnspec.pytorch.compare_values import ModelRun, RunFunction, compare_values, run_model
from cnnspec.pytorch.meta_shapes import QuickShapes
from cnnspec.pytorch.random_weights import (
    RunningStatistics,
    SkipInitialization,
    draw_weights,
    in_mode,
    restoring_tensors,
)
from cnnspec.pytorch.recording.dropouts import acts_in_training_only
from cnnspec.pytorch.recording.record import record_built_module
from cnnspec.pytorch.transplant_weights import (
    pair_tensors_by_calls,
    pair_tensors_by_order,
    running_statistics_differences,
    transplant_weights,
    unequal_tensor_counts,
)

SEED = 2016
Batch = tuple[torch.Tensor, ...]


def compare_model(
    graph: Graph,
    model: nn.Module,
    name: str,
    device: str,
    run: RunFunction | None = None,
    strict: bool = True,
) -> list[Check]:
    """All comparisons of a graph with a model on a device, in float64 with a batch of two.

    The calls of both must be the same, and the model gets back the tensors that it had. Where not
    ``strict``, tensors that are used in the same order are enough, and the model is changed."""
    with restoring_tensors(model) if strict else nullcontext():
        return compare_without_restoring(graph, model, name, device, run, strict)


def compare_without_restoring(
    graph: Graph, model: nn.Module, name: str, device: str, run: RunFunction | None, strict: bool
) -> list[Check]:
    """The same, without giving back the model's tensors. Where values differ, so do the calls that
    are not aligned."""
    generator = torch.Generator().manual_seed(SEED)
    made = [
        torch.randn(2, *n.output, generator=generator, dtype=torch.float64) for n in graph.inputs
    ]
    inputs = tuple(x.to(device) for x in made)
    try:
        model = prepared(model, inputs, device, generator)
        left = RunningStatistics(model)
        trained = run_model(model, inputs, run, True)
        left.settle()  # on which nothing in that run depends
        theirs = run_model(model, inputs, run, False)
    except Exception as error:
        return [impossible(name, error)]
    heads, (evaluation, training) = len(graph.outputs), record_on_meta(graph)
    found = (
        align_recordings(evaluation, theirs.recording, heads),
        align_recordings(training, trained.recording, heads),
    )
    calls, shapes = (
        check_calls(found, name, strict),
        check_output_shapes(graph, theirs.outputs, name),
    )
    if strict and calls.status != PASSED:
        return [calls, shapes]
    rest = [
        shapes,
        *with_weights(graph, model, name, device, found, (theirs, trained), inputs, left),
    ]
    if any(c.status != PASSED for c in rest):
        calls = check_calls(found, name, strict, True)
    return [calls, *rest]


def with_weights(
    graph: Graph,
    model: nn.Module,
    name: str,
    device: str,
    found: tuple[Alignment, Alignment],
    theirs: tuple[ModelRun, ModelRun],
    inputs: Batch,
    left: RunningStatistics,
) -> Iterator[Check]:
    """The checks that need the model's weights in the twin, up to where they do not fit; then the
    values.

    ``found`` and ``theirs`` are of inference and of training, and ``left`` what training left.
    """
    with SkipInitialization(), torch.device(device):
        twin = BuiltModule(graph).to(device, torch.float64)
    pairs = (
        pair_tensors_by_calls(found[1])
        if found[1].complete
        else pair_tensors_by_order(found[1], twin, model)
    )
    yield (
        weights := transplant_weights(
            pairs, unequal_tensor_counts(found[1]) if found[1].complete else [], twin, model, name
        )
    )
    if weights.status != PASSED:
        return
    yield values(
        graph, compare_values(graph, twin, inputs, theirs[0], found[0], False), "evaluation", name
    )
    ours = RunningStatistics(twin)
    outcome = compare_values(graph, twin, inputs, theirs[1], found[1], True)
    outcome.differences.extend(
        running_statistics_differences(pairs, ours.current(), left.after_training)
    )
    yield values(graph, outcome, "training", name)


def prepared(model: nn.Module, inputs: Batch, device: str, generator: torch.Generator) -> nn.Module:
    """The model in float64 with drawn weights. Lazy modules get theirs by a first run. Whatever it
    raises goes on."""
    model = model.to(device, torch.float64)
    if any(torch.nn.parameter.is_lazy(p) for p in model.parameters()):
        with torch.no_grad():
            model(*inputs)
    draw_weights(model, generator)
    return model


def impossible(name: str, error: Exception) -> Check:
    return Check(
        "run",
        name,
        IMPOSSIBLE,
        detail=f"it cannot be run on this sheet's input in float64: {describe_exception(error)}",
    )


def record_on_meta(graph: Graph) -> list[Recording]:
    """What the twin runs in inference and in training, recorded on the meta device: it takes next
    to no time."""
    twin = build_module(graph, "meta")
    inputs = tuple(torch.empty(2, *n.output, device="meta") for n in graph.inputs)
    found = []
    for training in (False, True):
        with in_mode(twin, training), QuickShapes():
            found.append(record_built_module(graph, twin, inputs)[0])
    return found


def check_calls(
    found: tuple[Alignment, Alignment], name: str, strict: bool, wiring: bool = False
) -> Check:
    """Whether the calls are the same, in evaluation and in training mode.

    Where not ``strict``, they must be if each has its partner, and dropout in any case, unless the
    model has none at all, as libraries leave it out where it is not asked for. Whether other
    ``wiring`` comes to the same is left to the values, if it is not asked for."""
    evaluation, training = found
    every = [*evaluation.changes, *training.changes]
    detail = "" if strict or training.complete else "the others are not compared one by one"
    if not strict and not any(acts_in_training_only(call.kind) for call in training.model.calls):
        every = [c for c in every if not by_chance(c)]
        detail = (
            detail
            and "the model has no dropout; calls without a partner are not compared one by one"
        )
    if not strict and not wiring and not all(c.spec and c.model for c in every if not by_chance(c)):
        every = [c for c in every if by_chance(c)]
    seen = list(dict.fromkeys(map(told_change, every)))
    pairs, calls = len(training.pairs), len(training.spec.calls)
    return make_check("calls", name, f"{pairs} of {calls} calls aligned", seen, detail)


def by_chance(change: Change) -> bool:
    """Whether it is about dropout or its like, which values do not show."""
    return any(
        call is not None and acts_in_training_only(call.kind)
        for call in (change.spec, change.model)
    )


def told_change(change: Change) -> Difference:
    """A difference of two recordings in words."""
    ours, theirs = change.spec, change.model
    if ours is None:
        if theirs is None:
            return Difference("outputs", "order", *reads_of(change), "what the network gives")
        return Difference(
            theirs.place or "forward", "layer", None, theirs.kind, "the sheet lacks this layer"
        )
    if theirs is None:
        return Difference(ours.place, "layer", ours.kind, None, "the model lacks this layer")
    place = theirs.place or "forward"
    if change.fields:
        left, right = (
            ", ".join(f"{k} = {v[side]}" for k, v in change.fields.items() if v[side] is not None)
            for side in (0, 1)
        )
        return Difference(
            ours.place, ours.kind, left, f"{right}, in {place}", ", ".join(change.fields)
        )
    return Difference(ours.place, "reads", *reads_of(change), f"what it reads, in {place}")


def reads_of(change: Change) -> tuple[str, str]:
    left, right = change.reads or ((), ())
    return ", ".join(left), ", ".join(right)


def check_output_shapes(graph: Graph, theirs: list[torch.Tensor], name: str) -> Check:
    """Whether the outputs of inference have the same shapes."""
    found = []
    for i, node in enumerate(graph.outputs):
        other = tuple(theirs[i].shape[1:]) if i < len(theirs) else None
        if other != node.output:
            found.append(
                Difference(node.name, "output", node.output, other, "the shape of an output")
            )
    return make_check("outputs", name, f"{len(graph.outputs)} output shapes", found)


def values(graph: Graph, outcome: Any, mode: str, name: str) -> Check:
    """Whether all values are the same, and vary with the input."""
    found: list[Difference] = outcome.differences
    constant = [
        Difference(
            n, "values", "vary with the input", "the same for two inputs", "nothing is proven here"
        )
        for n in outcome.constant
    ]
    detail = f"and {len(found) - 1} more behind it" if len(found) > 1 else ""
    return make_check(
        mode, name, f"outputs, and values after {outcome.calls} calls", found[:1] + constant, detail
    )


def describe_exception(error: Exception) -> str:
    """An exception of someone else's code in one line."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:300]}"
