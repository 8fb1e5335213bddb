"""Compare a graph with another model, a library's or a user's: same calls, tensors and values.

Both run once in inference and once in training, on two random examples of the spec's input size,
with all weights drawn at random. Compared are the calls and their settings, dropout and its
probability, parameters, buffers and which of them are shared, all outputs, the values after each
call, and the running statistics after training. Such runs do not show how the model treats other
sizes of input and batch, its initial weights, or which parameters are frozen.
"""

from collections.abc import Iterator
from contextlib import nullcontext

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment, align_recordings
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.alignment.changes import Change
from cnnspec.analyses.verdict import IMPOSSIBLE, PASSED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, build_module
from cnnspec.pytorch.compare_values import (
    ModelRun,
    RunFunction,
    ValueComparison,
    compare_values,
    run_model,
)
from cnnspec.pytorch.describe_changes import describe_changes
from cnnspec.pytorch.load_models import describe_exception
from cnnspec.pytorch.meta_shapes import QuickShapes
from cnnspec.pytorch.random_weights import (
    RunningStatistics,
    SkipInitialization,
    draw_weights,
    in_mode,
    restoring_tensors,
)
from cnnspec.pytorch.recording.dropouts import acts_in_training_only
from cnnspec.pytorch.recording.recorder import record_built_module
from cnnspec.pytorch.transplant_weights import (
    pair_tensors_by_calls,
    pair_tensors_by_order,
    running_statistics_differences,
    transplant_weights,
    unequal_tensor_counts,
)
from cnnspec.pytorch.weight_norms import replace_normalized_weights
from cnnspec.units import format_plural

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
    """Compare a graph with a model on a device, in float64 and with a batch of two.

    Where ``strict``, the calls of both must be the same, and the model gets back the tensors that
    it had. Otherwise it is enough that tensors are used in the same order, and the model is
    changed. ``run`` runs the model (default: call it).
    """
    with restoring_tensors(model) if strict else nullcontext():
        return compare_without_restoring(graph, model, name, device, run, strict)


def compare_without_restoring(
    graph: Graph, model: nn.Module, name: str, device: str, run: RunFunction | None, strict: bool
) -> list[Check]:
    """Do what :func:`compare_model` does, but leave the model changed."""
    generator = torch.Generator().manual_seed(SEED)
    drawn = [
        torch.randn(2, *n.output, generator=generator, dtype=torch.float64) for n in graph.inputs
    ]
    inputs = tuple(x.to(device) for x in drawn)
    try:
        model = prepare_model(model, inputs, device, generator)
        statistics = RunningStatistics(model)
        trained = run_model(model, inputs, run, True)
        statistics.settle()  # the training pass does not depend on them, inference does
        inferred = run_model(model, inputs, run, False)
    except Exception as error:
        detail = f"it cannot be run on this spec's input in float64: {describe_exception(error)}"
        return [Check("run", name, IMPOSSIBLE, detail=detail)]
    heads, (evaluation, training) = len(graph.outputs), record_on_meta(graph)
    found = (
        align_recordings(evaluation, inferred.recording, heads),
        align_recordings(training, trained.recording, heads),
    )
    calls = check_calls(found, name, strict)
    shapes = check_output_shapes(graph, inferred.outputs, name)
    if strict and calls.status != PASSED:
        return [calls, shapes]
    rest = [
        shapes,
        *compare_with_weights(
            graph, model, name, device, found, (inferred, trained), inputs, statistics
        ),
    ]
    if any(c.status != PASSED for c in rest):  # calls that are not aligned may be the cause
        calls = check_calls(found, name, strict, True)
    return [calls, *rest]


