"""The tables [reference.NAME]: the models of libraries that a network must equal."""

from typing import Any

from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Path, Source

LIBRARIES = ("torchvision", "timm")


def check_references(reader: SpecReader, source: Source, args: dict[str, Any]) -> None:
    """Note what is wrong in the tables of references: a model by library, and the arguments with
    which it is equal."""
    tables = source.data.get("reference", {})
    for name, table in tables.items() if isinstance(tables, dict) else ():
        path: Path = ("reference", name)
        for key, value in table.items() if isinstance(table, dict) else ():
            if key in LIBRARIES:
                reader.check_type(
                    source, (*path, key), value, str, "the name of a model of that library"
                )
            elif key == "set":
                check_settings(reader, source, (*path, key), value, args)
            else:
                reader.report_unknown_key(
                    source, (*path, key), [*LIBRARIES, "set"], f"the reference {visible(name, 60)}"
                )


def check_settings(
    reader: SpecReader, source: Source, path: Path, value: Any, args: dict[str, Any]
) -> None:
    settings = reader.check_type(source, path, value, dict, "a table of arguments") or {}
    for key in settings:
        if key not in args:
            declared = f"it declares {', '.join(args) or 'none'}"
            reader.report(
                source,
                (*path, key),
                "L015",
                f"{visible(key, 60)} is not an argument of the network",
                did_you_mean(key, list(args), declared),
                key=True,
            )
