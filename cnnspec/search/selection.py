"""What a search keeps of the candidates that it tries, in bounded memory where a limit is given.

Candidates come in any order. The result depends on their numbers only."""

from bisect import insort
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any

from cnnspec.analyses.comparison import Measure, find_measure
from cnnspec.analyses.comparison_selection import comparable_number
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.search.candidates import Candidate

SAMPLE = 3000  # dominated candidates that are kept for a picture
SCATTER = 2654435761  # 2**32 divided by the golden ratio: spreads numbers evenly (Knuth 1973, 6.4)


class Refusals(Record):
    """Settings that a spec refuses for one reason: how many, and the first, with its message."""

    rule: str
    count: int
    example: str
    number: int
    settings: dict[str, Any]


class SweepResult(Record):
    """The candidates that are left, and how many were not kept, by reason.

    ``failed`` counts by condition; a candidate counts for one condition that it fails.
    ``dominated`` counts those that others dominate, where a Pareto front was asked for, and
    ``dominated_sample`` are at most SAMPLE of them."""

    kept: list[Candidate]
    tried: int
    refused: list[Refusals]
    failed: dict[str, int]
    dominated: int = 0
    dominated_sample: tuple[Candidate, ...] = ()


class Direction(Record):
    """A measure with the wish that it be small, or with a ``-`` before its key large."""

    measure: Measure
    large: bool

    def rank(self, candidate: Candidate) -> Any:
        """Return a number that is smaller for a better candidate; None if the value is unknown."""
        value = read_measure(candidate, self.measure)
        return value if value is None or not self.large else -value


def parse_direction(key: str, option: str) -> Direction:
    """Parse ``macs`` or ``-receptive_field``, given by an option.

    Raises RequestError for an unknown measure, or one that is text."""
    measure = find_measure(key.removeprefix("-"))
    if measure.kind == "text":
        raise RequestError(f"{option} takes measures that are numbers, and {measure.key} is text")
    return Direction(measure, key.startswith("-"))


def read_measure(candidate: Candidate, measure: Measure) -> Any:
    """Return the number of a candidate's measure; None if the value is unknown."""
    return comparable_number(measure, candidate.value(measure.key))


class CandidateSelection:
    """Collects candidates one by one.

    ``pareto`` keeps those that no other dominates: none is at least as good in all these measures
    and better in one. ``sort`` sorts them, and ``limit`` keeps the first so many."""

    def __init__(
        self,
        pareto: Sequence[Direction] = (),
        sort: Direction | None = None,
        limit: int | None = None,
    ):
        self.sort, self.limit, self.tried, self.met = sort, limit, 0, 0
        self.front = ParetoFront(pareto) if pareto else None
        self.best: list[Candidate] = []  # without a Pareto front, in the order of the result
        self.refused: dict[str, Refusals] = {}
        self.failed: dict[str, int] = {}

    def add(self, candidate: Candidate) -> None:
        """Add one candidate."""
        self.tried += 1
        if candidate.refused is not None:
            self.add_refused(candidate, *candidate.refused)
        elif candidate.failed:
            self.failed[candidate.failed] = self.failed.get(candidate.failed, 0) + 1
        else:
            self.met += 1
            if self.front is not None:
                self.front.add(candidate)
            elif self.limit is None:
                self.best.append(candidate)
            else:
                insort(self.best, candidate, key=self.order)
                del self.best[self.limit :]

    def add_refused(self, candidate: Candidate, rule: str, message: str) -> None:
        """Count a candidate that the spec refuses."""
        before = self.refused.get(rule)
        count = 1 + (before.count if before else 0)
        if before is None or candidate.number < before.number:
            found = Refusals(rule, count, message, candidate.number, candidate.settings)
        else:
            found = before.replace(count=count)
        self.refused[rule] = found

    def order(self, candidate: Candidate) -> tuple[Any, ...]:
        """Return the key by which candidates are sorted; unknown values come last."""
        rank = self.sort.rank(candidate) if self.sort is not None else 0
        return (rank is None, 0 if rank is None else rank, candidate.number)

    def result(self, order: Callable[[str], Any] = lambda text: 0) -> SweepResult:
        """Return what is left. ``order`` sorts the texts of the conditions."""
        kept = self.best if self.front is None else self.front.candidates()
        reasons = sorted(self.refused.values(), key=lambda r: (-r.count, r.rule))
        return SweepResult(
            sorted(kept, key=self.order)[: self.limit],
            self.tried,
            reasons,
            dict(sorted(self.failed.items(), key=lambda item: order(item[0]))),
            self.met - len(kept) if self.front is not None else 0,
            self.front.sample() if self.front is not None else (),
        )


class ParetoFront:
    """The candidates that no other dominates, of those added so far.

    Candidates with unknown values are never among them; of equal ones all are."""

    def __init__(self, directions: Sequence[Direction]):
        self.directions = directions
        self.points: dict[tuple[Any, ...], list[Candidate]] = {}  # by their ranks
        self.dominated: list[tuple[int, int, Candidate]] = []  # a heap: the first goes first

    def add(self, candidate: Candidate) -> None:
        """Add one candidate, and drop those that it dominates."""
        ranks = tuple([d.rank(candidate) for d in self.directions])
        if None in ranks:
            return
        if ranks in self.points:
            self.points[ranks].append(candidate)
        elif any(is_as_good(point, ranks) for point in self.points):
            self.add_dominated(candidate)
        else:
            for point in [p for p in self.points if is_as_good(ranks, p)]:
                for dominated in self.points.pop(point):
                    self.add_dominated(dominated)
            self.points[ranks] = [candidate]

    def add_dominated(self, candidate: Candidate) -> None:
        """Keep a candidate for a picture: those that are kept depend on their numbers only."""
        place = -(candidate.number * SCATTER % 2**32)
        heappush(self.dominated, (place, candidate.number, candidate))
        if len(self.dominated) > SAMPLE:
            heappop(self.dominated)

    def sample(self) -> tuple[Candidate, ...]:
        """Return some of the candidates that others dominate, by their numbers."""
        return tuple(sorted([c for *_, c in self.dominated], key=lambda c: c.number))

    def candidates(self) -> list[Candidate]:
        """Return the candidates of the front."""
        return [candidate for found in self.points.values() for candidate in found]


def is_as_good(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Tell whether one point is at least as good as another in all measures."""
    return all(a <= b for a, b in zip(one, other, strict=True))
