"""The text of a lock: the networks of a spec, one layer a line, in columns that stay aligned.

    network lenet5
      input       input     1x32x32         0            0
      C1          conv      6x28x28       156      117,600  out_channels=6 kernel_size=5
      ...
    outputs OUTPUT
    total   61,706 params, 0 buffers, 416,520 MACs
    digest  0f343b0931126a20

The columns are name, operator, output, parameters, MACs, and the settings that differ from the
operator's defaults; ``from`` is given where a layer does not read the line before it. Networks are
in the order of the spec's variants. The digest is the beginning of the SHA-256 of the lines above
it, so that a lock that was edited or merged by hand is noticed."""

import os
import re
import stat
from collections.abc import Iterable
from typing import Any

from cnnspec.analyses.diff.description import LayerDescription, NetworkDescription
from cnnspec.problems import Problem, SpecError, Where
from cnnspec.spec.source import decode_text
from cnnspec.units import format_count, format_shape

VERSION = 1
BEGIN = "# cnnspec lock "
HEAD = f"{BEGIN}{VERSION}: "
ENDING = ".lock"
MAX_BYTES = 2**25  # a spec of half a megabyte can have very many layers
TOKEN = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')  # blanks only occur in quotes
UNITS = {"params": "params", "buffers": "buffers", "macs": "MACs"}
RENEW = "cnnspec lock writes it again"
UNREADABLE = "this line of the lock cannot be read"


def lock_path(spec: str) -> str:
    """Return the path of a spec's lock: ``net.lock`` for ``net.toml``."""
    return spec.removesuffix(".toml") + ENDING


def spec_path(lock: str) -> str:
    """Return the path of a lock's spec."""
    return lock.removesuffix(ENDING) + ".toml"


def is_lock(path: str) -> bool:
    """Tell whether a file begins as cnnspec lock writes it."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(BEGIN)) == BEGIN.encode()
    except OSError:
        return False


def read_lock(path: str) -> str | None:
    """Return the text of a lock, or None if there is none. Raises SpecError (K003)."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise LockError(
                path, 0, f"the lock is not a regular file of at most {MAX_BYTES:,} bytes"
            )
        with open(path, "rb") as file:
            return decode_text(path, file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        raise LockError(path, 0, f"the lock cannot be read: {reason}") from None
    except LockError:
        raise
    except SpecError as error:
        raise SpecError([p.replace(rule="K003") for p in error.problems]) from None


class LockError(SpecError):
    """A lock that cannot be used (K003)."""

    def __init__(self, path: str, line: int, message: str):
        super().__init__([Problem(Where(path, line, 1), "K003", message, RENEW)])


def format_lock(name: str, networks: Iterable[NetworkDescription]) -> str:
    """Return the text of the lock of a spec called ``name``."""
    head = (
        f"{HEAD}the networks of {name}. `cnnspec lock` writes this file, `cnnspec check` compares"
        " the spec with it.\n"
        "# One layer a line: name, operator, output, parameters, multiply-accumulates, settings.\n"
    )
    return "\n".join([head, *(format_section(network) + "\n" for network in networks)])


def format_section(network: NetworkDescription) -> str:
    """Return the lines of one network."""
    lines = [f"network {quote_name(network.network)}"]
    previous = ""
    for layer in network.layers:
        reads = {} if layer.reads in ((previous,), ()) else {"from": list(layer.reads)}
        settings = (layer.settings | reads).items()
        cells = [
            f"  {quote_name(layer.name):<24}",
            f"{layer.op:<16}",
            f"{format_shape(layer.output):>12}",
            f"{format_count(layer.params):>11}",
            f"{format_count(layer.macs):>14}",
            " ".join(f"{key}={to_json(value)}" for key, value in settings),
        ]
        lines.append("  ".join(cells).rstrip())
        previous = layer.name
    totals = [f"{format_count(network.totals[key])} {unit}" for key, unit in UNITS.items()]
    outputs = " ".join(map(quote_name, network.outputs))
    lines += [f"outputs {outputs}", f"total   {', '.join(totals)}"]
    return "\n".join([*lines, f"digest  {digest_lines(lines)}"])


def digest_lines(lines: list[str]) -> str:
    """Return the digest of the lines of a network."""
    from hashlib import sha256

    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def split_sections(path: str, text: str) -> dict[str, tuple[int, str]]:
    """Return the lines of each network by its name, with the number of the first line.

    Raises SpecError (K003)."""
    if not text.startswith(HEAD):
        older = re.match(rf"{BEGIN}(\d+)", text)
        if older:
            raise LockError(path, 1, f"the lock has format {older[1]}, not {VERSION}")
        raise LockError(path, 1, "this is not a lock")
    found: dict[str, tuple[int, str]] = {}
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if line.startswith("network ")]
    if not starts:
        raise LockError(path, 1, "the lock has no network")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        tokens = TOKEN.findall(lines[start][8:])
        if len(tokens) != 1:
            raise LockError(path, start + 1, UNREADABLE)
        name = unquote_name(tokens[0])
        if name in found:
            raise LockError(path, start + 1, f"the lock has two networks called {name}")
        found[name] = start + 1, "\n".join(lines[start:end]).rstrip("\n")
    return found


