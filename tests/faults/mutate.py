"""Change a flat spec at random: a field, an operator, an input, a line left out, or two swapped."""

from collections.abc import Callable
from random import Random
from typing import Any

from cnnspec.records import Record
from tests.faults.flat import FlatSpec, Line

CONVOLUTIONS = ("conv", "depthwise_conv")
WINDOWS = (*CONVOLUTIONS, "maxpool", "avgpool")
ACTIVATIONS = (
    "relu",
    "relu6",
    "silu",
    "hardswish",
    "gelu",
    "sigmoid",
    "hardsigmoid",
    "tanh",
    "elu",
    "leaky_relu",
)
SINGLE = (
    *WINDOWS,
    *ACTIVATIONS,
    "batchnorm",
    "layernorm",
    "dropout",
    "stochastic_depth",
    "scale",
    "channel_shuffle",
)


class Mutant(Record):
    """A changed spec: the kind of change, its line, and the lines that may show it."""

    flat: FlatSpec
    kind: str
    name: str
    change: str
    touched: frozenset[str]


Shapes = dict[str, Any]  # output shapes by the names of lines
# A change returns the name of its line, its description, and other lines that may show it.
Applied = tuple[str, str, set[str]] | None
Change = Callable[[FlatSpec, Random, Shapes], Applied]


def pick_line(flat: FlatSpec, chance: Random, *ops: str) -> Line | None:
    """Pick a line of one of these operators at random."""
    found = [line for line in flat.lines if line.get("op") in ops]
    return chance.choice(found) if found else None


def change_field(
    key: str, ops: tuple[str, ...], other: Callable[[Any, Random, Line], Any], default: Any
) -> Change:
    """Return the change of one field; ``other`` gives the new value."""

    def change(flat: FlatSpec, chance: Random, shapes: Shapes) -> Applied:
        line = pick_line(flat, chance, *ops)
        if line is None:
            return None
        before = line.get(key, default)
        after = other(before, chance, line)
        if after == before:
            return None
        line[key] = after
        return line["name"], f"{key} {format_value(before)} -> {format_value(after)}", set()

    return change


