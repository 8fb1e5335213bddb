"""Improve the pairs of two recordings until no small change gives fewer differences."""

from collections.abc import Iterator

from cnnspec.analyses.alignment.call_graph import (
    Recording,
    find_family,
    find_readers,
    kinds_agree,
)
from cnnspec.analyses.alignment.changes import Change, find_changes, join_moved_calls
from cnnspec.analyses.alignment.matching import Pairs, find_replacements, reads_agree

EFFORT = 40_000  # trials for each pairing, times the calls of the spec
NEAR = 8  # calls between a call and another one of its side that may take its place
Readers = dict[int, list[tuple[int, int]]]


def improve_pairs(
    spec: Recording, model: Recording, candidates: list[Pairs], heads: int | None
) -> Pairs:
    """Improve several pairings, and return the one with the fewest differences, or the first."""
    first, *others = [PairSearch(spec, model, pairs, heads) for pairs in candidates]
    found = [first, *sorted(others, key=lambda search: search.cost)[:1]]
    for search in found:
        search.run()
    return min(found, key=lambda search: search.cost).pairs


def count_rows(change: Change) -> float:
    """Count a change, so that unlike calls are only paired where all around them agrees.

    A call whose settings differ, and also what it reads, counts as two; one of another kind almost
    as two calls, one lacking on each side."""
    rows = 1.9 if "op" in change.fields else 1.0
    return rows + 1 if change.fields and change.reads else rows


