"""Derivations: formulas with their symbols, numbers and results, and the steps that many operators
share."""

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit.windows import Axis
from cnnspec.records import Record
from cnnspec.units import Shape


class Step(Record):
    """One line of a derivation: ``quantity = formula``, the value of each symbol, and the result.

    The formula is arithmetic with ``floor``, ``ceil``, ``max`` and ``min``; with the numbers put in
    for the symbols it evaluates, exactly, to the result."""

    quantity: str
    formula: str
    values: dict[str, int]
    result: int


AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
TOGETHER = {1: "length", 2: "height and width", 3: "depth, height and width"}
SYMBOLS = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
KERNEL = {1: ("m",), 2: ("m", "n"), 3: ("l", "m", "n")}


def symbols(table: dict[int, tuple[str, ...]], n: int) -> tuple[str, ...]:
    """The customary symbols of ``n`` dimensions, numbered where there are none."""
    return table.get(n) or tuple(f"{table[1][0]}{i + 1}" for i in range(n))


def each_axis(parts: Sequence[Any]) -> list[tuple[str, Any]]:
    """Each spatial dimension's name and part; dimensions that are alike stand as one."""
    if len(set(parts)) == 1:
        return [(TOGETHER.get(len(parts), "each size"), parts[0])]
    return list(zip(symbols(AXES, len(parts)), parts, strict=True))


def elements(y: Shape, quantity: str = "activation size") -> Step:
    """The elements of a shape: C*H*W."""
    names = ("n",) if len(y) == 1 else ("C", *symbols(SYMBOLS, len(y) - 1))
    return Step(quantity, "*".join(names), dict(zip(names, y, strict=True)), prod(y))


def window_sizes(axes: Sequence[Axis], y: Shape, ceil: bool = False) -> list[Step]:
    """The output sizes of a sliding window: floor((W - K + 2*P)/S) + 1, in the simplest form that
    is true.

    With dilation, K becomes D*(K - 1) + 1; unequal padding is written P + Q; where ``ceil`` rounds
    up, the quotient's last window may still be dropped, if it would start in the padding after the
    input."""
    steps = []
    for name, (a, size) in each_axis(list(zip(axes, y[1:], strict=True))):
        extent = "K" if a.dilation == 1 else "(D*(K - 1) + 1)"
        pad, pads = (
            ("2*P", {"P": a.before})
            if a.before == a.after
            else ("P + Q", {"P": a.before, "Q": a.after})
        )
        rounding = "ceil" if ceil else "floor"
        formula = f"{rounding}((W - {extent} + {pad})/S) + 1"
        values = {"W": a.size, "K": a.kernel, "S": a.stride, **pads} | (
            {"D": a.dilation} if a.dilation > 1 else {}
        )
        if ceil and -(-(a.padded - a.extent) // a.stride) + 1 != size:
            formula += " - 1"
        steps.append(Step(f"output {name}", formula, values, size))
    return steps
