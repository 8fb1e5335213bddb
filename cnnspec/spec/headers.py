"""The keys of a network, and which table's header has swallowed one of them."""

from typing import Any

from cnnspec.problems import visible
from cnnspec.spec.model import Fields
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Path, Source

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


def missing(reader: SpecReader, source: Source, key: str, what: str, example: str) -> None:
    """Say that a key of the network is missing, and, where a table's header has swallowed it,
    which."""
    if key in source.data:
        return
    path = swallowed(source.data, key)
    reader.report(
        source,
        path,
        "L002",
        f"a spec needs {what}",
        below(path) if path else example,
        key=bool(path),
    )


def swallowed(data: Fields, key: str) -> Path:
    """Where ``key`` stands below the header of a table that has no such key; () where it does
    not."""
    tables: dict[Path, Any] = {("args",): data.get("args")}
    for group in ("variants", "blocks"):
        named = data.get(group)
        tables |= (
            {(group, name): table for name, table in named.items()}
            if isinstance(named, dict)
            else {}
        )
    for path, table in tables.items():
        if isinstance(table, dict) and key in table:
            proper = {"variants": key in ABOUT, "blocks": key == "layers" and "op" not in table}
            if not proper.get(str(path[0]), False):
                return (*path, key)
    return ()


def below(path: Path) -> str:
    """The hint for a key that a table's header has swallowed."""
    *header, key = map(str, path)
    dotted = visible(".".join(header), 60)
    return (
        f"{key} stands below [{dotted}], which makes it {dotted}.{key}: move it above that header"
    )
