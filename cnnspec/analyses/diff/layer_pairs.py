"""Pair the layers of two lists by the cheapest edit of one list into the other.

A layer's work counts more than its name. One layer inserted, removed, changed or renamed is
cheapest as exactly that, even if the names of all later layers move on by one."""

from bisect import bisect_left
from collections.abc import Hashable

from cnnspec.records import Record

# the costs of pairing two layers with: the same work; the same name and operator; the same name;
# the same operator
RENAMED, CHANGED, REPLACED, REDONE = 1, 4, 6, 7
ALONE = 4  # cost of an inserted or removed layer
CELLS = 1_000_000  # the largest table of edit costs, about 0.3 s
KEEP, DROP, ADD = 0, 1, 2


class LayerToken(Record):
    """What identifies a layer: its work (hashable), its name and its operator."""

    work: Hashable
    name: str
    op: str


Tokens = list[LayerToken]
Pairs = dict[int, int]


def pair_layers(left: Tokens, right: Tokens) -> Pairs:
    """Pair layers: map indices in ``left`` to indices in ``right``, both rising."""
    pairs: Pairs = {}
    a, b = 0, 0
    for i, j in [
        *(pair_anchors(left, right) if len(left) * len(right) > CELLS else pair_ends(left, right)),
        (len(left), len(right)),
    ]:
        pair_between(left, right, range(a, i), range(b, j), pairs)
        if i < len(left):
            pairs[i] = j
        a, b = i + 1, j + 1
    return dict(sorted(pairs.items()))


def pair_ends(left: Tokens, right: Tokens) -> list[tuple[int, int]]:
    """Pair the equal layers at the beginning and at the end."""
    most = min(len(left), len(right))
    start = next((i for i in range(most) if left[i] != right[i]), most)
    end = next((i for i in range(most - start) if left[-1 - i] != right[-1 - i]), most - start)
    return [
        *((i, i) for i in range(start)),
        *((len(left) - i, len(right) - i) for i in range(end, 0, -1)),
    ]


def pair_anchors(left: Tokens, right: Tokens) -> list[tuple[int, int]]:
    """Pair equal layers by the longest rising sequence; a name occurs once in each list."""
    places = {token.name: j for j, token in enumerate(right)}
    same = [
        (i, places[t.name])
        for i, t in enumerate(left)
        if t.name in places and right[places[t.name]] == t
    ]
    tails: list[int] = []  # the smallest end of a rising sequence of each length
    last: list[int] = []  # the pair that ends it
    before: list[int] = []  # the pair before each one in its sequence
    for k, (_, j) in enumerate(same):
        n = bisect_left(tails, j)
        before.append(last[n - 1] if n else -1)
        tails[n : n + 1], last[n : n + 1] = [j], [k]
    found, k = [], last[-1] if last else -1
    while k >= 0:
        found.append(same[k])
        k = before[k]
    return found[::-1]


def pair_between(left: Tokens, right: Tokens, rows: range, columns: range, pairs: Pairs) -> None:
    """Pair the layers between two pairs; by name if there are too many for an edit distance."""
    if not rows or not columns:
        return
    if len(rows) * len(columns) > CELLS:
        places, least = {right[j].name: j for j in columns}, -1
        for i in rows:
            if (j := places.get(left[i].name, -1)) > least:
                pairs[i] = least = j
        return
    moves = find_cheapest_moves([left[i] for i in rows], [right[j] for j in columns])
    i, j = len(rows), len(columns)
    while i or j:
        move = moves[i][j]
        i, j = i - (move != ADD), j - (move != DROP)
        if move == KEEP:
            pairs[rows[i]] = columns[j]


def find_cheapest_moves(left: Tokens, right: Tokens) -> list[bytearray]:
    """Find the last move of the cheapest edit of each prefix of ``left`` into each of ``right``."""
    known: dict[Hashable, int] = {}
    works = [known.setdefault(t.work, len(known)) for t in right]
    names, ops = [t.name for t in right], [t.op for t in right]
    cost = [ALONE * j for j in range(len(right) + 1)]
    moves = [bytearray([ADD]) * len(cost)]
    for token in left:
        work, name, op = known.get(token.work, -1), token.name, token.op
        row, above, here = bytearray([DROP]), cost, cost[0] + ALONE
        cost = [here]
        for j, its in enumerate(works):
            if its == work:
                kept = above[j] + (names[j] != name) * RENAMED
            elif names[j] == name:
                kept = above[j] + (CHANGED if ops[j] == op else REPLACED)
            else:
                kept = above[j] + (REDONE if ops[j] == op else 2 * ALONE + 1)
            dropped = above[j + 1] + ALONE
            here += ALONE
            if kept <= dropped and kept <= here:
                here = kept
                row.append(KEEP)
            elif dropped <= here:
                here = dropped
                row.append(DROP)
            else:
                row.append(ADD)
            cost.append(here)
        moves.append(row)
    return moves
