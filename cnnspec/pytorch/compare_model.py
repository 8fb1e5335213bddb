"""Compare a graph with another model, a library's or a user's: calls, tensors, values, gradients.

Both run in inference and in training, on two random examples of the spec's input size, with all
weights drawn at random. Compared are the calls and their settings, dropout and its probability,
parameters, buffers and which of them are shared, all outputs, the values after each call, the
running statistics after training, and the gradients of a user's model. Where calls differ, more
draws and another input size show whether both compute the same. Such runs do not show how the
model treats other batches, its initial weights, or which parameters are frozen.
"""

from contextlib import nullcontext

import torch
from torch import nn

from cnnspec.analyses.verdict import IMPOSSIBLE, PASSED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.pytorch.check_calls import REFERENCE, SAME_CALLS, SAME_FUNCTION, check_calls
from cnnspec.pytorch.compare_draws import compare_draw, constant_calls, value_checks
from cnnspec.pytorch.compare_gradients import compare_gradients
from cnnspec.pytorch.compare_other_calls import compare_other_calls
from cnnspec.pytorch.compare_sizes import ResizeGraph, check_calls_at_another_size
from cnnspec.pytorch.compare_values import RunFunction
from cnnspec.pytorch.draws import (
    MOST_DRAWS,
    ModelError,
    ModelUnderTest,
    align_draw,
    record_on_meta,
    run_draw,
)
from cnnspec.pytorch.precision import FLOAT32, FLOAT64
from cnnspec.pytorch.random_weights import restoring_tensors
from cnnspec.pytorch.tensor_pairs import TensorPairs
from cnnspec.units import format_plural

SEED = 2016


def compare_model(
    graph: Graph,
    model: nn.Module,
    name: str,
    device: str,
    run: RunFunction | None = None,
    demand: str = SAME_FUNCTION,
    seed: int = SEED,
    resize: ResizeGraph | None = None,
    pairs: TensorPairs | None = None,
) -> list[Check]:
    """Compare a graph with a model on a device, with a batch of two.

    In float64, and in float32 if the model cannot be run in float64.

    ``demand`` is SAME_CALLS, SAME_FUNCTION or REFERENCE of :mod:`check_calls`. The model gets back
    the tensors that it had, except a reference. ``run`` runs the model (default: call it), and
    ``resize`` makes the graph for another input shape. ``pairs`` are tensors of both that are known
    to be the same.
    """
    tested = ModelUnderTest(model, name, device, run, demand, pairs=pairs or [])
    with restoring_tensors(model) if demand != REFERENCE else nullcontext():
        return compare_without_restoring(graph, tested, seed, resize)


def compare_without_restoring(
    graph: Graph, tested: ModelUnderTest, seed: int = SEED, resize: ResizeGraph | None = None
) -> list[Check]:
    """Do what :func:`compare_model` does, but leave the model changed."""
    try:
        return compare_draws(graph, tested, seed, resize)
    except ModelError as error:
        if tested.precision == FLOAT64:
            checks = compare_without_restoring(
                graph, tested.replace(precision=FLOAT32), seed, resize
            )
            if checks[0].name != "run":
                detail = f"in float32, as the model cannot be run in float64: {error}"
                checks[0] = checks[0].replace(
                    detail="; ".join(filter(None, [checks[0].detail, detail]))
                )
            return checks
        detail = f"it cannot be run on this spec's input: {error}"
        return [Check("run", tested.name, IMPOSSIBLE, detail=detail)]


def compare_draws(
    graph: Graph, tested: ModelUnderTest, seed: int, resize: ResizeGraph | None
) -> list[Check]:
    """Compare one draw, and more where calls differ or values do not vary. Raises ModelError."""
    name, demand = tested.name, tested.demand
    draw, recordings = run_draw(graph, tested, seed), record_on_meta(graph)
    found = align_draw(graph, draw, recordings)
    calls = check_calls(found, name, demand)
    shapes = check_output_shapes(graph, draw.inferred.outputs, name)
    if demand != REFERENCE and calls.status != PASSED and shapes.status != PASSED:
        return [calls, explain_shapes(shapes)]
    if demand == SAME_CALLS and calls.status != PASSED:
        return [calls, shapes]
    compared = [compare_draw(graph, tested, draw, found)]
    while compared[-1].same and len(compared) < MOST_DRAWS and constant_calls(compared):
        draw = run_draw(graph, tested, seed + len(compared))
        aligned = align_draw(graph, draw, recordings)
        compared.append(compare_draw(graph, tested, draw, aligned, compared[-1].way))
    if demand == REFERENCE or calls.status == PASSED:
        checks = [shapes, *value_checks(compared, name)]
        if demand != REFERENCE and all(c.status == PASSED for c in checks):
            checks.append(compare_gradients(graph, tested, compared[-1], seed))
            calls = check_calls_at_another_size(graph, tested, calls, draw, seed, resize)
        elif any(c.status != PASSED for c in checks):  # calls that are not aligned may be the cause
            calls = check_calls(found, name, demand, True)
        return [calls, *checks]
    if shapes.status == PASSED and compared[-1].same:
        return compare_other_calls(graph, tested, compared, recordings, shapes, seed, resize)
    return [calls, shapes]


def check_output_shapes(graph: Graph, outputs: list[torch.Tensor], name: str) -> Check:
    """Check that the model's outputs of inference have the same shapes."""
    found = []
    for i, node in enumerate(graph.outputs):
        other = tuple(outputs[i].shape[1:]) if i < len(outputs) else None
        if other != node.output:
            cause = "the shape of an output"
            found.append(Difference(node.name, "output", node.output, other, cause))
    return make_check("outputs", name, format_plural(len(graph.outputs), "output shape"), found)


def explain_shapes(shapes: Check) -> Check:
    """Return a failed check of shapes whose differences are notes: they follow from the calls."""
    notes = shapes.differences
    return shapes.replace(differences=(), notes=notes, detail="other shapes, as calls differ")
