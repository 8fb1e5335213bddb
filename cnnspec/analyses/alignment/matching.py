"""Match the calls of two recordings by their work and their connections, not by names.

Calls are paired if everything before them is equal, then if everything after them is equal; so one
change leaves the calls before and behind it paired. Between several changes, pairs grow along
edges, across calls that one side lacks and calls with other settings. The rest is paired in
execution order by the longest common subsequence."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from itertools import permutations, product
from typing import Any

from cnnspec.analyses.alignment.call_graph import (
    CONSTANT,
    Edge,
    Recording,
    find_readers,
    is_commutative,
    number_futures,
    number_pasts,
)

ROUNDS = 200  # of growing; with more changes than that, networks have little in common
Pairs = dict[int, int]  # calls of the spec to calls of the model
Same = Callable[[int, int], bool]


def match_calls(spec: Recording, model: Recording) -> Pairs:
    """Match the calls of a spec with those of a model."""
    pairs: Pairs = {}
    past, future = number_pasts(spec, model), number_futures(spec, model)
    both = [list(zip(p, f, strict=True)) for p, f in zip(past, future, strict=True)]
    for keys in (both, past, future):
        match_by_key(keys, spec, model, pairs)
    grow_pairs(spec, model, pairs)
    pair_gaps(spec, model, pairs)
    pairs.update(find_replacements(spec, model, pairs))
    return pairs


def match_by_key(keys: Any, spec: Recording, model: Recording, pairs: Pairs) -> None:
    """Pair the calls with equal keys: those that read the same, else in execution order."""
    back = {j: i for i, j in pairs.items()}
    free: dict[Any, list[int]] = defaultdict(list)
    for j, key in enumerate(keys[1]):
        if j not in back:
            free[key].append(j)
    for i, key in enumerate(keys[0]):
        there = free[key]
        if i not in pairs and there:
            j = there[0]
            if len(there) > 1:
                j = next((j for j in there if reads_agree(spec, model, i, j, pairs, back)), j)
            there.remove(j)
            pairs[i], back[j] = j, i


def trace_origins(
    side: Recording, edge: Edge, paired: Iterable[int], hops: int | None = None
) -> set[Edge]:
    """Trace a value back to its sources, across calls that the other side lacks.

    ``hops`` limits the number of such calls on the way; None is no limit."""
    found: set[Edge] = set()
    seen, front = {edge}, [edge]
    while front:
        steps = [
            e for e in front if e.call >= 0 and e.call not in paired and side.calls[e.call].reads
        ]
        found |= set(front) - set(steps) if hops is None or hops >= 0 else set()
        if hops is not None:
            hops -= 1
            if hops < 0:
                break
        front = [e for s in steps for e in side.calls[s.call].reads if e not in seen]
        seen |= set(front)
    return found


def reads_agree(
    spec: Recording,
    model: Recording,
    i: int,
    j: int,
    pairs: Pairs,
    back: Pairs,
    hops: int | None = 0,
) -> bool:
    """Whether two calls read the same, across ``hops`` calls that one side lacks (None: any)."""
    ours, theirs = spec.calls[i].reads, model.calls[j].reads
    if len(ours) != len(theirs):
        return False
    if all(
        a.call >= 0 and pairs.get(a.call) == b.call and a.port == b.port
        for a, b in zip(ours, theirs, strict=True)
    ):
        return True
    left = [trace_origins(spec, e, pairs, hops) for e in ours]
    right = [{translate_edge(o, back) for o in trace_origins(model, e, back, hops)} for e in theirs]
    orders = (
        permutations(right) if is_commutative(spec.calls[i].kind) and len(right) < 5 else [right]
    )
    return any(all(a & b for a, b in zip(left, order, strict=True)) for order in orders)


def translate_edge(edge: Edge, back: Pairs) -> Edge:
    """Translate a value of the model into one of the spec; call -2 if the spec lacks its call."""
    return Edge(back.get(edge.call, -2), edge.port) if edge.call >= 0 else CONSTANT


def grow_pairs(spec: Recording, model: Recording, pairs: Pairs) -> None:
    """Pair along edges: calls with the same work and reads, then across gaps, then of one kind."""
    back = {j: i for i, j in pairs.items()}
    above = find_readers(model)

    def alike(i: int, j: int) -> bool:
        return spec.calls[i].work == model.calls[j].work

    def of_one_kind(i: int, j: int) -> bool:
        return spec.calls[i].kind == model.calls[j].kind

    levels: list[tuple[Same, int, bool]] = [
        (alike, 0, True),
        (alike, 1, False),
        (alike, 3, False),
        (of_one_kind, 0, False),
    ]
    for _ in range(ROUNDS):
        for same, hops, many in levels:
            if extend_pairs(spec, model, pairs, back, above, same, hops, many):
                break
        else:
            return


def extend_pairs(
    spec: Recording,
    model: Recording,
    pairs: Pairs,
    back: Pairs,
    above: dict[int, list[tuple[int, int]]],
    same: Same,
    hops: int,
    many: bool,
) -> bool:
    """Pair calls that read the same, all or only the first; return whether any was found."""
    grown = False
    for i, call in enumerate(spec.calls):
        if i in pairs or not call.reads:
            continue
        near = {
            pairs[e.call]
            for read in call.reads
            for e in trace_origins(spec, read, pairs, hops)
            if e.call in pairs
        }
        steps = sorted(
            {j for k in near for j in find_unpaired_readers(model, k, back, above, hops)}
        )
        for j in steps:
            if same(i, j) and reads_agree(spec, model, i, j, pairs, back, hops):
                pairs[i], back[j], grown = j, i, True
                break
        if grown and not many:
            return True
    return grown


def find_unpaired_readers(
    model: Recording, j: int, back: Pairs, above: dict[int, list[tuple[int, int]]], hops: int
) -> set[int]:
    """Find the unpaired readers of call ``j``, across at most ``hops`` other unpaired calls."""
    found: set[int] = set()
    front = {j}
    for _ in range(hops + 1):
        front = {r for k in front for r, _ in above[k] if r >= 0 and r not in back} - found
        found |= front
    return found


def pair_gaps(spec: Recording, model: Recording, pairs: Pairs) -> None:
    """Pair the rest in execution order: by equal work, then by equal kind in one gap."""
    taken = set(pairs.values())
    ours = [i for i in range(len(spec.calls)) if i not in pairs]
    theirs = [j for j in range(len(model.calls)) if j not in taken]
    matcher = SequenceMatcher(
        None, [spec.calls[i].work for i in ours], [model.calls[j].work for j in theirs], False
    )
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pairs.update(zip(ours[a:b], theirs[c:d], strict=True))
        elif tag == "replace":
            kinds = SequenceMatcher(
                None,
                [spec.calls[i].kind for i in ours[a:b]],
                [model.calls[j].kind for j in theirs[c:d]],
                False,
            )
            for x, y, n in kinds.get_matching_blocks():
                pairs.update(zip(ours[a + x : a + x + n], theirs[c + y : c + y + n], strict=True))


def find_replacements(spec: Recording, model: Recording, pairs: Pairs) -> Pairs:
    """Pair calls of different kinds whose inputs and readers are paired."""
    back = {j: i for i, j in pairs.items()}
    ours, theirs = find_readers(spec), find_readers(model)
    found: Pairs = {}
    free = [j for j in range(len(model.calls)) if j not in back]
    for i, j in product([i for i in range(len(spec.calls)) if i not in pairs], free):
        if (
            i not in found
            and j not in found.values()
            and reads_agree(spec, model, i, j, pairs, back)
        ):
            above = {(pairs.get(r, r if r < 0 else -(9**9)), p) for r, p in ours[i]}
            if above and above == set(theirs[j]):
                found[i] = j
    return found
