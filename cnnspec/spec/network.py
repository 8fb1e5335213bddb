"""Reading a whole file: from a Source to a NetworkSpec, noting every problem on the way."""

import re
from collections.abc import Iterable
from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.blocks import read_blocks, read_includes, read_ports
from cnnspec.spec.headers import ABOUT, KEYS, below, missing
from cnnspec.spec.lines import check_line, read_lines
from cnnspec.spec.model import Block, Fields, NetworkSpec, Variant
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import FAULTY, Dynamic
from cnnspec.spec.source import Path, Source


def read_network(reader: SpecReader, source: Source, home: str) -> NetworkSpec | None:
    """The network in ``source``, with what could not be read marked broken; None where there are no
    layers.

    ``home`` is the folder of the zoo, where includes are looked up too.
    """
    data = source.data
    meant = undeclared(reader, source)
    missing(reader, source, "name", "a name", 'name = "lenet5", say')
    missing(reader, source, "input", "an input", "input = [3, 224, 224]: channels, height, width")
    missing(reader, source, "layers", "layers", "layers = [ ... ], one line for each layer")
    name = data.get("name")
    if name is not None and not reader.check_name(source, ("name",), name, "name"):
        name = None
    args = read_args(reader, source) | dict.fromkeys(meant, FAULTY)
    blocks: dict[str, Block] = {}
    read_includes(reader, source, home, blocks)
    read_blocks(reader, source, True, blocks)
    inputs, outputs = read_ports(reader, source, (), data)
    layers = read_lines(reader, source, ("layers",), data["layers"]) if "layers" in data else ()
    body = Block(str(name), source, (), True, (), {}, inputs, outputs, layers)
    about = read_about(reader, source, (), data)
    variants = read_variants(reader, source, args)
    good_blocks = {n: checked(reader, b, blocks, args) for n, b in blocks.items()}
    bindings = read_bindings(reader, source, name, variants)
    if "reference" in data:
        from cnnspec.spec.references import check_references

        check_references(reader, source, args)
    if not layers:
        return None
    return NetworkSpec(
        source,
        str(name),
        about,
        args,
        checked(reader, body, blocks, args),
        good_blocks,
        variants,
        *bindings,
    )


def undeclared(reader: SpecReader, source: Source) -> list[str]:
    """Note the keys that a spec does not have; those that expressions use, so that arguments are
    meant."""
    unknown, meant = [key for key in source.data if key not in KEYS], []
    used = {
        word
        for found in re.findall(r"\{([^{}\n]*)\}", source.text if unknown else "")
        if "=" not in found
        for word in re.findall(r"\w+", found)
    }
    for key in unknown:
        if key in used:
            meant.append(key)
            message = f"{key} is used in expressions, but it is not declared as an argument"
            reader.report(
                source, (key,), "L001", message, f"declare it: args.{key} = ...", key=True
            )
        else:
            reader.report_unknown_key(source, (key,), list(KEYS), "a spec")
    return meant


def checked(
    reader: SpecReader, block: Block, blocks: dict[str, Block], args: Iterable[str]
) -> Block:
    """The block with what its lines call, and what they fill in, noted and FAULTY where it does not
    fit."""
    names = [*block.args, *block.defaults, "in_channels", *(args if block.own else [])]
    if block.preset is not None:
        preset = check_line(reader, block.preset.replace(path=block.path, each=True), blocks, names)
        return block.replace(preset=preset.replace(each=None))
    return block.replace(
        layers=tuple([check_line(reader, line, blocks, names) for line in block.layers])
    )


def read_args(reader: SpecReader, source: Source) -> Fields:
    """The arguments of the network with their default values."""
    args = (
        reader.check_type(
            source, ("args",), source.data.get("args", {}), dict, "a table of arguments"
        )
        or {}
    )
    taken = [k for k in args if k in KEYS]
    for key in taken:
        if key in source.data or key not in ("name", "input", "layers"):
            message = f"an argument may not be called {key}"
            reader.report(source, ("args", key), "L004", message, below(("args", key)), key=True)
    good = {
        k: v
        for k, v in args.items()
        if k not in taken and reader.check_name(source, ("args", k), k, "argument")
    }
    return {k: reader.compile_expressions(source, ("args", k), v) for k, v in good.items()}


def read_about(reader: SpecReader, source: Source, path: Path, table: Fields) -> Fields:
    """Title, year, source and input of a network or a variant."""
    about: Fields = {}
    for key in ABOUT:
        if key not in table:
            continue
        where = (*path, key)
        if key == "input":
            about[key] = reader.compile_expressions(source, where, table[key])
            if not isinstance(about[key], Dynamic) and not isinstance(about[key], list | dict):
                reader.report(
                    source,
                    where,
                    "L003",
                    f"input is a shape such as [3, 224, 224], not {describe_value(table[key])}",
                )
        elif key == "year":
            about[key] = reader.check_type(source, where, table[key], int, "a year such as 1998")
        else:
            about[key] = reader.check_type(source, where, table[key], str, "text")
    return about


def read_variants(reader: SpecReader, source: Source, args: Fields) -> dict[str, Variant]:
    """The variants: named settings of arguments that the network declares."""
    found = {}
    tables = (
        reader.check_type(
            source, ("variants",), source.data.get("variants", {}), dict, "a table of variants"
        )
        or {}
    )
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
                unknown_argument(reader, source, (*path, key), args)
        found[name] = Variant(name, path, values, read_about(reader, source, path, table))
    return found


def unknown_argument(reader: SpecReader, source: Source, path: Path, args: Fields) -> None:
    """Say that a variant sets what the network does not declare."""
    key = str(path[-1])
    declared = f"it declares {', '.join(args) or 'none'}: add args.{visible(key, 40)}"
    hint = below(path) if key in KEYS else did_you_mean(key, [*args, *ABOUT], declared)
    reader.report(
        source,
        path,
        "L015",
        f"{visible(key, 60)} is not an argument of the network",
        hint,
        key=True,
    )


def read_bindings(
    reader: SpecReader, source: Source, name: str | None, variants: dict[str, Variant]
) -> tuple[Any, Any, Any]:
    """References, budgets and claims; each is bound to a variant, or to the network where it has
    none.

    The budget of the network itself is that of all its variants. Where it has no name, nobody can
    say what that is."""
    own = [] if name is None else [name]
    known = list(variants) or own
    value = source.data.get("reference", {})
    references = (
        reader.check_type(source, ("reference",), value, dict, "a table with one table a variant")
        or {}
    )
    for variant, value in references.items():
        bind(reader, source, ("reference", variant), variant, known)
        reader.check_type(source, ("reference", variant), value, dict, "a table")
    budgets: Fields = {}
    if "budget" in source.data:
        from cnnspec.spec.budgets import check_budgets

        budgets = check_budgets(reader, source, ("budget",), source.data["budget"])
        for variant in budgets:
            bind(
                reader, source, ("budget", variant), variant, own and [*dict.fromkeys(known + own)]
            )
    if "claims" not in source.data:
        return references, budgets, ()
    from cnnspec.spec.claim_reading import find_variants, read_claim_tables  # few specs have any

    for path, variant in find_variants(source.data["claims"]):
        bind(reader, source, path, variant, known)
    return references, budgets, tuple(read_claim_tables(reader, source))


def bind(reader: SpecReader, source: Source, path: Path, variant: Any, known: list[str]) -> None:
    if known and variant not in known:
        reader.report(
            source,
            path,
            "L015",
            f"{describe_value(variant)} is not a variant of the network",
            did_you_mean(str(variant), known, "there are " + ", ".join(known[:12])),
            key=path[-1] == variant,
        )
