"""One change of a flat spec, by chance: a field, an operator, a line left out, two swapped, or
another input."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tests.faults.flat import Flat, Line

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


class Mutant(NamedTuple):
    """A changed spec: what was changed, at which line, what stands there before and after, and who
    may show it."""

    flat: Flat
    kind: str
    name: str
    change: str
    touched: frozenset[str]


Change = Callable[[Flat, Random, dict[str, Any]], tuple[str, str, set[str]] | None]


def picked(flat: Flat, chance: Random, *ops: str) -> Line | None:
    """A line of one of these operators, by chance."""
    found = [line for line in flat.lines if line.get("op") in ops]
    return chance.choice(found) if found else None


def field(
    key: str, ops: tuple[str, ...], other: Callable[[Any, Random, Line], Any], default: Any
) -> Change:
    """The change of one field."""

    def change(
        flat: Flat, chance: Random, shapes: dict[str, Any]
    ) -> tuple[str, str, set[str]] | None:
        line = picked(flat, chance, *ops)
        if line is None:
            return None
        before = line.get(key, default)
        after = other(before, chance, line)
        if after == before:
            return None
        line[key] = after
        return line["name"], f"{key} {shown(before)} -> {shown(after)}", set()

    return change


def shown(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def larger(value: Any, chance: Random, line: Line) -> Any:
    """A window of another odd size, or of one more for an even one."""
    if isinstance(value, list | tuple):
        return [larger(v, chance, line) for v in value]
    return value + 1 if value % 2 == 0 else chance.choice([k for k in (1, 3, 5, 7) if k != value])


def numbers(*choices: Any) -> Callable[[Any, Random, Line], Any]:
    return lambda value, chance, line: chance.choice([c for c in choices if c != value])


def padding(value: Any, chance: Random, line: Line) -> Any:
    """Another padding; "half" in numbers is none."""
    size, dilation = line["kernel_size"], line.get("dilation", 1)
    half = (
        dilation * (size - 1) // 2 if isinstance(size, int) and isinstance(dilation, int) else None
    )
    return chance.choice([p for p in (0, 1, 2) if p != (half if value == "half" else value)])


def operator(*ops: str) -> Change:
    """Another operator of the same sort; fields that it lacks go."""

    def change(
        flat: Flat, chance: Random, shapes: dict[str, Any]
    ) -> tuple[str, str, set[str]] | None:
        line = picked(flat, chance, *ops)
        if line is None:
            return None
        before, line["op"] = line["op"], chance.choice([op for op in ops if op != line["op"]])
        if before not in WINDOWS:
            for key in [k for k in line if k not in ("name", "op", "from", "training_only")]:
                del line[key]
        return line["name"], f"{before} -> {line['op']}", set()

    return change


def dropped(flat: Flat, chance: Random, shapes: dict[str, Any]) -> tuple[str, str, set[str]] | None:
    """A line left out: what read it reads what it read."""
    line = picked(flat, chance, *SINGLE, "add")
    if line is None or line["name"] in flat.outputs:
        return None
    readers = flat.readers(line["name"])
    flat.lines.remove(line)
    for reader in readers:
        reader["from"] = [line["from"][0] if n == line["name"] else n for n in reader["from"]]
    return line["name"], f"no {line['op']}", {r["name"] for r in readers}


def swapped(flat: Flat, chance: Random, shapes: dict[str, Any]) -> tuple[str, str, set[str]] | None:
    """Two neighbours in the other order."""
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


def rewired(flat: Flat, chance: Random, shapes: dict[str, Any]) -> tuple[str, str, set[str]] | None:
    """An input from elsewhere: mostly a value of the same shape, as another would not fit
    anyway."""
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


def reordered(
    flat: Flat, chance: Random, shapes: dict[str, Any]
) -> tuple[str, str, set[str]] | None:
    """Two inputs of a concatenation swapped."""
    line = picked(flat, chance, "concat")
    if line is None:
        return None
    i = chance.randrange(len(line["from"]) - 1)
    line["from"][i : i + 2] = line["from"][i : i + 2][::-1]
    return line["name"], f"inputs {i} and {i + 1} swapped", set()


KINDS: dict[str, Change] = {
    "kernel size": field("kernel_size", WINDOWS, larger, None),
    "stride": field("stride", CONVOLUTIONS, numbers(1, 2), 1),
    "stride of a pool": field("stride", ("maxpool", "avgpool"), numbers(1, 2, 3), None),
    "padding": field("padding", WINDOWS, padding, 0),
    "dilation": field("dilation", CONVOLUTIONS, numbers(1, 2), 1),
    "groups": field("groups", ("conv",), numbers(1, 2, 4), 1),
    "bias": field("bias", (*CONVOLUTIONS, "linear"), lambda value, chance, line: not value, True),
    "channels": field(
        "out_channels", ("conv",), lambda value, chance, line: value + chance.choice((-8, 8)), None
    ),
    "features": field(
        "out_features",
        ("linear",),
        lambda value, chance, line: value + chance.choice((-1, 1)),
        None,
    ),
    "eps": field("eps", ("batchnorm",), numbers(1e-5, 1e-3), 1e-5),
    "momentum": field("momentum", ("batchnorm",), numbers(0.1, 0.01), 0.1),
    "dropout's p": field("p", ("dropout", "stochastic_depth"), numbers(0.1, 0.3), 0.5),
    "ceil mode": field(
        "ceil_mode", ("maxpool", "avgpool"), lambda value, chance, line: not value, False
    ),
    "pool kind": operator("maxpool", "avgpool"),
    "activation": operator(*ACTIVATIONS),
    "dropped layer": dropped,
    "swapped layers": swapped,
    "rewired input": rewired,
    "order of a concat": reordered,
}


def mutants(flat: Flat, shapes: dict[str, Any], count: int, seed: str) -> list[Mutant]:
    """``count`` different mutants, the kinds in turn; ``shapes`` are the outputs of the lines by
    name."""
    chance = Random(seed)
    found: dict[tuple[str, str], Mutant] = {}
    tries = 0
    while len(found) < count and tries < 40 * count:
        kind = list(KINDS)[tries % len(KINDS)]
        tries += 1
        copy = flat.copy()
        made = KINDS[kind](copy, chance, shapes)
        if made:
            name, change, more = made
            found.setdefault(
                (name, change), Mutant(copy, kind, name, change, frozenset({name} | more))
            )
    return list(found.values())
