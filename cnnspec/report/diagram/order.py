"""The order within each layer: few crossings, by barycentres (Sugiyama, Tagawa & Toda 1981) and by
exchanging neighbours (Gansner, Koutsofios, North & Vo 1993, A technique for drawing directed
graphs, section 3)."""

from bisect import bisect_right

from cnnspec.report.diagram.layers import Layered, Segment

SWEEPS = 12


def order(drawing: Layered) -> None:
    """Put each layer of a drawing in order; of equal orders the first found stays: that of the
    lines of the spec."""
    best, fewest = [[*layer] for layer in drawing.layers], crossings(drawing)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        ranks = (
            range(1, len(drawing.layers))
            if sweep % 2 == 0
            else range(len(drawing.layers) - 2, -1, -1)
        )
        for rank in ranks:
            gap = drawing.gaps[rank - 1] if sweep % 2 == 0 else drawing.gaps[rank]
            arrange(drawing, rank, gap, down=sweep % 2 == 0)
        exchange(drawing)
        found = crossings(drawing)
        if found < fewest:
            best, fewest = [[*layer] for layer in drawing.layers], found
    drawing.layers[:] = best


def arrange(drawing: Layered, rank: int, gap: list[Segment], down: bool) -> None:
    """Sort a layer by the mean place of what each vertex is connected with in the layer before;
    others stay."""
    place = {v: i for i, v in enumerate(drawing.layers[rank - 1 if down else rank + 1])}
    pulls: dict[int, list[int]] = {}
    for segment in gap:
        here, there = (segment.lower, segment.upper) if down else (segment.upper, segment.lower)
        pulls.setdefault(here, []).append(place[there])
    layer = drawing.layers[rank]
    free = [i for i, v in enumerate(layer) if v in pulls]
    ranked = sorted((layer[i] for i in free), key=lambda v: sum(pulls[v]) / len(pulls[v]))
    for i, v in zip(free, ranked, strict=True):
        layer[i] = v


def exchange(drawing: Layered) -> None:
    """Exchange neighbours as long as that saves crossings."""
    for rank, layer in enumerate(drawing.layers):
        links: list[dict[int, list[int]]] = [{}, {}]
        for side, gap in ((0, drawing.gaps[rank - 1] if rank else []), (1, drawing.gaps[rank])):
            there = drawing.layers[rank - 1 if side == 0 else (rank + 1) % len(drawing.layers)]
            place = {v: i for i, v in enumerate(there)}
            for segment in gap:
                here, other = (
                    (segment.lower, segment.upper) if side == 0 else (segment.upper, segment.lower)
                )
                links[side].setdefault(here, []).append(place[other])
        better = True
        while better:
            better = False
            for i in range(len(layer) - 1):
                a, b = layer[i], layer[i + 1]
                if saved(links, a, b) > 0:
                    layer[i], layer[i + 1] = b, a
                    better = True


def saved(links: list[dict[int, list[int]]], a: int, b: int) -> int:
    """How many crossings fewer there are with ``b`` before ``a``."""
    pairs = [(x, y) for side in links for x in side.get(a, ()) for y in side.get(b, ())]
    return sum(x > y for x, y in pairs) - sum(x < y for x, y in pairs)


def crossings(drawing: Layered) -> int:
    """How many pairs of segments cross, were they straight: the inversions of their lower ends."""
    total = 0
    for rank, gap in enumerate(drawing.gaps[:-1]):
        above = {v: i for i, v in enumerate(drawing.layers[rank])}
        below = {v: i for i, v in enumerate(drawing.layers[rank + 1])}
        seen: list[int] = []
        for _, end in sorted((above[s.upper], below[s.lower]) for s in gap):
            at = bisect_right(seen, end)
            total += len(seen) - at
            seen.insert(at, end)
    return total
