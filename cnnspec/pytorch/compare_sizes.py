"""Compare a model at another input size, where both sides take one.

A pool as large as its map does what a global pool does, and so does an interpolation to a fixed
size what one by a factor does, but at one input size only.
"""

from collections.abc import Callable

import torch

from cnnspec.analyses.alignment.align import align_recordings
from cnnspec.analyses.verdict import FAILED, Check
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError
from cnnspec.pytorch.compare_draws import DrawComparison, compare_draw
from cnnspec.pytorch.describe_calls import describe_changes
from cnnspec.pytorch.draws import (
    BATCH,
    Draw,
    ModelError,
    ModelUnderTest,
    align_draw,
    draw_inputs,
    raising_model_errors,
    record_on_meta,
    run_draw,
)
from cnnspec.pytorch.random_weights import in_mode
from cnnspec.pytorch.recording.dropouts import acts_in_training_only
from cnnspec.pytorch.recording.recorder import record_model
from cnnspec.units import Shape, format_shape

SMALL = 32  # a smaller side is doubled for another input size, a larger one grows by so much
ResizeGraph = Callable[[Shape], Graph]


def resize_graph(graph: Graph, resize: ResizeGraph | None) -> Graph | None:
    """Return the graph at a larger input size, None where it takes no other with its weights."""
    shape = graph.inputs[0].output
    if resize is None or len(graph.inputs) != 1 or len(shape) < 2:
        return None
    try:
        resized = resize((shape[0], *(n + min(n, SMALL) for n in shape[1:])))
    except (SpecError, RequestError):
        return None
    return None if resized.unfit or resized.resized else resized


def compare_at_another_size(
    graph: Graph, tested: ModelUnderTest, own: DrawComparison, seed: int, resize: ResizeGraph | None
) -> tuple[DrawComparison | None, str]:
    """Compare the values at another input size, where the spec and the model take one.

    Also returns which, in words. ``own`` is the comparison at the spec's own size.
    """
    resized = resize_graph(graph, resize)
    if resized is None:
        return None, "at one input size" + (" (the spec takes no other)" if resize else "")
    larger = format_shape(resized.inputs[0].output)
    try:
        other = run_draw(resized, tested, seed)
        check_batches(own.draw.inferred.outputs, other.inferred.outputs)
    except ModelError:
        return None, f"at one input size (the model does not take {larger})"
    found = align_draw(resized, other, record_on_meta(resized))
    return compare_draw(resized, tested, other, found, own.way), f"also at {larger}"


def check_calls_at_another_size(
    graph: Graph,
    tested: ModelUnderTest,
    calls: Check,
    draw: Draw,
    seed: int,
    resize: ResizeGraph | None,
) -> Check:
    """Check that the calls of a draw, which are the spec's at its own size, are so at another.

    Returns ``calls``, the passed check of that size, where they are or one side takes no other.
    """
    resized = resize_graph(graph, resize)
    if resized is None:
        return calls
    generator = torch.Generator().manual_seed(seed)
    inputs = draw_inputs(tested, [n.output for n in resized.inputs], generator)
    changes = []
    try:
        for training, ours in enumerate(record_on_meta(resized)[: 2 if modes_differ(draw) else 1]):
            with raising_model_errors(), in_mode(tested.model, bool(training)):
                theirs, outputs = record_model(tested.model, inputs, tested.run)
            check_batches((draw.trained if training else draw.inferred).outputs, outputs)
            changes.append(align_recordings(ours, theirs, len(graph.outputs)).changes)
    except ModelError:
        return calls
    if not any(changes):
        return calls
    detail = f"the calls differ at an input of {format_shape(resized.inputs[0].output)}"
    differences = tuple(describe_changes(*changes))
    return calls.replace(status=FAILED, detail=detail, differences=differences)


def modes_differ(draw: Draw) -> bool:
    """Return whether a model runs other calls in training, apart from dropout and the like."""
    inference, training = (
        [c.work for c in run.recording.calls if not acts_in_training_only(c.kind)]
        for run in (draw.inferred, draw.trained)
    )
    return inference != training


def check_batches(before: list[torch.Tensor], after: list[torch.Tensor]) -> None:
    """Raise ModelError where outputs of a batch have another batch at another input size.

    A model that reshapes to a fixed number of features puts values of an example into others.
    """
    for x, y in zip(before, after, strict=False):
        if x.dim() and len(x) == BATCH and (not y.dim() or len(y) != BATCH):
            raise ModelError("its outputs have another batch")
