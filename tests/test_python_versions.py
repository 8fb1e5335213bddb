"""The code runs on every Python and on the oldest libraries that pyproject.toml declares."""

import re
import symtable
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CI = (ROOT / ".ci/run").read_text(encoding="utf-8")
COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")


def own_names(table: symtable.SymbolTable) -> set[str]:
    return {s.get_name() for s in table.get_symbols() if s.is_local() and s.is_assigned()}


def find_hidden_globals(
    table: symtable.SymbolTable, outer: frozenset[str] = frozenset()
) -> Iterator[tuple[int, str]]:
    """Yield line and name of each comprehension variable that is a global around it.

    Python 3.12.0 and 3.12.1 run comprehensions within their function, and can take one for the
    other."""
    for inner in table.get_children():
        around = {s.get_name() for s in table.get_symbols() if s.is_global()}
        if table.get_type() == "module":
            around |= own_names(table)
        names = frozenset(outer | around)
        if inner.get_name().strip("<>") in COMPREHENSIONS:
            yield from ((inner.get_lineno(), name) for name in sorted(own_names(inner) & names))
        yield from find_hidden_globals(inner, names)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "cnnspec").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_global_is_also_a_comprehension_variable(path: Path) -> None:
    table = symtable.symtable(path.read_text(encoding="utf-8"), str(path), "exec")
    assert [*find_hidden_globals(table)] == []


@pytest.mark.parametrize(
    "text",
    [
        "def text(): ...\ndef f(xs):\n    return [text for text in xs]\n",
        "from m import text\nxs = {text: 1 for text in 'ab'}\n",
        "def f(xs):\n    a = {input for input in xs}\n    return input()\n",
        "text = 1\nclass C:\n    def f(self, xs):\n        return any(text for _, text in xs)\n",
        "text = 1\ndef f(xs):\n    def g():\n        return [text for text in xs]\n    text, g\n",
    ],
)
def test_such_variables_are_found(text: str) -> None:
    table = symtable.symtable(text, "x.py", "exec")
    assert len([*find_hidden_globals(table)]) == 1


def test_ci_runs_the_supported_pythons_and_the_lowest_libraries() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    for classifier in PROJECT["classifiers"]:
        if version := re.search(r"Python :: (3\.\d+)$", classifier):
            assert f'"{version[1]}"' in workflow
            assert f"python{version[1]}" in CI
    for dependency in PROJECT["dependencies"]:
        assert dependency.replace(">=", "==") in CI