class PairSearch:
    """A search for better pairs: ``pairs`` are the best so far, ``cost`` counts differences."""

    def __init__(self, spec: Recording, model: Recording, pairs: Pairs, heads: int | None):
        self.spec, self.model, self.heads = spec, model, heads
        self.readers: tuple[Readers, Readers] = find_readers(spec), find_readers(model)
        self.places = {id(call): i for side in (spec, model) for i, call in enumerate(side.calls)}
        self.pairs = pairs
        self.cost, self.changes = self.evaluate(pairs)
        self.trials = 0
        self.most_trials = EFFORT // max(len(spec.calls), 1)

    def evaluate(self, pairs: Pairs) -> tuple[float, list[Change]]:
        """Return the cost of pairs and the differences.

        A call that moved counts almost as two, one lacking on each side: often these are two calls
        that only look alike."""
        found = list(find_changes(self.spec, self.model, pairs, self.heads))
        cost = sum(count_rows(c) + 0.001 * len(c.fields) for c in found)
        unlike = [c for c in found if c.reads or "op" in c.fields]
        cost += sum(0.95 for c in unlike if self.is_elsewhere(c, pairs))
        single = len(found)
        joined = join_moved_calls(self.spec, self.model, pairs, found)
        return cost - 0.1 * (single - len(joined)), joined

    def is_elsewhere(self, change: Change, pairs: Pairs) -> bool:
        """Whether no call just before or after a paired call is beside its partner too."""
        i, j = self.places.get(id(change.spec)), self.places.get(id(change.model))
        if i is None or j is None:
            return False
        beside = self.list_neighbours(1, j)
        return not any(pairs.get(k) in beside for k in self.list_neighbours(0, i))

    def list_neighbours(self, side: int, i: int) -> set[int]:
        """Return the calls that a call reads, and its readers; outputs are negative."""
        calls = (self.spec, self.model)[side].calls
        return {e.call for e in calls[i].reads} | {r for r, _ in self.readers[side][i]}

    def run(self) -> None:
        """Take each proposal that gives fewer differences, until there is none."""
        while len(self.changes) > 1 and self.trials < self.most_trials and self.step():
            pass

    def step(self) -> bool:
        """Take the first proposal that gives fewer differences; return whether there is one."""
        for pairs in self.proposals():
            self.trials += 1
            cost, changes = self.evaluate(pairs)
            if cost < self.cost:
                self.pairs, self.cost, self.changes = pairs, cost, changes
                return True
            if self.trials >= self.most_trials:
                break
        return False

    def proposals(self) -> Iterator[Pairs]:
        """Yield pairs with small changes where there are differences."""
        spec, model, pairs = self.spec, self.model, self.pairs
        back = {j: i for i, j in pairs.items()}
        more = find_replacements(spec, model, pairs)
        if more:
            yield pairs | more
        lost = [i for i in range(len(spec.calls)) if i not in pairs]
        new = [j for j in range(len(model.calls)) if j not in back]
        for i in lost:
            for j in new:
                if self.can_pair(i, j):
                    yield pairs | {i: j}
        astray = [
            i for i, j in pairs.items() if not reads_agree(spec, model, i, j, pairs, back, None)
        ]
        for i in astray:
            for other in self.other_partners(i, pairs, back):
                yield swap_partners(pairs, back, i, other)
                yield self.swap_chain(pairs, back, i, other)
            yield {k: j for k, j in pairs.items() if k != i}
        if astray:
            yield from self.shifts(pairs, back, lost, new)

    def shifts(self, pairs: Pairs, back: Pairs, lost: list[int], new: list[int]) -> Iterator[Pairs]:
        """Yield pairs that give the partners of a chain of calls to an equal chain near it."""
        for i in lost:
            for k in self.find_near(0, i):
                if k in pairs and self.can_pair(i, pairs[k]):
                    yield self.shift(pairs, 0, i, k)
        for j in new:
            for k in self.find_near(1, j):
                if k in back and self.can_pair(back[k], j):
                    yield invert(self.shift(back, 1, j, k))

    def find_near(self, side: int, i: int) -> list[int]:
        """Return the calls at most NEAR calls before or after a call, the nearest first."""
        calls = (self.spec, self.model)[side].calls
        found: dict[int, None] = {}
        for forward in (False, True):
            front = [i]
            for _ in range(NEAR):
                if forward:
                    front = [r for k in front for r, _ in self.readers[side][k] if r >= 0]
                else:
                    front = [e.call for k in front for e in calls[k].reads if e.call >= 0]
                front = [k for k in dict.fromkeys(front) if k not in found]
                found.update(dict.fromkeys(front))
        return list(found)

    def shift(self, pairs: Pairs, side: int, i: int, k: int) -> Pairs:
        """Give unpaired ``i`` the partner of ``k``, and so on along both chains.

        ``i`` and ``k`` are calls of one side, 0 for the spec; ``pairs`` are from that side."""
        found = dict(pairs)
        found[i] = found.pop(k)
        kinds = [call.kind for call in (self.spec, self.model)[side].calls]
        for forward in (True, False):
            a, b = self.neighbour(side, i, forward), self.neighbour(side, k, forward)
            while min(a, b) >= 0 and a not in found and b in found and kinds[a] == kinds[b]:
                found[a] = found.pop(b)
                a, b = self.neighbour(side, a, forward), self.neighbour(side, b, forward)
        return found

    def can_pair(self, i: int, j: int) -> bool:
        ours, theirs = self.spec.calls[i], self.model.calls[j]
        if "input" in (ours.kind, theirs.kind):
            return False
        return kinds_agree(ours, theirs) or find_family(ours.kind) == find_family(theirs.kind)

    def other_partners(self, i: int, pairs: Pairs, back: Pairs) -> list[int]:
        """Return the calls of the model that read what ``i`` reads and could be its partner."""
        near = [pairs[e.call] for e in self.spec.calls[i].reads if e.call in pairs]
        found = {r for k in near for r, _ in self.readers[1][k] if r >= 0}
        # and those whose readers are the partners of the readers of i
        above = [pairs[r] for r, _ in self.readers[0][i] if r in pairs]
        found |= {e.call for k in above for e in self.model.calls[k].reads if e.call >= 0}
        return sorted(j for j in found if j != pairs[i] and self.can_pair(i, j))

    def swap_chain(self, pairs: Pairs, back: Pairs, i: int, j: int) -> Pairs:
        """Give ``i`` the partner ``j``, and so on for the calls before and after both."""
        for forward in (True, False):
            a, b = i, j
            while a not in (-1, None) and pairs.get(a) != b and self.can_pair(a, b):
                pairs = swap_partners(pairs, back, a, b)
                back = {y: x for x, y in pairs.items()}
                following = self.neighbour(0, a, forward), self.neighbour(1, b, forward)
                if following[0] < 0 or following[1] < 0:
                    break
                a, b = following
            if forward and pairs.get(i) == j:
                i, j = self.neighbour(0, i, False), self.neighbour(1, j, False)
                if i < 0 or j < 0:
                    break
        return pairs

    def neighbour(self, side: int, i: int, forward: bool) -> int:
        """Return the only reader of a call, or the only call that it reads; else -1."""
        if forward:
            readers = self.readers[side][i]
            return readers[0][0] if len(readers) == 1 else -1
        reads = (self.spec, self.model)[side].calls[i].reads
        return reads[0].call if len(reads) == 1 else -1


def invert(pairs: Pairs) -> Pairs:
    return {j: i for i, j in pairs.items()}


def swap_partners(pairs: Pairs, back: Pairs, i: int, j: int) -> Pairs:
    """Return pairs in which ``j`` is the partner of ``i``, and their partners are a pair."""
    found = {k: v for k, v in pairs.items() if k != i and v != j}
    if i in pairs and j in back:
        found[back[j]] = pairs[i]
    found[i] = j
    return found