def compare_with_weights(
    graph: Graph,
    model: nn.Module,
    name: str,
    device: str,
    found: tuple[Alignment, Alignment],
    runs: tuple[ModelRun, ModelRun],
    inputs: Batch,
    statistics: RunningStatistics,
) -> Iterator[Check]:
    """Copy the model's weights into the built module and, where they fit, compare all values.

    ``found`` and ``runs`` are those of inference and of training; ``statistics`` are the model's.
    """
    evaluation, training = found
    with SkipInitialization(), torch.device(device):
        built = BuiltModule(graph).to(device, torch.float64)
    if training.complete:
        pairs, unequal = pair_tensors_by_calls(training), unequal_tensor_counts(training)
    else:
        pairs, unequal = pair_tensors_by_order(training, built, model), []
    weights = transplant_weights(pairs, unequal, built, model, name)
    yield weights
    if weights.status != PASSED:
        return
    compared = compare_values(graph, built, inputs, runs[0], evaluation, False)
    yield check_values(compared, "evaluation", name)
    ours = RunningStatistics(built)
    compared = compare_values(graph, built, inputs, runs[1], training, True)
    compared.differences.extend(
        running_statistics_differences(pairs, ours.current(), statistics.after_training)
    )
    yield check_values(compared, "training", name)


def prepare_model(
    model: nn.Module, inputs: Batch, device: str, generator: torch.Generator
) -> nn.Module:
    """Return the model in float64 with drawn weights; lazy modules get theirs by a first run."""
    replace_normalized_weights(model)
    model = model.to(device, torch.float64)
    if any(torch.nn.parameter.is_lazy(p) for p in model.parameters()):
        with torch.no_grad():
            model(*inputs)
    draw_weights(model, generator)
    return model


def record_on_meta(graph: Graph) -> list[Recording]:
    """Record what a graph runs in inference and in training, quickly, on the meta device."""
    built = build_module(graph, "meta")
    inputs = tuple(torch.empty(2, *n.output, device="meta") for n in graph.inputs)
    found = []
    for training in (False, True):
        with in_mode(built, training), QuickShapes():
            found.append(record_built_module(graph, built, inputs)[0])
    return found


def check_calls(
    found: tuple[Alignment, Alignment], name: str, strict: bool, wiring: bool = False
) -> Check:
    """Check that the calls are the same, in evaluation and in training mode.

    Where not ``strict``, calls need to be the same only if each of them has a partner, and dropout
    in any case, unless the model has none at all, as libraries leave it out by default. Whether
    calls that are connected otherwise give the same is left to the values; with ``wiring`` these
    calls are differences too.
    """
    evaluation, training = found
    modes = [evaluation.changes, training.changes]
    detail = ""
    if not strict:
        if not training.complete:
            detail = "the others are not compared one by one"
        if not any(acts_in_training_only(call.kind) for call in training.model.calls):
            modes = [[c for c in changes if not is_random(c)] for changes in modes]
            if detail:
                detail = (
                    "the model has no dropout; calls without a partner are not compared one by one"
                )
        sure = [c for changes in modes for c in changes if not is_random(c)]
        if not wiring and not all(c.spec and c.model for c in sure):
            modes = [[c for c in changes if is_random(c)] for changes in modes]
    differences = describe_changes(*modes)
    compared = f"{len(training.pairs)} of {len(training.spec.calls)} calls aligned"
    return make_check("calls", name, compared, differences, detail)


def is_random(change: Change) -> bool:
    """Return whether a change is about dropout or the like, which values do not show."""
    calls = change.spec, change.model
    return any(call is not None and acts_in_training_only(call.kind) for call in calls)


def check_output_shapes(graph: Graph, outputs: list[torch.Tensor], name: str) -> Check:
    """Check that the model's outputs of inference have the same shapes."""
    found = []
    for i, node in enumerate(graph.outputs):
        other = tuple(outputs[i].shape[1:]) if i < len(outputs) else None
        if other != node.output:
            cause = "the shape of an output"
            found.append(Difference(node.name, "output", node.output, other, cause))
    return make_check("outputs", name, format_plural(len(graph.outputs), "output shape"), found)


def check_values(compared: ValueComparison, mode: str, name: str) -> Check:
    """Check that all values are the same, and that they vary with the input."""
    found = compared.differences
    constant = [
        Difference(
            n, "values", "vary with the input", "the same for two inputs", "this proves nothing"
        )
        for n in compared.constant
    ]
    detail = f"and {len(found) - 1} more after it" if len(found) > 1 else ""
    text = f"outputs, and values after {format_plural(compared.calls, 'call')}"
    return make_check(mode, name, text, found[:1] + constant, detail)
