"""Run hostile specs from TOML text to every page, and write values as TOML."""

import json
import time
from datetime import date
from datetime import time as clock
from pathlib import Path
from typing import Any

import cnnspec
from cnnspec.problems import ERROR_RULES, Problem, RequestError, SpecError
from cnnspec.report.contract import render_json
from cnnspec.report.explain import WRITERS, render_explanations
from cnnspec.report.presets import FORMATS, PRESETS
from cnnspec.report.table import render_table

BOUND = 5.0  # seconds of process time; it takes about one, slow machines need more


def pages(network: cnnspec.Network) -> dict[str, str]:
    """Render a network's table in every format and preset, and its formulas in every format."""
    found = {
        name: render_json(network) if name == "json" else render_table(network, name)
        for name in FORMATS
    }
    found |= {
        f"preset {name}": render_table(network, preset=name, training=True, reverse=True)
        for name in PRESETS
    }
    found |= {
        f"depth {name}": render_table(network, name, depth=1) for name in FORMATS if name != "json"
    }
    return found | {
        f"explain {name}": render_explanations(network, format=name) for name in WRITERS
    }


def outcome(
    file: Path | str, brief: bool = False, **settings: Any
) -> dict[str, str] | SpecError | RequestError:
    """Return all pages of a spec, or the error of loading or rendering it.

    Any other exception is a defect. ``brief`` renders two pages only, for tests with many specs.
    """
    start = time.process_time()
    found: dict[str, str] | SpecError | RequestError
    try:
        network = cnnspec.load(str(file), **settings)
        found = (
            {"json": render_json(network), "explain": render_explanations(network)}
            if brief
            else pages(network)
        )
    except (SpecError, RequestError) as error:
        found = error
    assert time.process_time() - start < BOUND
    if isinstance(found, SpecError):
        assert found.problems
        here = [p for p in found.problems if p.where.line and p.where.file == str(file)]
        lines = Path(file).read_bytes().replace(b"\r\n", b"\n").split(b"\n") if here else []
        for problem in found.problems:
            check(problem, lines if problem in here else [])
    elif isinstance(found, RequestError):
        assert printable(str(found))
    else:
        check_pages(found)
    return found


def check(problem: Problem, lines: list[bytes]) -> None:
    """Check that a problem has a rule, printable text, and a place inside its file."""
    assert problem.rule in ERROR_RULES
    assert printable(str(problem))
    assert len(str(problem)) < 5000
    if lines:
        assert 1 <= problem.where.line <= len(lines)
        assert 1 <= problem.where.column <= len(lines[problem.where.line - 1]) + 1


def check_pages(found: dict[str, str]) -> None:
    for name, page in found.items():
        assert printable(page), name
    json.loads(found["json"])


def printable(text: str) -> bool:
    """Return whether a text is valid UTF-8 without control characters other than line ends."""
    text.encode("utf-8")
    return all(c.isprintable() or c == "\n" for c in text)


def toml(data: dict[str, Any]) -> str:
    """Return ``data`` as TOML, with each value of the outermost table on one line."""
    return "\n".join(f"{key(k)} = {value(v)}" for k, v in data.items()) + "\n"


def value(v: Any) -> str:
    match v:
        case bool():
            return str(v).lower()
        case str():
            return text(v)
        case list():
            return f"[{', '.join(map(value, v))}]"
        case dict():
            return f"{{ {', '.join(f'{key(k)} = {value(x)}' for k, x in v.items())} }}"
        case date() | clock():
            return v.isoformat()
    return str(v)


def key(k: str) -> str:
    return k if k.isascii() and k.replace("-", "_").isidentifier() else text(k)


def text(v: str) -> str:
    """Return a basic string: JSON's escapes are those of TOML, except for surrogates and DEL."""
    return json.dumps(v, ensure_ascii=False).replace("\x7f", "\\u007F")
