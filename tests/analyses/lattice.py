"""Trace naively, on an unbounded lattice, what a node's positions depend on.

The trace follows the operators' definitions position by position, as sets of input positions. It
does not use the windows of cnnspec/ops."""

from fractions import Fraction
from itertools import product
from math import ceil, floor, lcm, prod
from typing import Any

from cnnspec.graph.model import Node

Position = tuple[int, ...]
ELEMENTWISE = ("relu", "add", "concat", "mul", "identity")


def each(value: Any, axis: int) -> Any:
    return value[axis] if isinstance(value, tuple) else value


def before(op: Any, w: int, axis: int, k: int, s: int, d: int) -> int:
    """Return the zeros before the input."""
    extent = d * (k - 1) + 1
    if op.padding == "half":
        return extent // 2
    if op.padding == "same":
        return max((ceil(w / s) - 1) * s + extent - w, 0) // 2
    padding = each(op.padding, axis)
    return padding[0] if isinstance(padding, tuple) else padding


def ratio(node: Node, axis: int) -> Fraction:
    """Return the input positions per output position of an operator that changes the size."""
    op: Any = node.op
    w, out = node.shapes[0][1 + axis], node.output[1 + axis]
    if node.kind == "upsample":
        return 1 / Fraction(op.scale_factor) if op.scale_factor else Fraction(w, out)
    return {
        "depth_to_space": lambda: Fraction(1, op.block),
        "adaptive_avgpool": lambda: Fraction(w, out),
        "conv_transpose": lambda: Fraction(1, each(op.stride, axis)),
    }.get(node.kind, lambda: Fraction(1))()


def reads(node: Node, axis: int, y: int) -> set[int]:
    """Return the input positions that output position ``y`` reads along one dimension."""
    op: Any = node.op
    w = node.shapes[0][1 + axis]
    if node.kind in ELEMENTWISE:
        return {y}
    if node.kind in ("conv", "maxpool", "avgpool"):
        k = each(op.kernel_size, axis)
        s = k if op.stride is None else each(op.stride, axis)
        d = each(getattr(op, "dilation", 1), axis)
        return {y * s - before(op, w, axis, k, s, d) + d * j for j in range(k)}
    if node.kind == "conv_transpose":
        k, s, p, d = (each(v, axis) for v in (op.kernel_size, op.stride, op.padding, op.dilation))
        span = range((y + p - d * k) // s - 1, (y + p) // s + 2)
        return {x for x in span if any(x * s - p + d * j == y for j in range(k))}
    if node.kind == "upsample":
        return interpolated(op.mode, y, ratio(node, axis))
    match node.kind:
        case "adaptive_avgpool":
            return set(range(floor(y * ratio(node, axis)), ceil((y + 1) * ratio(node, axis))))
        case "subsample":
            return {y * each(op.stride, axis)}
        case "space_to_depth":
            return {y * op.block + j for j in range(op.block)}
        case "depth_to_space":
            return {y // op.block}
        case "pad":
            return {y - each(op.padding, axis)}
        case "crop":
            kept = node.output[1 + axis]
            return {y + ((w - kept) // 2 if op.offset is None else each(op.offset, axis))}
    raise NotImplementedError(node.kind)


def interpolated(mode: str, y: int, r: Fraction) -> set[int]:
    """Return the pixels that position ``y`` of a map with 1/r times as many interpolates."""
    place = y * r if mode == "nearest" else (y + Fraction(1, 2)) * r - Fraction(1, 2)
    return {floor(place)} if mode == "nearest" else {floor(place), ceil(place)}


class Trace:
    """The dependencies of every node of a small graph; ``local`` None means no field.

    Raises OverflowError if positions repeat only after more than ``longest``."""

    def __init__(self, nodes: list[Node], longest: int):
        self.dimensions = len(nodes[0].output) - 1
        self.known: dict[tuple[int, Position], frozenset[Position]] = {}
        self.local: dict[int, list[Node] | None] = {}
        self.gated: dict[int, bool] = {}
        self.diverging: set[int] = set()
        self.period: dict[int, tuple[int, ...]] = {}
        for node in nodes:
            used = node.inputs[:1] if node.kind in ("crop", "upsample") else node.inputs
            self.period[node.index] = tuple(
                self.repeats(node, used, axis) for axis in range(self.dimensions)
            )
            if prod(self.period[node.index]) > longest:
                raise OverflowError
            self.enter(node, used)

    def repeats(self, node: Node, used: tuple[Node, ...], axis: int) -> int:
        """Return a number of positions after which dependencies repeat, a product of ratios."""
        periods = lcm(*(self.period[n.index][axis] for n in used))
        return periods * ratio(node, axis).denominator if used else 1

    def enter(self, node: Node, used: tuple[Node, ...]) -> None:
        """Find whether the node has a field, and of which inputs; one that sees all is a gate."""
        local = [n for n in used if self.local[n.index] is not None]
        gate = (
            node.kind == "mul"
            and bool(local)
            and all(n in local or n.index not in self.diverging for n in used)
            and len(local) < len(used)
        )
        self.gated[node.index] = gate or any(self.gated[n.index] for n in used)
        missing = len(local) < len(used) and not gate
        whole = node.kind == "global_avgpool"  # it sees the whole input, whatever it reads
        self.local[node.index] = None if missing or whole else local
        apart = len(local) > 1 and len({self.stride(n) for n in local}) > 1
        if (
            self.local[node.index] is None
            and all(n.index in self.diverging for n in used if n not in local)
            and missing
            and not whole
        ):
            self.diverging.add(node.index)
        elif apart and not missing:
            self.local[node.index] = None
            self.diverging.add(node.index)

    def at(self, node: Node, y: Position) -> frozenset[Position]:
        """Return the input positions that position ``y`` of the node depends on."""
        if not node.inputs:
            return frozenset([y])
        key = (node.index, y)
        if key not in self.known:
            taken = [sorted(reads(node, axis, place)) for axis, place in enumerate(y)]
            local = self.local[node.index] or []
            self.known[key] = frozenset().union(
                *(self.at(n, x) for n in local for x in product(*taken))
            )
        return self.known[key]

    def spans(self, node: Node, axis: int) -> list[tuple[int, int] | None]:
        """Return the lowest and highest input along ``axis``, by position over a period and one."""
        found: list[tuple[int, int] | None] = []
        for y in range(2 * self.period[node.index][axis]):
            others = [range(p) if a != axis else [y] for a, p in enumerate(self.period[node.index])]
            seen = {x[axis] for place in product(*others) for x in self.at(node, place)}
            found.append((min(seen), max(seen)) if seen else None)
        return found

    def stride(self, node: Node) -> tuple[Fraction, ...]:
        """Return the input positions from one output to the next, over a whole period."""
        return tuple(self.steps(node, axis) for axis in range(self.dimensions))

    def steps(self, node: Node, axis: int) -> Fraction:
        spans, period = self.spans(node, axis), self.period[node.index][axis]
        for first, later in zip(spans[:period], spans[period:], strict=True):
            if first is not None and later is not None:
                assert later[0] - first[0] == later[1] - first[1], "the period is one"
                return Fraction(later[0] - first[0], period)
        return Fraction(0)
