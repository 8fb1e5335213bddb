"""Derivations: formulas with their symbols, numbers and results."""

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit.windows import Axis
from cnnspec.records import Record
from cnnspec.units import Shape


class Step(Record):
    """One line of a derivation: ``quantity = formula``, the value of each symbol, and the result.

    The formula consists of arithmetic, ``floor``, ``ceil``, ``max`` and ``min``. With the values in
    place of the symbols it evaluates exactly to the result."""

    quantity: str
    formula: str
    values: dict[str, int]
    result: int


MEANINGS = {
    "C": "channels",
    "D": "dilation (in C*D*H*W: depth of the output)",
    "D_in": "depth of the input",
    "D_out": "depth of the output",
    "G": "the greatest common divisor of W and O",
    "H": "height of the output",
    "H_in": "height of the input",
    "H_out": "height of the output",
    "K": "kernel size",
    "K_D": "depth of the kernel",
    "K_H": "height of the kernel",
    "K_L": "length of the kernel",
    "K_W": "width of the kernel",
    "L": "length of the output",
    "L_in": "length of the input",
    "L_out": "length of the output",
    "N": "number of inputs",
    "O": "output size along the dimension",
    "P": "padding on each side (in P + Q: before the input)",
    "Q": "padding after the input",
    "R_D": "inputs read along the depth",
    "R_H": "inputs read along the height",
    "R_L": "inputs read along the length",
    "R_W": "inputs read along the width",
    "S": "stride",
    "W": "width of the output (in formulas of output sizes: size of the input)",
    "W_in": "width of the input",
    "W_out": "width of the output",
    "d": "channels of the input",
    "g": "groups",
    "k": "channels of the output (filters)",
    "l": "depth of the kernel",
    "m": "height of the kernel (for one dimension: its length)",
    "n": "width of the kernel (for a vector: its elements)",
}
"""What the symbols stand for, unless an operator's ``symbols`` say otherwise."""


def find_meaning(symbol: str, own: dict[str, str]) -> tuple[str, str] | None:
    """Return the symbol to list for ``symbol`` and its meaning, or None if it has none.

    ``own`` are the meanings that the operator gives. Numbered symbols share a meaning: C_1 and C_2
    are listed as C_i, L1_out and L2_out as L_out."""
    stem = "".join(c for c in symbol if not c.isdigit())
    for name in (symbol, f"{stem}i" if stem.endswith("_") else stem):
        if found := own.get(name) or MEANINGS.get(name):
            return name, found
    return None


AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
TOGETHER = {1: "length", 2: "height and width", 3: "depth, height and width"}
SYMBOLS = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
KERNEL = {1: ("m",), 2: ("m", "n"), 3: ("l", "m", "n")}


def axis_symbols(table: dict[int, tuple[str, ...]], n: int) -> tuple[str, ...]:
    """Return the usual symbols of ``n`` dimensions, numbered if there are none."""
    return table.get(n) or tuple(f"{table[1][0]}{i + 1}" for i in range(n))


def group_equal_axes(parts: Sequence[Any]) -> list[tuple[str, Any]]:
    """Return the name and part of each spatial dimension, or one pair if all parts are equal."""
    if len(set(parts)) == 1:
        return [(TOGETHER.get(len(parts), "each size"), parts[0])]
    return list(zip(axis_symbols(AXES, len(parts)), parts, strict=True))


def elements_step(y: Shape, quantity: str = "activation size") -> Step:
    """Return the step for the number of elements of a shape: C*H*W."""
    names = ("n",) if len(y) == 1 else ("C", *axis_symbols(SYMBOLS, len(y) - 1))
    return Step(quantity, "*".join(names), dict(zip(names, y, strict=True)), prod(y))


def window_size_steps(axes: Sequence[Axis], y: Shape, ceil: bool = False) -> list[Step]:
    """Return the steps for the output sizes of a sliding window: floor((W - K + 2*P)/S) + 1.

    The formula is as simple as the window allows: with dilation, K becomes D*(K - 1) + 1; unequal
    padding is written P + Q. With ``ceil``, the quotient is rounded up, and 1 is subtracted if the
    last window would start in the padding after the input."""
    steps = []
    for name, (a, size) in group_equal_axes(list(zip(axes, y[1:], strict=True))):
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


def filter_steps(
    weights: str,
    values: dict[str, int],
    y: Shape,
    bias: bool,
    params: int,
    buffers: int,
    macs: int,
) -> list[Step]:
    """Return the steps of ``k`` filters: the elements, parameters and MACs of the output.

    ``weights`` is the formula of the weights of one filter, ``values`` its symbols and ``k``. If
    these are ``buffers``, only the biases are parameters."""
    symbols = axis_symbols(SYMBOLS, len(y) - 1)
    positions = dict(zip((f"{s}_out" for s in symbols), y[1:], strict=True))
    formula = f"(({weights}) + 1)*k" if bias else f"({weights})*k"
    work = f"({weights})*k*{'*'.join(positions)}"
    stored = [Step("parameters", formula, values, params)]
    if buffers:
        biases = Step("parameters", "k", {"k": y[0]}, params)
        none = Step("parameters", "0", {}, 0)
        stored = [biases if bias else none, Step("buffers", f"({weights})*k", values, buffers)]
    return [
        elements_step(y),
        *stored,
        Step("multiply-accumulates", work, values | positions, macs),
    ]
