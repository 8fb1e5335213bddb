"""Compare a graph with another model, a library's or a user's: calls, tensors, values, gradients.

Both run in inference and in training, on two random examples of the spec's input size, with all
weights drawn at random. Compared are the calls and their settings, dropout and its probability,
parameters, buffers and which of them are shared, all outputs, the values after each call, the
running statistics after training, and the gradients of a user's model. Where calls differ, more
draws and another input size show whether both compute the same. Such runs do not show how the
model treats other batches, its initial weights, or which parameters are frozen.
"""

from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import nn

from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, PASSED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError, describe_exception
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.check_calls import (
    REFERENCE,
    SAME_CALLS,
    SAME_FUNCTION,
    check_calls,
    unprovable_differences,
)
from cnnspec.pytorch.compare_gradients import compare_gradients
from cnnspec.pytorch.compare_values import RunFunction, model_reached_limits
from cnnspec.pytorch.draws import (
    Draw,
    DrawComparison,
    ModelUnderTest,
    align_draw,
    compare_draw,
    constant_calls,
    draw_runs,
    value_checks,
)
from cnnspec.pytorch.precision import FLOAT32, FLOAT64
from cnnspec.pytorch.quick_shapes import QuickShapes
from cnnspec.pytorch.random_weights import in_mode, restoring_tensors
from cnnspec.pytorch.recording.recorder import record_built_module
from cnnspec.units import Shape, format_plural, format_shape

SEED = 2016
MOST_DRAWS = 5  # until all values vary with the input
# Scales of the inputs and of the weights: large values reach limits that small ones do not.
MORE_DRAWS = ((8.0, 1.0), (1.0, 3.0))
SMALL = 32  # a smaller side is doubled for another input size, a larger one grows by so much
ResizeGraph = Callable[[Shape], Graph]


def compare_model(
    graph: Graph,
    model: nn.Module,
    name: str,
    device: str,
    run: RunFunction | None = None,
    demand: str = SAME_FUNCTION,
    seed: int = SEED,
    resize: ResizeGraph | None = None,
) -> list[Check]:
    """Compare a graph with a model on a device, with a batch of two.

    In float64, and in float32 if the model cannot be run in float64.

    ``demand`` is SAME_CALLS, SAME_FUNCTION or REFERENCE of :mod:`check_calls`. The model gets back
    the tensors that it had, except a reference. ``run`` runs the model (default: call it), and
    ``resize`` makes the graph for another input shape.
    """
    tested = ModelUnderTest(model, name, device, run, demand)
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


class ModelError(Exception):
    """An exception that a model raised, in one line."""


def run_draw(
    graph: Graph, tested: ModelUnderTest, seed: int, scales: tuple[float, float] = (1.0, 1.0)
) -> Draw:
    """Run the model on one draw. Raises ModelError for all that it raises, SystemExit too."""
    try:
        return draw_runs(tested, [n.output for n in graph.inputs], seed, *scales)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ModelError(describe_exception(error)) from None


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
        compared.append(compare_draw(graph, tested, draw, align_draw(graph, draw, recordings)))
    if demand == REFERENCE or calls.status == PASSED:
        checks = [shapes, *value_checks(compared, name)]
        if demand != REFERENCE and all(c.status == PASSED for c in checks):
            checks.append(compare_gradients(graph, tested, compared[-1], seed))
        if any(c.status != PASSED for c in checks):  # calls that are not aligned may be the cause
            calls = check_calls(found, name, demand, True)
        return [calls, *checks]
    if shapes.status == PASSED and compared[-1].same:
        return compare_other_calls(graph, tested, compared, recordings, shapes, seed, resize)
    return [calls, shapes]


def compare_other_calls(
    graph: Graph,
    tested: ModelUnderTest,
    compared: list[DrawComparison],
    recordings: list[Recording],
    shapes: Check,
    seed: int,
    resize: ResizeGraph | None,
) -> list[Check]:
    """Compare a model whose calls differ, and whose values were the same in the first draws.

    Draws again at other scales and at another input size. Where all is the same, the calls that
    differ become notes, except those that values cannot excuse. Raises ModelError.
    """
    name = tested.name
    for i, scales in enumerate(MORE_DRAWS):
        draw = run_draw(graph, tested, seed + MOST_DRAWS + i, scales)
        compared.append(compare_draw(graph, tested, draw, align_draw(graph, draw, recordings)))
    calls = check_calls(compared[0].alignments, name, SAME_CALLS)
    other, size = compare_at_another_size(graph, tested, seed, resize)
    if not all(c.same for c in compared):
        return [calls.replace(detail="the outputs of other draws differ"), shapes]
    if other and not other.same:
        return [calls.replace(detail=f"the outputs {size} differ"), shapes]
    alignments = [a for c in compared for a in c.alignments]
    ours = {r for c in compared for v in c.values for r in v.reached}
    theirs = {
        r
        for c in compared
        for run in (c.draw.inferred, c.draw.trained)
        for r in model_reached_limits(run)
    }
    bad = unprovable_differences(alignments[:2], ours, theirs)
    counted = [d.replace(count=1) for d in bad]
    notes = tuple(d for d in calls.differences if d.replace(count=1) not in counted)
    detail = f"other calls, same function: {format_plural(len(compared), 'draw')}, {size}"
    calls = Check(
        "calls",
        name,
        FAILED if bad else PASSED,
        calls.compared,
        "the values are the same, but they do not show what these calls do" if bad else detail,
        tuple(bad),
        notes=notes,
    )
    checks = [shapes, *value_checks(compared, name)]
    if all(c.status == PASSED for c in checks):
        checks.append(compare_gradients(graph, tested, compared[-1], seed))
    return [calls, *checks]


def compare_at_another_size(
    graph: Graph, tested: ModelUnderTest, seed: int, resize: ResizeGraph | None
) -> tuple[DrawComparison | None, str]:
    """Compare at another input size, where the spec and the model take one, and say which."""
    shape = graph.inputs[0].output
    if resize is None or len(graph.inputs) != 1 or len(shape) < 2:
        return None, "at one input size"
    larger = (shape[0], *(n + min(n, SMALL) for n in shape[1:]))
    try:
        resized = resize(larger)
    except (SpecError, RequestError):
        return None, "at one input size (the spec takes no other)"
    if resized.unfit or resized.resized:
        return None, "at one input size (the spec takes no other)"
    try:
        draw = run_draw(resized, tested, seed)
    except ModelError:
        return None, f"at one input size (the model does not take {format_shape(larger)})"
    found = align_draw(resized, draw, record_on_meta(resized))
    return compare_draw(resized, tested, draw, found), f"also at {format_shape(larger)}"


def record_on_meta(graph: Graph) -> list[Recording]:
    """Record what a graph runs in inference and in training, quickly, on the meta device."""
    built = build_module(graph, "meta")
    inputs = tuple(torch.empty(2, *n.output, device="meta") for n in graph.inputs)
    found = []
    for training in (False, True):
        with in_mode(built, training), QuickShapes():
            found.append(record_built_module(graph, built, inputs)[0])
    return found


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
