"""Sweep: evaluate many candidates, here or on an engine, and keep those that meet conditions."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cnnspec.search.chunks import evaluate_in_chunks
from cnnspec.search.engines import Engine
from cnnspec.search.evaluator import CandidateEvaluator
from cnnspec.search.selection import CandidateSelection, Direction, SweepResult

if TYPE_CHECKING:
    from cnnspec.search.store import ResultStore


def run_sweep(
    evaluator: CandidateEvaluator,
    numbers: Sequence[int],
    pareto: Sequence[Direction] = (),
    sort: Direction | None = None,
    limit: int | None = None,
    progress: Callable[[int], None] = lambda tried: None,
    engine: Engine | None = None,
    store: "ResultStore | None" = None,
) -> SweepResult:
    """Evaluate the candidates of these numbers; keep those that meet all conditions, best first.

    ``pareto``, ``sort`` and ``limit`` are those of CandidateSelection. ``progress`` is called with
    the number of candidates tried so far. Candidates in ``store`` are read from it, and the others
    are written into it, chunk by chunk. Raises RequestError where the engine or the store fails."""
    selection = CandidateSelection(pareto, sort, limit)
    left: Sequence[int] = numbers
    if store is not None:
        wanted = numbers if isinstance(numbers, range) else set(numbers)
        known = set()
        for candidate in store.read():
            known.add(candidate.number)
            if candidate.number in wanted:
                selection.add(candidate)
        left = [number for number in numbers if number not in known]
    progress(selection.tried)
    for found in evaluate_in_chunks(evaluator, left, engine or Engine()):
        if store is not None:
            store.add(found)
        for candidate in found:
            selection.add(candidate)
        progress(selection.tried)
    return selection.result([c.text for c in (*evaluator.early, *evaluator.late)].index)
