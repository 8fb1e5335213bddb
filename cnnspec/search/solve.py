"""Solve: the best value of arguments under conditions, by bisection or by trying all.

Bisection needs a measure that grows with the argument. That is checked on all values tried, never
assumed: where it does not hold, all values are tried."""

from collections.abc import Sequence
from typing import Any

from cnnspec.analyses.comparison_selection import Condition
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.search.candidates import Candidate, DesignSpace, choose_numbers
from cnnspec.search.evaluator import CandidateEvaluator
from cnnspec.search.selection import Direction, read_measure

FEW = 256  # with at most so many candidates all are tried
PROBES = 17  # values that are tried before bisection, to see whether the measure grows


class Solution(Record):
    """The best candidate, or None with the one that comes nearest to the first condition.

    ``tried`` of ``size`` candidates were evaluated, by ``method``: "all" or "bisection"."""

    best: Candidate | None
    nearest: Candidate | None
    tried: int
    size: int
    method: str


def choose_goal(conditions: Sequence[Condition]) -> Direction:
    """Return the goal that the first condition suggests.

    An upper bound (``params <= 5M``) wants the measure large, a lower bound small."""
    if not conditions:
        raise RequestError("give a condition, such as --where 'params <= 5M'")
    first = conditions[0]
    return Direction(first.measure, large=first.holds in ("<", "<="))


def solve(
    evaluator: CandidateEvaluator,
    space: DesignSpace,
    conditions: Sequence[Condition],
    goal: Direction,
) -> Solution:
    """Find the candidate that meets all conditions and has the best value of the goal's measure.

    ``evaluator`` computes the measures of all of these, and has no conditions of its own. Raises
    RequestError for too many candidates."""
    numbers = choose_numbers(space)
    bisection = Bisection(evaluator, len(numbers), conditions, goal)
    if len(space.values) == 1 and len(numbers) > FEW:
        found = bisection.run()
        if found is not None:
            return found
    best, nearest = Best(), Best()
    wanted = conditions[0].wanted
    for number in numbers:
        candidate = bisection.known.get(number) or evaluator.evaluate(number)
        rank, value = goal.rank(candidate), read_measure(candidate, conditions[0].measure)
        if rank is not None and all(c(candidate) for c in conditions):
            best.offer(rank, candidate)
        if value is not None and not isinstance(wanted, str):
            nearest.offer(abs(value - wanted), candidate)
    missing = None if best.candidate else nearest.candidate
    return Solution(best.candidate, missing, len(numbers), len(numbers), "all")


class Best:
    """The candidate with the smallest rank, of those offered; the first of equal ones."""

    def __init__(self) -> None:
        self.candidate: Candidate | None = None
        self.rank: Any = None

    def offer(self, rank: Any, candidate: Candidate) -> None:
        """Keep a candidate if it is better than the one before."""
        if self.candidate is None or rank < self.rank:
            self.rank, self.candidate = rank, candidate


class Bisection:
    """Bisects the values of one argument, if the measures grow, or shrink, with it."""

    def __init__(
        self,
        evaluator: CandidateEvaluator,
        size: int,
        conditions: Sequence[Condition],
        goal: Direction,
    ):
        self.evaluator, self.size, self.conditions = evaluator, size, conditions
        self.goal = goal
        self.known: dict[int, Candidate] = {}

    def run(self) -> Solution | None:
        """Return the solution, or None where the measures are not seen to be monotone."""
        last = self.size - 1
        for i in range(PROBES):
            self.at(last * i // (PROBES - 1))
        if not self.is_monotone() or len({c.measure.key for c in self.conditions}) != 1:
            return None
        good = [i for i in self.known if self.meets(i)]
        if not good:
            return None
        # With one measure the values that meet an upper or a lower bound are an interval.
        better = max if self.improves_upwards() else min
        end = better(good)
        bound = better(0, last)
        while abs(bound - end) > 0:
            middle = (end + bound) // 2 if bound < end else (end + bound + 1) // 2
            if self.meets(middle):
                end = middle
            else:
                bound = middle - 1 if bound > end else middle + 1
        if not self.is_monotone():
            return None
        return Solution(self.at(end), None, len(self.known), self.size, "bisection")

    def at(self, i: int) -> Candidate:
        if i not in self.known:
            self.known[i] = self.evaluator.evaluate(i)
        return self.known[i]

    def meets(self, i: int) -> bool:
        return all(c(self.at(i)) for c in self.conditions)

    def improves_upwards(self) -> bool:
        """Whether larger values of the argument are better for the goal."""
        ranks = self.ranks()
        return bool(ranks[-1] <= ranks[0])

    def ranks(self) -> list[Any]:
        return [self.goal.rank(self.known[i]) for i in sorted(self.known)]

    def is_monotone(self) -> bool:
        """Whether all measures that matter grow, or shrink, over all values tried."""
        columns = [self.ranks()]
        for condition in self.conditions:
            columns.append(
                [read_measure(self.known[i], condition.measure) for i in sorted(self.known)]
            )
        return all(None not in values and is_sorted(values) for values in columns)


def is_sorted(values: list[Any]) -> bool:
    """Whether values never fall, or never rise."""
    return values in (sorted(values), sorted(values, reverse=True))
