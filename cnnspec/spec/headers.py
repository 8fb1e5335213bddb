"""The keys of a network, and mistakes with table headers, which swallow the keys below them."""

from typing import Any

from cnnspec.problems import visible
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Fields, Path, Source

NEEDED = ("name", "input", "layers")
ABOUT = ("title", "year", "source", "input")
KEYS = (
    "name",
    *ABOUT,
    "args",
    "inputs",
    "outputs",
    "layers",
    "blocks",
    "variants",
    "include",
    "reference",
    "budget",
    "claims",
)


def require_key(reader: SpecReader, source: Source, key: str, what: str, example: str) -> None:
    """Report a key that the network lacks, at the place where a table's header swallowed it."""
    if key in source.data:
        return
    path = find_swallowed(source.data, key)
    hint = move_up_hint(path) if path else example
    reader.report(source, path, "L002", f"a spec needs {what}", hint, key=bool(path))


def find_swallowed(data: Fields, key: str) -> Path:
    """Return the path of ``key`` in a table that has no such key; () where there is none."""
    tables: dict[Path, Any] = {("args",): data.get("args")}
    for group in ("variants", "blocks"):
        named = data.get(group)
        if isinstance(named, dict):
            tables |= {(group, name): table for name, table in named.items()}
    for path, table in tables.items():
        if isinstance(table, dict) and key in table:
            belongs = {"variants": key in ABOUT, "blocks": key == "layers" and "op" not in table}
            if not belongs.get(str(path[0])):
                return (*path, key)
    return ()


def move_up_hint(path: Path) -> str:
    """Return the hint for a key that is below a table's header but belongs to the network."""
    *header, key = map(str, path)
    table = visible(".".join(header), 60)
    return f"{key} is below [{table}], which makes it {table}.{key}: move it above that header"