def parse_section(path: str, first: int, text: str) -> NetworkDescription:
    """Read a network back from its lines; ``first`` is the number of the first one.

    Raises SpecError (K003)."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] != f"digest  {digest_lines(lines[:-1])}":
        message = "the lock was changed by hand: its digest does not match its lines"
        raise LockError(path, first, message)
    layers, names = list[LayerDescription](), set[str]()
    if not lines[-3].startswith("outputs ") or not lines[-2].startswith("total "):
        raise LockError(path, first + len(lines) - 3, UNREADABLE)
    try:
        for line in lines[1:-3]:
            layer = parse_layer(line, layers[-1].name if layers else "")
            require_names(layer.reads, names)
            names.add(layer.name)
            layers.append(layer)
        outputs = tuple(map(unquote_name, TOKEN.findall(lines[-3])[1:]))
        require_names(outputs, names)
        numbers = re.findall(r"(\d[\d,]*) (\w+)", lines[-2])
        totals = {key: parse_count(n) for key, (n, _) in zip(UNITS, numbers, strict=True)}
    except (ValueError, LookupError, TypeError, RecursionError):
        raise LockError(path, first + 1 + len(layers), UNREADABLE) from None
    return NetworkDescription(unquote_name(lines[0][8:]), layers, outputs, totals)


def parse_layer(line: str, previous: str) -> LayerDescription:
    """Read a layer from its line; ``previous`` is the layer before it.

    Raises ValueError, LookupError or TypeError."""
    name, op, output, params, macs, *pairs = TOKEN.findall(line)
    settings = {key: from_json(value) for key, _, value in (pair.partition("=") for pair in pairs)}
    before = [previous] if previous and op != "input" else []
    reads = tuple(settings.pop("from", before))
    dims = () if output == "scalar" else tuple(map(int, output.split("x")))
    params, macs = parse_count(params), parse_count(macs)
    return LayerDescription(unquote_name(name), op, dims, params, macs, settings, reads)


def require_names(read: Iterable[Any], names: set[str]) -> None:
    """Raise LookupError or TypeError unless all that is read are names of earlier layers."""
    if not names.issuperset(read):
        raise LookupError("a layer reads a layer that is not above it")


def quote_name(name: str) -> str:
    """Return a name, in quotes if it has blanks."""
    return f'"{name}"' if re.search(r"\s", name) else name


def unquote_name(token: str) -> str:
    """Return the name that :func:`quote_name` wrote."""
    return token[1:-1] if token.startswith('"') else token


def parse_count(text: str) -> int:
    """Return the number in ``117,600``."""
    return int(text.replace(",", ""))


def to_json(value: Any) -> str:
    """Return a setting as JSON without blanks."""
    from json import dumps

    return dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    """Return the setting in a JSON text. Raises ValueError."""
    from json import loads

    return loads(text)
