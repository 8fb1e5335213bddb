"""Match the calls of two recordings as sequences.

The pairs are those with the largest total likeness that do not cross each other, as Needleman and
Wunsch (1970) align proteins. That finds calls between many changes, but no calls that run in
another order, so it is done in two orders: the order of execution, and branch by branch."""

from collections import defaultdict
from collections.abc import Callable, Hashable

from cnnspec.analyses.alignment.call_graph import (
    MERGED,
    RecordedCall,
    Recording,
    find_family,
    is_commutative,
    kinds_agree,
)
from cnnspec.analyses.alignment.matching import Pairs

RADIUS = 4  # calls before and after a call whose kinds count for its likeness
LARGEST = 4_000_000  # cells of the table; larger networks are matched by equality only
Likeness = Callable[[int, int], float]  # of two calls by index; 0 if they cannot be a pair


def match_in_order(spec: Recording, model: Recording) -> list[Pairs]:
    """Match the calls in the order of execution, and branch by branch."""
    if len(spec.calls) * len(model.calls) > LARGEST:
        return []
    likeness = make_likeness(spec, model)
    orders = (
        [list_in_order(spec), list_in_order(model)],
        [
            list_by_branches(spec),
            list_by_branches(model),
        ],
    )
    return [match_sequences(ours, theirs, likeness) for ours, theirs in orders]


def list_in_order(side: Recording) -> list[int]:
    return [i for i, call in enumerate(side.calls) if call.kind != MERGED]


def list_by_branches(side: Recording) -> list[int]:
    """List the calls so that each branch is in one piece, the longest branch first."""
    depths: list[int] = []
    for call in side.calls:
        depths.append(1 + max([depths[e.call] for e in call.reads if e.call >= 0], default=0))
    order: list[int] = []
    seen: set[int] = set()
    read = {e.call for call in side.calls for e in call.reads}
    ends = [i for i in list_in_order(side) if i not in read]
    stack = [(i, False) for i in reversed(ends)]
    while stack:
        i, done = stack.pop()
        if done:
            order.append(i)
        elif i not in seen:
            seen.add(i)
            stack.append((i, True))
            calls = [e.call for e in side.calls[i].reads if e.call >= 0]
            if is_commutative(side.calls[i].kind):
                calls.sort(key=lambda c: -depths[c])
            stack.extend((c, False) for c in reversed(calls))
    order.sort(key=lambda i: side.calls[i].kind != "input")
    return order


def make_likeness(spec: Recording, model: Recording) -> Likeness:
    """Return a function that says how alike two calls are."""
    numbers: dict[Hashable, int] = {}
    works: list[list[int]] = [
        [numbers.setdefault(call.work, len(numbers)) for call in side.calls]
        for side in (spec, model)
    ]
    around = [number_surroundings(side, numbers) for side in (spec, model)]
    by_works: dict[tuple[int, int], float] = {}

    def likeness(i: int, j: int) -> float:
        if "input" in (spec.calls[i].kind, model.calls[j].kind):
            return 3.0 if i == j else 0.0  # inputs come first, in the order of the arguments
        a, b = works[0][i], works[1][j]
        if (a, b) not in by_works:
            by_works[a, b] = compare_work(spec.calls[i], model.calls[j])
        found = by_works[a, b]
        if not found:
            return 0.0
        for left, right in zip(around[0][i], around[1][j], strict=True):
            if left == right:
                found += 0.25
        return found + (0.4 if spec.calls[i].output == model.calls[j].output else 0.0)

    return likeness


def compare_work(ours: RecordedCall, theirs: RecordedCall) -> float:
    """Return how alike two calls are by what they do; 0 if one cannot replace the other."""
    if ours.work == theirs.work:
        return 3.0
    if kinds_agree(ours, theirs):
        names = {*ours.fields, *theirs.fields}
        differing = [k for k in names if ours.fields.get(k) != theirs.fields.get(k)]
        return 1.5 + 0.5 / (1 + len(differing))
    return 0.8 if find_family(ours.kind) == find_family(theirs.kind) else 0.0


def number_surroundings(side: Recording, numbers: dict[Hashable, int]) -> list[tuple[int, ...]]:
    """Number the surroundings of each call: the kinds 1 to RADIUS calls before it, and after it."""
    readers: dict[int, list[int]] = defaultdict(list)
    for i, call in enumerate(side.calls):
        for edge in call.reads:
            readers[edge.call].append(i)
    before = [[e.call for e in call.reads if e.call >= 0] for call in side.calls]
    after = [readers[i] for i in range(len(side.calls))]
    own = [numbers.setdefault(find_family(call.kind), len(numbers)) for call in side.calls]
    columns: list[list[int]] = []
    for near in (before, after):
        last = own
        for _ in range(RADIUS):
            keys = [(own[i], *sorted([last[k] for k in near[i]])) for i in range(len(own))]
            last = [numbers.setdefault(key, len(numbers)) for key in keys]
            columns.append(last)
    return list(zip(*columns, strict=True))


def match_sequences(ours: list[int], theirs: list[int], likeness: Likeness) -> Pairs:
    """Pair two sequences so that the pairs do not cross and their likeness is largest."""
    width = len(theirs) + 1
    above = [0.0] * width
    taken: list[bytearray] = []  # for each cell: 0 skip ours, 1 skip theirs, 2 pair
    for i in ours:
        row, steps = [0.0] * width, bytearray(width)
        best = 0.0
        for k, j in enumerate(theirs, 1):
            step = 0
            if above[k] >= best:
                best = above[k]
            else:
                step = 1
            value = likeness(i, j)
            if value and above[k - 1] + value > best:
                best, step = above[k - 1] + value, 2
            row[k], steps[k] = best, step
        above = row
        taken.append(steps)
    pairs: Pairs = {}
    a, b = len(ours), len(theirs)
    while a and b:
        step = taken[a - 1][b]
        if step == 2:
            pairs[ours[a - 1]] = theirs[b - 1]
        a, b = a - (step != 1), b - (step != 0)
    return pairs
