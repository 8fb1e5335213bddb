"""Compare a model whose calls differ: more draws show whether it computes the same."""

from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.verdict import FAILED, PASSED, Check
from cnnspec.graph.model import Graph
from cnnspec.pytorch.check_calls import SAME_CALLS, check_calls, unprovable_differences
from cnnspec.pytorch.compare_draws import DrawComparison, compare_draw, value_checks
from cnnspec.pytorch.compare_gradients import compare_gradients
from cnnspec.pytorch.compare_sizes import ResizeGraph, compare_at_another_size
from cnnspec.pytorch.compare_values import model_reached_limits
from cnnspec.pytorch.describe_calls import is_random
from cnnspec.pytorch.draws import MOST_DRAWS, Draw, ModelUnderTest, align_draw, run_draw
from cnnspec.pytorch.real_values import relative_difference
from cnnspec.pytorch.recording.dropouts import acts_in_training_only
from cnnspec.units import format_plural

OTHER_DROPOUT = "dropout acts on other values"
# Scales of the inputs and of the weights: large values reach limits that small ones do not. The
# later ones of a row are tried where rounding alone changes the outputs at those before.
MORE_DRAWS = (((8.0, 1.0),), ((1.0, 3.0), (1.0, 2.0), (1.0, 1.5)))


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

    Draws again at other scales, with values that show where dropout acts, and at another input
    size. Where all is the same, the calls that differ become notes, except those that values cannot
    excuse. Raises ModelError.
    """
    name, way = tested.name, compared[-1].way
    for i, choices in enumerate(MORE_DRAWS):
        for scales in choices:
            drawn = seed + MOST_DRAWS + i, scales
            draw = run_draw(graph, tested, *drawn)
            found = compare_draw(graph, tested, draw, align_draw(graph, draw, recordings), way)
            if found.same or not is_unstable(graph, tested, draw, *drawn):
                compared.append(found)
                break
    calls = check_calls(compared[0].alignments, name, SAME_CALLS)
    if drops_values(recordings[1]):
        draw = run_draw(graph, tested, seed, marks=True)
        aligned = align_draw(graph, draw, recordings)
        if not compare_draw(graph, tested, draw, aligned, way).same:
            named = any(is_random(change) for a in aligned for change in a.changes)
            return [calls if named else calls.replace(detail=OTHER_DROPOUT), shapes]
    other, size = compare_at_another_size(graph, tested, compared[-1], seed, resize)
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


def drops_values(side: Recording) -> bool:
    """Return whether a run has dropout or the like."""
    return any(acts_in_training_only(call.kind) for call in side.calls)


def is_unstable(
    graph: Graph, tested: ModelUnderTest, draw: Draw, seed: int, scales: tuple[float, float]
) -> bool:
    """Return whether the model's own outputs differ when its inputs are the next numbers.

    Such a draw says nothing: two orders of the same sums differ as much. Raises ModelError."""
    moved = run_draw(graph, tested, seed, scales, rounded=True)
    return any(
        tested.precision.values < relative_difference(a, b) < float("inf")
        for one, other in ((draw.inferred, moved.inferred), (draw.trained, moved.trained))
        for a, b in zip(one.outputs, other.outputs, strict=False)
    )
