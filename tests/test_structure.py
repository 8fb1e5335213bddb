"""The order of the rooms (design, section 2): a room uses the rooms before it, never those behind
it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent / "cnnspec"
LEVELS = (
    ("records", "problems", "units", "garbage"),
    ("ops",),
    ("spec",),
    ("graph",),
    ("costs",),
    ("conventions",),
    ("analyses",),
    ("rules",),
    ("gate",),
    ("pytorch",),
    ("report",),
    ("api",),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}
ENTRANCES = {"__init__": "api", "__main__": "cli"}
HEAVY = {"torch", "torchvision", "timm", "fvcore", "numpy", "pandas", "tabulate"}
MODULES = sorted(PACKAGE.rglob("*.py"))


class Import(NamedTuple):
    module: str
    inside: bool = False  # in a function: when it runs, not when the module is imported
    typing: bool = False  # under TYPE_CHECKING


def imports(node: ast.AST, inside: bool = False, typing: bool = False) -> Iterator[Import]:
    """Every module that a tree imports; ``from cnnspec import x`` counts as ``cnnspec.x``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, inside, typing) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            base = child.module or ""
            yield from (
                Import(f"{base}.{a.name}" if base == "cnnspec" else base, inside, typing)
                for a in child.names
            )
        else:
            guarded = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            in_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(child, inside or in_function, typing or guarded)


def room_of(parts: tuple[str, ...]) -> str:
    """The room of a module, by its path below the package."""
    return parts[0]


def faults(room: str, text: str) -> list[str]:
    """The imports in ``text``, a module of ``room``, that break the order."""
    found = []
    for name, inside, typing in imports(ast.parse(text)):
        top, _, rest = name.partition(".")
        heavy = name.startswith("cnnspec.pytorch") or top in HEAVY
        if heavy and room != "pytorch" and not inside and not typing:
            found.append(f"{name} at module level")
        if top != "cnnspec" or rest in ("", "__version__"):
            continue
        used = room_of(tuple(rest.split(".")))
        if LEVEL[used] > LEVEL[room]:
            found.append(f"{room} uses {used}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_uses_only_the_rooms_before_it(path: Path) -> None:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    room = ENTRANCES.get(parts[0], parts[0]) if len(parts) == 1 else room_of(parts)
    assert not faults(room, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("ops", "from cnnspec.spec.model import Line"),
        ("spec", "def f():\n    import cnnspec.graph.model"),
        ("costs", "from cnnspec import analyses"),
        ("report", "from cnnspec.api import Network"),
        ("graph", "if TYPE_CHECKING:\n    from cnnspec.api import Network"),
        ("cli", "import torch.nn"),
        ("report", "if TYPE_CHECKING:\n    from cnnspec.api import Network"),
        ("report", "from cnnspec.cli.output import show"),
        ("api", "from cnnspec.pytorch.measure_costs import measure"),
        ("report", "try:\n    from tabulate import tabulate\nexcept ImportError:\n    pass"),
    ],
)
def test_an_import_against_the_order_is_seen(room: str, text: str) -> None:
    assert len(faults(room, text)) == 1


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("report", "if TYPE_CHECKING:\n    import pandas"),
        ("report", "def f():\n    import pandas"),
        ("api", "def f():\n    from cnnspec.pytorch.measure_costs import measure"),
        ("pytorch", "import torch"),
        ("report", "from cnnspec.analyses.network_costs import NetworkCosts"),
        ("cli", "from cnnspec import __version__"),
        ("graph", "from cnnspec.ops.kit.fields import is_int"),
    ],
)
def test_an_import_in_order_is_let_through(room: str, text: str) -> None:
    assert not faults(room, text)


def test_every_room_has_its_place() -> None:
    rooms = {p.relative_to(PACKAGE).with_suffix("").parts[0] for p in MODULES}
    assert rooms - LEVEL.keys() == ENTRANCES.keys()
