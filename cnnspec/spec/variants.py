"""Reads a network's arguments, variants, and what a spec states about them.

References, budgets and claims belong to one variant each, or to the network if it has none."""

from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import did_you_mean, list_first, visible
from cnnspec.spec.model import Variant
from cnnspec.spec.reader import ABOUT, KEYS, NEEDED, SpecReader, move_up_hint
from cnnspec.spec.scope import Dynamic
from cnnspec.spec.source import Fields, Path, Source

LIBRARIES = ("torchvision", "timm")  # whose models a network may be compared with


def read_arguments(reader: SpecReader, source: Source) -> Fields:
    """Read the arguments of the network with their default values."""
    value = source.data.get("args", {})
    args = reader.check_type(source, ("args",), value, dict, "a table of arguments") or {}
    taken = [k for k in args if k in KEYS]
    for key in taken:
        if key in source.data or key not in NEEDED:
            path: Path = ("args", key)
            message = f"an argument may not be called {key}"
            reader.report(source, path, "L004", message, move_up_hint(path), key=True)
    good = {
        k: v
        for k, v in args.items()
        if k not in taken and reader.check_name(source, ("args", k), k, "argument")
    }
    return {k: reader.compile_expressions(source, ("args", k), v) for k, v in good.items()}


def read_about(reader: SpecReader, source: Source, path: Path, table: Fields) -> Fields:
    """Read title, year, source, task and input of a network or a variant."""
    about: Fields = {}
    for key in ABOUT:
        if key not in table:
            continue
        where, value = (*path, key), table[key]
        if key == "input":
            about[key] = reader.compile_expressions(source, where, value)
            if not isinstance(about[key], Dynamic | list | dict):
                message = f"input is a shape such as [3, 224, 224], not {describe_value(value)}"
                reader.report(source, where, "L003", message)
        elif key == "year":
            about[key] = reader.check_type(source, where, value, int, "a year such as 1998")
        else:
            about[key] = reader.check_type(source, where, value, str, "text")
    return about


def read_variants(reader: SpecReader, source: Source, args: Fields) -> dict[str, Variant]:
    """Read the variants: named settings of arguments that the network declares."""
    found = {}
    value = source.data.get("variants", {})
    tables = reader.check_type(source, ("variants",), value, dict, "a table of variants") or {}
    for name, table in tables.items():
        path: Path = ("variants", name)
        good = reader.check_name(source, path, name, "variant")
        if not good or reader.check_type(source, path, table, dict, "a table of arguments") is None:
            continue
        values = {}
        for key, value in table.items():
            if key in args:
                values[key] = reader.compile_expressions(source, (*path, key), value)
            elif key not in ABOUT and (key in source.data or key not in KEYS):
                declared = f"it declares {', '.join(args) or 'none'}: add args.{visible(key, 40)}"
                hint = did_you_mean(key, [*args, *ABOUT], declared)
                if key in KEYS:
                    hint = move_up_hint((*path, key))
                report_undeclared(reader, source, (*path, key), hint)
        found[name] = Variant(name, path, values, read_about(reader, source, path, table))
    return found


def report_undeclared(reader: SpecReader, source: Source, path: Path, hint: str) -> None:
    """Report a value for an argument that the network does not declare."""
    message = f"{visible(path[-1], 60)} is not an argument of the network"
    reader.report(source, path, "L015", message, hint, key=True)


def read_bindings(
    reader: SpecReader, source: Source, name: str | None, variants: dict[str, Variant]
) -> tuple[Any, Any, Any]:
    """Read references, budgets and claims, and check that their variants exist.

    A budget may also be the whole network's, for all its variants. Where the network has no name,
    which is reported, nothing is checked against it.
    """
    own = [] if name is None else [name]
    known = list(variants) or own
    value = source.data.get("reference", {})
    takes = "a table with one table for each variant"
    references = reader.check_type(source, ("reference",), value, dict, takes) or {}
    for variant, table in references.items():
        check_variant(reader, source, ("reference", variant), variant, known)
        reader.check_type(source, ("reference", variant), table, dict, "a table")
    budgets: Fields = {}
    if "budget" in source.data:
        from cnnspec.spec.budgets import check_budgets  # few specs have any

        budgets = check_budgets(reader, source, ("budget",), source.data["budget"])
        for variant in budgets:
            names = own and [*dict.fromkeys(known + own)]
            check_variant(reader, source, ("budget", variant), variant, names)
    if "claims" not in source.data:
        return references, budgets, ()
    from cnnspec.spec.claim_reading import find_variants, read_claim_tables  # few specs have any

    for path, variant in find_variants(source.data["claims"]):
        check_variant(reader, source, path, variant, known)
    return references, budgets, tuple(read_claim_tables(reader, source))


def check_variant(
    reader: SpecReader, source: Source, path: Path, variant: Any, known: list[str]
) -> None:
    """Report a variant that the network does not have."""
    if known and variant not in known:
        message = f"{describe_value(variant)} is not a variant of the network"
        hint = did_you_mean(str(variant), known, "known here: " + list_first(known))
        reader.report(source, path, "L015", message, hint, key=path[-1] == variant)


def check_references(reader: SpecReader, source: Source, args: Fields) -> None:
    """Check [reference.NAME]: models by library, and the arguments with which they are equal."""
    tables = source.data.get("reference", {})
    for name, table in tables.items() if isinstance(tables, dict) else ():
        path: Path = ("reference", name)
        for key, value in table.items() if isinstance(table, dict) else ():
            where = (*path, key)
            if key in LIBRARIES:
                takes = "the name of a model of that library"
                reader.check_type(source, where, value, str, takes)
            elif key == "set":
                takes = "a table of arguments"
                for arg in reader.check_type(source, where, value, dict, takes) or {}:
                    if arg not in args:
                        declared = f"it declares {', '.join(args) or 'none'}"
                        hint = did_you_mean(arg, list(args), declared)
                        report_undeclared(reader, source, (*where, arg), hint)
            else:
                what = f"the reference {visible(name, 60)}"
                reader.report_unknown_key(source, where, [*LIBRARIES, "set"], what)