def format_value(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def enlarge_window(value: Any, chance: Random, line: Line) -> Any:
    """Return another odd size of a window, or one more for an even size."""
    if isinstance(value, list | tuple):
        return [enlarge_window(v, chance, line) for v in value]
    return value + 1 if value % 2 == 0 else chance.choice([k for k in (1, 3, 5, 7) if k != value])


def other_number(*choices: Any) -> Callable[[Any, Random, Line], Any]:
    return lambda value, chance, line: chance.choice([c for c in choices if c != value])


def other_padding(value: Any, chance: Random, line: Line) -> Any:
    """Return another padding, but not the number that "half" stands for."""
    size, dilation = line["kernel_size"], line.get("dilation", 1)
    half = (
        dilation * (size - 1) // 2 if isinstance(size, int) and isinstance(dilation, int) else None
    )
    return chance.choice([p for p in (0, 1, 2) if p != (half if value == "half" else value)])


def change_operator(*ops: str) -> Change:
    """Return the change to another of these operators, which loses the fields that it lacks."""

    def change(flat: FlatSpec, chance: Random, shapes: Shapes) -> Applied:
        line = pick_line(flat, chance, *ops)
        if line is None:
            return None
        before, line["op"] = line["op"], chance.choice([op for op in ops if op != line["op"]])
        if before not in WINDOWS:
            for key in [k for k in line if k not in ("name", "op", "from", "training_only")]:
                del line[key]
        return line["name"], f"{before} -> {line['op']}", set()

    return change


def drop_line(flat: FlatSpec, chance: Random, shapes: Shapes) -> Applied:
    """Leave out a line; the lines that read it read its input."""
    line = pick_line(flat, chance, *SINGLE, "add")
    if line is None or line["name"] in flat.outputs:
        return None
    readers = flat.readers(line["name"])
    flat.lines.remove(line)
    for reader in readers:
        reader["from"] = [line["from"][0] if n == line["name"] else n for n in reader["from"]]
    return line["name"], f"no {line['op']}", {r["name"] for r in readers}


def swap_lines(flat: FlatSpec, chance: Random, shapes: Shapes) -> Applied:
    """Swap two lines that follow each other."""
    chains = [
        (a, b)
        for a, b in zip(flat.lines, flat.lines[1:], strict=False)
        if a.get("op") in SINGLE
        and b.get("op") in SINGLE
        and a["op"] != b["op"]
        and b["from"] == [a["name"]]
        and flat.readers(a["name"]) == [b]
    ]
    if not chains:
        return None
    a, b = chance.choice(chains)
    i = flat.lines.index(a)
    flat.lines[i], flat.lines[i + 1] = b, a
    above = flat.readers(b["name"])
    b["from"], a["from"] = a["from"], [b["name"]]
    for reader in above:
        reader["from"] = [a["name"] if n == b["name"] else n for n in reader["from"]]
    flat.outputs = [a["name"] if n == b["name"] else n for n in flat.outputs]
    return a["name"], f"{a['op']} after {b['op']}", {b["name"], *(r["name"] for r in above)}


def rewire_input(flat: FlatSpec, chance: Random, shapes: Shapes) -> Applied:
    """Read another value; in nine of ten cases one of the same shape, as others rarely fit."""
    i = chance.randrange(1, len(flat.lines))
    line = flat.lines[i]
    k = chance.randrange(len(line["from"]))
    before = line["from"][k]
    above = [a["name"] for a in flat.lines[:i] if a["name"] != before]
    alike = [n for n in above if shapes.get(n) == shapes.get(before)]
    if not alike or chance.random() < 0.1:
        alike = above
    if not alike:
        return None
    line["from"][k] = chance.choice(alike)
    return line["name"], f"from {before} -> {line['from'][k]}", set()


def reorder_concat(flat: FlatSpec, chance: Random, shapes: Shapes) -> Applied:
    """Swap two inputs of a concatenation."""
    line = pick_line(flat, chance, "concat")
    if line is None:
        return None
    i = chance.randrange(len(line["from"]) - 1)
    line["from"][i : i + 2] = line["from"][i : i + 2][::-1]
    return line["name"], f"inputs {i} and {i + 1} swapped", set()


KINDS: dict[str, Change] = {
    "kernel size": change_field("kernel_size", WINDOWS, enlarge_window, None),
    "stride": change_field("stride", CONVOLUTIONS, other_number(1, 2), 1),
    "stride of a pool": change_field("stride", ("maxpool", "avgpool"), other_number(1, 2, 3), None),
    "padding": change_field("padding", WINDOWS, other_padding, 0),
    "dilation": change_field("dilation", CONVOLUTIONS, other_number(1, 2), 1),
    "groups": change_field("groups", ("conv",), other_number(1, 2, 4), 1),
    "bias": change_field(
        "bias", (*CONVOLUTIONS, "linear"), lambda value, chance, line: not value, True
    ),
    "channels": change_field(
        "out_channels", ("conv",), lambda value, chance, line: value + chance.choice((-8, 8)), None
    ),
    "features": change_field(
        "out_features",
        ("linear",),
        lambda value, chance, line: value + chance.choice((-1, 1)),
        None,
    ),
    "eps": change_field("eps", ("batchnorm",), other_number(1e-5, 1e-3), 1e-5),
    "momentum": change_field("momentum", ("batchnorm",), other_number(0.1, 0.01), 0.1),
    "dropout's p": change_field("p", ("dropout", "stochastic_depth"), other_number(0.1, 0.3), 0.5),
    "ceil mode": change_field(
        "ceil_mode", ("maxpool", "avgpool"), lambda value, chance, line: not value, False
    ),
    "pool kind": change_operator("maxpool", "avgpool"),
    "activation": change_operator(*ACTIVATIONS),
    "dropped layer": drop_line,
    "swapped layers": swap_lines,
    "rewired input": rewire_input,
    "order of a concat": reorder_concat,
}


def make_mutants(flat: FlatSpec, shapes: Shapes, count: int, seed: str) -> list[Mutant]:
    """Make ``count`` different mutants, of each kind in turn."""
    chance = Random(seed)
    found: dict[tuple[str, str], Mutant] = {}
    tries = 0
    while len(found) < count and tries < 40 * count:
        kind = list(KINDS)[tries % len(KINDS)]
        tries += 1
        copy = flat.copy()
        applied = KINDS[kind](copy, chance, shapes)
        if applied:
            name, change, more = applied
            found.setdefault(
                (name, change), Mutant(copy, kind, name, change, frozenset({name} | more))
            )
    return list(found.values())
