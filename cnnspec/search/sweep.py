"""Sweep: evaluate many settings of a spec, keep those that meet conditions, and rank them."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cnnspec.analyses.comparison import Measure, find_measure
from cnnspec.analyses.comparison_selection import Condition, comparable_number
from cnnspec.records import Record
from cnnspec.search.candidates import Candidate, CandidateEvaluator


class Refusals(Record):
    """Settings that a spec refuses for one reason: how many, and the message for one of them."""

    rule: str
    count: int
    example: str
    settings: dict[str, Any]


class SweepResult(Record):
    """The candidates that are left, and how many were not kept, by reason.

    ``failed`` counts by condition; a candidate counts for the first condition that it fails.
    ``dominated`` counts those that others dominate, where a Pareto front was asked for."""

    kept: list[Candidate]
    tried: int
    refused: list[Refusals]
    failed: dict[str, int]
    dominated: int = 0


class Direction(Record):
    """A measure with the wish that it be small, or with a ``-`` before its key large."""

    measure: Measure
    large: bool

    def rank(self, candidate: Candidate) -> Any:
        """Return a number that is smaller for a better candidate; None if the value is unknown."""
        value = read_measure(candidate, self.measure)
        return value if value is None or not self.large else -value


def parse_direction(key: str) -> Direction:
    """Parse ``macs`` or ``-receptive_field``. Raises RequestError for an unknown measure."""
    return Direction(find_measure(key.removeprefix("-")), key.startswith("-"))


def read_measure(candidate: Candidate, measure: Measure) -> Any:
    """Return the number of a candidate's measure; None if it is refused or the value unknown."""
    if candidate.subject is None:
        return None
    return comparable_number(measure, candidate.subject.value(measure.key))


def run_sweep(
    evaluator: CandidateEvaluator,
    settings: Iterable[dict[str, Any]],
    conditions: Sequence[Condition] = (),
    pareto: Sequence[Direction] = (),
    sort: Direction | None = None,
    limit: int | None = None,
    progress: Callable[[], None] = lambda: None,
) -> SweepResult:
    """Evaluate settings; keep the candidates that meet all conditions, best first.

    ``pareto`` keeps those that no other dominates: none is at least as good in all these measures
    and better in one. ``limit`` keeps the first so many. ``progress`` is called once for each."""
    kept, tried = [], 0
    refused: dict[str, Refusals] = {}
    failed = Counter[str]()
    for given in settings:
        candidate = evaluator.evaluate(given)
        tried += 1
        progress()
        if candidate.subject is None:
            rule, message = candidate.refused
            before = refused.get(rule)
            refused[rule] = (
                before.replace(count=before.count + 1)
                if before
                else Refusals(rule, 1, message, given)
            )
            continue
        unmet = next((c for c in conditions if not c(candidate.subject)), None)
        if unmet is None:
            kept.append(candidate)
        else:
            failed[unmet.text] += 1
    front = find_pareto_front(kept, pareto) if pareto else kept
    dominated = len(kept) - len(front)
    if sort is not None:
        known = [c for c in front if sort.rank(c) is not None]
        front = sorted(known, key=sort.rank) + [c for c in front if sort.rank(c) is None]
    reasons = sorted(refused.values(), key=lambda r: -r.count)
    return SweepResult(front[:limit], tried, reasons, dict(failed), dominated)


def find_pareto_front(
    candidates: Sequence[Candidate], directions: Sequence[Direction]
) -> list[Candidate]:
    """Return the candidates that no other dominates, in their order; unknown values are never best.

    Of candidates with equal values all are kept."""
    ranked = [(tuple(d.rank(c) for d in directions), c) for c in candidates]
    known = [(ranks, c) for ranks, c in ranked if None not in ranks]
    front: list[tuple[Any, ...]] = []
    for ranks in sorted({ranks for ranks, _ in known}):
        if not any(all(a <= b for a, b in zip(f, ranks, strict=True)) for f in front):
            front.append(ranks)
    best = set(front)
    return [c for ranks, c in known if ranks in best]
