"""Solve: the best value of arguments under conditions, by bisection or by trying all.

Bisection needs a measure that grows with the argument. That is checked on all values tried, never
assumed: where it does not hold, all values are tried."""

from collections.abc import Sequence
from typing import Any

from cnnspec.analyses.comparison_selection import Condition
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.search.candidates import (
    Candidate,
    CandidateEvaluator,
    DesignSpace,
    choose_settings,
)
from cnnspec.search.sweep import Direction, read_measure, run_sweep

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

    Raises RequestError for too many candidates."""
    chosen, _ = choose_settings(space)
    settings = list(chosen)
    if len(space.values) == 1 and len(settings) > FEW:
        found = Bisection(evaluator, settings, conditions, goal).run()
        if found is not None:
            return found
    result = run_sweep(evaluator, settings, conditions, sort=goal)
    known = [c for c in result.kept if goal.rank(c) is not None]
    nearest = None if known else find_nearest(evaluator, settings, conditions)
    return Solution(known[0] if known else None, nearest, result.tried, len(settings), "all")


class Bisection:
    """Bisects the values of one argument, if the measures grow, or shrink, with it."""

    def __init__(
        self,
        evaluator: CandidateEvaluator,
        settings: list[dict[str, Any]],
        conditions: Sequence[Condition],
        goal: Direction,
    ):
        self.evaluator, self.settings, self.conditions = evaluator, settings, conditions
        self.goal = goal
        self.known: dict[int, Candidate] = {}

    def run(self) -> Solution | None:
        """Return the solution, or None where the measures are not seen to be monotone."""
        last = len(self.settings) - 1
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
        return Solution(self.at(end), None, len(self.known), len(self.settings), "bisection")

    def at(self, i: int) -> Candidate:
        if i not in self.known:
            self.known[i] = self.evaluator.evaluate(self.settings[i])
        return self.known[i]

    def meets(self, i: int) -> bool:
        subject = self.at(i).subject
        return subject is not None and all(c(subject) for c in self.conditions)

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


def find_nearest(
    evaluator: CandidateEvaluator,
    settings: list[dict[str, Any]],
    conditions: Sequence[Condition],
) -> Candidate | None:
    """Return the candidate whose measure is nearest to the bound of the first condition."""
    found = [evaluator.evaluate(given) for given in settings]
    first = conditions[0]
    values = [(read_measure(c, first.measure), c) for c in found]
    known = [
        (abs(value - first.wanted), i) for i, (value, _) in enumerate(values) if value is not None
    ]
    return values[min(known)[1]][1] if known and not isinstance(first.wanted, str) else None
