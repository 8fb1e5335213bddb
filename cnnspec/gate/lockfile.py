"""The text of a lock: what the networks of a spec are, a line a layer, in columns that do not move
when one changes.

    network lenet5
      input                     input              1x32x32            0               0
      C1                        conv               6x28x28          156         117,600  out_channels=6 kernel_size=5
      ...
    outputs OUTPUT
    total   61,706 params, 0 buffers, 416,520 MACs
    digest  0f343b0931126a20

A layer's line has its name, operator, output, parameters, MACs and the settings that are not the
operator's defaults; ``from`` stands where it does not read the line before. Sections are in the
order of the spec's variants."""

import re
from collections.abc import Iterable
from typing import Any

from cnnspec.analyses.diff.description import LayerDescription, NetworkDescription
from cnnspec.problems import Problem, SpecError, Where
from cnnspec.units import format_count, format_shape

VERSION = 1
BEGIN = "# cnnspec lock "
HEAD = f"{BEGIN}{VERSION}: "
LOCK = ".lock"  # how the names of locks end
TOKEN = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')  # blanks stand in quotes only
UNITS = {"params": "params", "buffers": "buffers", "macs": "MACs"}
WROTE = "cnnspec lock writes it anew"


def lock_path(spec: str) -> str:
    """The lock of a spec, beside it: ``net.lock`` for ``net.toml``."""
    return spec.removesuffix(".toml") + LOCK


def spec_of(lock: str) -> str:
    """The spec that a lock is of."""
    return lock.removesuffix(LOCK) + ".toml"


def written(name: str, sheets: Iterable[NetworkDescription]) -> str:
    """The text of the lock of a spec called ``name``."""
    head = (
        f"{HEAD}what the networks of {name} are. `cnnspec lock` writes it, `cnnspec check` holds"
        " the spec to it.\n"
    )
    head += (
        "# A layer a line: its name, operator, output, parameters, multiply-accumulates,"
        " settings.\n"
    )
    return "\n".join([head, *(section(sheet) + "\n" for sheet in sheets)])


def section(sheet: NetworkDescription) -> str:
    """The lines of one network."""
    lines = [f"network {quoted(sheet.network)}"]
    previous = ""
    for layer in sheet.layers:
        given = layer.settings | (
            {"from": list(layer.reads)} if layer.reads not in ((previous,), ()) else {}
        )
        settings = " ".join(f"{key}={encoded(value)}" for key, value in given.items())
        lines.append(
            f"  {quoted(layer.name):<24}  {layer.op:<16}  {format_shape(layer.output):>12} "
            f" {format_count(layer.params):>11}  {format_count(layer.macs):>14}  {settings}".rstrip()
        )
        previous = layer.name
    totals = [f"{format_count(sheet.totals[key])} {unit}" for key, unit in UNITS.items()]
    lines += [f"outputs {' '.join(map(quoted, sheet.outputs))}", f"total   {', '.join(totals)}"]
    return "\n".join([*lines, f"digest  {digest(lines)}"])


def digest(lines: list[str]) -> str:
    """What tells that the lines of a network are as they were written."""
    from hashlib import sha256

    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def sections(path: str, text: str) -> dict[str, tuple[int, str]]:
    """The lines of each network of a lock by its name, with the number of the first. Raises
    SpecError (K003)."""
    if not text.startswith(HEAD):
        older = re.match(rf"{BEGIN}(\d+)", text)
        raise broken(
            path,
            1,
            f"the lock has the format {older[1]}, not {VERSION}" if older else "this is no lock",
        )
    found: dict[str, tuple[int, str]] = {}
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("network ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        name = unquoted(path, start + 1, lines[start][8:])
        if name in found:
            raise broken(path, start + 1, f"the lock has two networks called {name}")
        found[name] = start + 1, "\n".join(lines[start:end]).rstrip("\n")
    return found


def parsed(path: str, first: int, text: str) -> NetworkDescription:
    """The sheet of a network from its lines, of which the ``first`` has this number. Raises
    SpecError (K003)."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != f"digest  {digest(lines[:-1])}":
        raise broken(
            path,
            first,
            "the lock is not as cnnspec lock wrote it: the digest does not fit its lines",
        )
    layers: list[LayerDescription] = []
    try:
        for line in lines[1:-3]:
            layers.append(layer(line, layers[-1].name if layers else ""))
        outputs = tuple(map(bare, TOKEN.findall(lines[-3])[1:]))
        numbers = re.findall(r"(\d[\d,]*) (\w+)", lines[-2])
        totals = {key: number(n) for (key, _), (n, _) in zip(UNITS.items(), numbers, strict=True)}
    except (ValueError, LookupError):
        raise broken(
            path, first + 1 + len(layers), "this line of the lock cannot be read"
        ) from None
    return NetworkDescription(bare(lines[0][8:]), layers, outputs, totals)


def layer(line: str, previous: str) -> LayerDescription:
    """A layer from its line; ``previous`` is the one before it. Raises ValueError, LookupError."""
    name, op, output, params, macs, *pairs = TOKEN.findall(line)
    settings = {key: decoded(value) for key, _, value in (pair.partition("=") for pair in pairs)}
    before = [previous] if previous and op != "input" else []
    reads = tuple(settings.pop("from", before))
    dims = () if output == "scalar" else tuple(map(int, output.split("x")))
    return LayerDescription(bare(name), op, dims, number(params), number(macs), settings, reads)


def quoted(name: str) -> str:
    """A name; in quotes where it holds blanks."""
    return f'"{name}"' if re.search(r"\s", name) else name


def bare(token: str) -> str:
    return token[1:-1] if token.startswith('"') else token


def unquoted(path: str, line: int, text: str) -> str:
    """The name in a line. Raises SpecError (K003)."""
    tokens = TOKEN.findall(text)
    if len(tokens) != 1:
        raise broken(path, line, "this line of the lock cannot be read")
    return bare(tokens[0])


def number(text: str) -> int:
    return int(text.replace(",", ""))


def encoded(value: Any) -> str:
    """A setting as JSON without blanks."""
    from json import dumps

    return dumps(value, ensure_ascii=False, separators=(",", ":"))


def decoded(text: str) -> Any:
    """The setting in a JSON text. Raises ValueError."""
    from json import loads

    return loads(text)


def broken(path: str, line: int, message: str) -> SpecError:
    """The error about a lock that cannot be used."""
    return SpecError([Problem(Where(path, line, 1), "K003", message, WROTE)])
