"""The structure of the package: the order of its packages, and no cycles of imports.

A package uses only the packages above it in LEVELS (CONTRIBUTING lists them). This holds for
imports in functions and for type checkers, too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnspec.records import Record

PACKAGE = Path(__file__).parent.parent / "cnnspec"
LEVELS = (
    ("records", "problems", "units", "garbage", "files"),
    ("ops/kit",),
    ("ops",),
    ("spec",),
    ("graph",),
    ("costs",),
    ("conventions",),
    ("analyses",),
    ("rules",),
    ("gate",),
    ("pytorch",),
    ("importing", "exporting", "search", "teaching"),
    ("report",),
    ("editor",),
    ("site",),
    ("api",),
    ("cli",),
)
PLANNED = {"teaching"}
LEVEL = {package: level for level, packages in enumerate(LEVELS) for package in packages}
ENTRANCES = {"__init__": "api", "__main__": "cli"}
HEAVY = {"torch", "torchvision", "timm", "fvcore", "numpy", "pandas", "tabulate"}
HEAVY |= {"joblib", "distributed", "ray", "pyarrow"}
FILES = sorted(PACKAGE.rglob("*.py"))


class Import(Record):
    """An imported module: where the import is, and for whom.

    ``in_function`` imports run when the function is called; ``for_types`` are under TYPE_CHECKING.
    """

    module: str
    in_function: bool = False
    for_types: bool = False


def find_imports(
    node: ast.AST, in_function: bool = False, for_types: bool = False
) -> Iterator[Import]:
    """Yield every module that a tree imports; ``from cnnspec import x`` counts as ``cnnspec.x``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, in_function, for_types) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            base = child.module or ""
            yield from (
                Import(module_named(base, alias.name), in_function, for_types)
                for alias in child.names
            )
        else:
            types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from find_imports(child, in_function or function, for_types or types)


def module_named(base: str, name: str) -> str:
    """Return the module that ``from base import name`` imports: ``base``, or ``base.name``."""
    path = PACKAGE.parent / base.replace(".", "/") / name
    is_module = base.startswith("cnnspec") and (path.with_suffix(".py").exists() or path.is_dir())
    return f"{base}.{name}" if base == "cnnspec" or is_module else base


def package_of(parts: tuple[str, ...]) -> str:
    """Return the package of a module, by the parts of its path below cnnspec/."""
    if len(parts) == 1:
        return ENTRANCES.get(parts[0], parts[0])
    return "ops/kit" if parts[:2] == ("ops", "kit") else parts[0]


def module_name(path: Path) -> str:
    """Return the dotted name of a file of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def find_faults(package: str, text: str) -> list[str]:
    """Return the imports in ``text``, a module of ``package``, that break the order."""
    found = []
    for used in find_imports(ast.parse(text)):
        top, _, rest = used.module.partition(".")
        heavy = used.module.startswith("cnnspec.pytorch") or top in HEAVY
        if heavy and package != "pytorch" and not used.in_function and not used.for_types:
            found.append(f"{used.module} at module level")
        if top != "cnnspec" or rest in ("", "__version__"):
            continue
        other = package_of(tuple(rest.split(".")))
        if LEVEL[other] > LEVEL[package]:
            found.append(f"{package} uses {other}")
    return found


def find_cycle(imports: dict[str, set[str]]) -> list[str]:
    """Return the modules of one cycle of imports, or nothing."""
    done: set[str] = set()
    for start in imports:
        path: list[str] = []
        if cycle := follow_imports(start, imports, path, done):
            return cycle
    return []


def follow_imports(
    module: str, imports: dict[str, set[str]], path: list[str], done: set[str]
) -> list[str]:
    """Return the first cycle that is reached from ``module``, which ``path`` leads to."""
    if module in path:
        return [*path[path.index(module) :], module]
    if module in done:
        return []
    path.append(module)
    for used in sorted(imports.get(module, ())):
        if cycle := follow_imports(used, imports, path, done):
            return cycle
    done.add(path.pop())
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_package_uses_only_the_packages_above_it(path: Path) -> None:
    package = package_of(path.relative_to(PACKAGE).with_suffix("").parts)
    assert not find_faults(package, path.read_text(encoding="utf-8"))


def test_modules_do_not_import_each_other_in_a_cycle() -> None:
    imports = {}
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = module_name(path)
        used = {i.module for i in find_imports(tree) if i.module.startswith("cnnspec.")}
        imports[name] = used - {name}
    assert find_cycle(imports) == []


def test_a_cycle_is_found() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("package", "text"),
    [
        ("ops", "from cnnspec.spec.model import Line"),
        ("ops/kit", "from cnnspec.ops.registry import operator"),
        ("spec", "def f():\n    import cnnspec.graph.model"),
        ("costs", "from cnnspec import analyses"),
        ("report", "from cnnspec.api import Network"),
        ("graph", "if TYPE_CHECKING:\n    from cnnspec.api import Network"),
        ("cli", "import torch.nn"),
        ("report", "if TYPE_CHECKING:\n    from cnnspec.api import Network"),
        ("report", "from cnnspec.cli.output import print_page"),
        ("api", "from cnnspec.pytorch.measure_costs import measure"),
        ("report", "try:\n    from tabulate import tabulate\nexcept ImportError:\n    pass"),
    ],
)
def test_an_import_against_the_order_is_found(package: str, text: str) -> None:
    assert len(find_faults(package, text)) == 1


@pytest.mark.parametrize(
    ("package", "text"),
    [
        ("report", "if TYPE_CHECKING:\n    import pandas"),
        ("report", "def f():\n    import pandas"),
        ("api", "def f():\n    from cnnspec.pytorch.measure_costs import measure"),
        ("pytorch", "import torch"),
        ("report", "from cnnspec.analyses.network_costs import NetworkCosts"),
        ("cli", "from cnnspec import __version__"),
        ("graph", "from cnnspec.ops.kit.fields import is_int"),
        ("ops", "from cnnspec.ops.kit import memory"),
    ],
)
def test_an_import_in_order_is_accepted(package: str, text: str) -> None:
    assert not find_faults(package, text)


def test_every_package_has_a_level() -> None:
    packages = {package_of(p.relative_to(PACKAGE).with_suffix("").parts) for p in FILES}
    assert packages <= LEVEL.keys()
    assert LEVEL.keys() - packages <= PLANNED


def test_no_two_test_files_have_one_name() -> None:
    """pytest imports a test file by its name alone, and refuses a second one."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
