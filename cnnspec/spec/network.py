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
from cnnspec.spec.reader import SpecReader, is_dynamic
from cnnspec.spec.scope import FAULTY
from cnnspec.spec.source import Path, Source


def read_network(notes: SpecReader, source: Source, home: str) -> NetworkSpec | None:
    """The network in ``source``, with what could not be read marked broken; None where there are no
    layers.

    ``home`` is the folder of the zoo, where includes are looked up too.
    """
    data = source.data
    meant = undeclared(notes, source)
    missing(notes, source, "name", "a name", 'name = "lenet5", say')
    missing(notes, source, "input", "an input", "input = [3, 224, 224]: channels, height, width")
    missing(notes, source, "layers", "layers", "layers = [ ... ], one line for each layer")
    name = data.get("name")
    if name is not None and not notes.named(source, ("name",), name, "name"):
        name = None
    args = read_args(notes, source) | dict.fromkeys(meant, FAULTY)
    blocks: dict[str, Block] = {}
    read_includes(notes, source, home, blocks)
    read_blocks(notes, source, True, blocks)
    inputs, outputs = read_ports(notes, source, (), data)
    layers = read_lines(notes, source, ("layers",), data["layers"]) if "layers" in data else ()
    body = Block(str(name), source, (), True, (), {}, inputs, outputs, layers)
    about = read_about(notes, source, (), data)
    variants = read_variants(notes, source, args)
    good_blocks = {n: checked(notes, b, blocks, args) for n, b in blocks.items()}
    bindings = read_bindings(notes, source, name, variants)
    if "reference" in data:
        from cnnspec.spec.references import check_references

        check_references(notes, source, args)
    if not layers:
        return None
    return NetworkSpec(
        source,
        str(name),
        about,
        args,
        checked(notes, body, blocks, args),
        good_blocks,
        variants,
        *bindings,
    )


def undeclared(notes: SpecReader, source: Source) -> list[str]:
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
            notes.add(source, (key,), "L001", message, f"declare it: args.{key} = ...", key=True)
        else:
            notes.unknown(source, (key,), list(KEYS), "a spec")
    return meant


def checked(
    notes: SpecReader, block: Block, blocks: dict[str, Block], args: Iterable[str]
) -> Block:
    """The block with what its lines call, and what they fill in, noted and FAULTY where it does not
    fit."""
    names = [*block.args, *block.defaults, "in_channels", *(args if block.own else [])]
    if block.preset is not None:
        preset = check_line(notes, block.preset.replace(path=block.path, each=True), blocks, names)
        return block.replace(preset=preset.replace(each=None))
    return block.replace(
        layers=tuple([check_line(notes, line, blocks, names) for line in block.layers])
    )


def read_args(notes: SpecReader, source: Source) -> Fields:
    """The arguments of the network with their default values."""
    args = (
        notes.typed(source, ("args",), source.data.get("args", {}), dict, "a table of arguments")
        or {}
    )
    taken = [k for k in args if k in KEYS]
    for key in taken:
        if key in source.data or key not in ("name", "input", "layers"):
            message = f"an argument may not be called {key}"
            notes.add(source, ("args", key), "L004", message, below(("args", key)), key=True)
    good = {
        k: v
        for k, v in args.items()
        if k not in taken and notes.named(source, ("args", k), k, "argument")
    }
    return {k: notes.compile(source, ("args", k), v) for k, v in good.items()}


def read_about(notes: SpecReader, source: Source, path: Path, table: Fields) -> Fields:
    """Title, year, source and input of a network or a variant."""
    about: Fields = {}
    for key in ABOUT:
        if key not in table:
            continue
        where = (*path, key)
        if key == "input":
            about[key] = notes.compile(source, where, table[key])
            if not is_dynamic(about[key]) and not isinstance(about[key], list | dict):
                notes.add(
                    source,
                    where,
                    "L003",
                    f"input is a shape such as [3, 224, 224], not {describe_value(table[key])}",
                )
        elif key == "year":
            about[key] = notes.typed(source, where, table[key], int, "a year such as 1998")
        else:
            about[key] = notes.typed(source, where, table[key], str, "text")
    return about


def read_variants(notes: SpecReader, source: Source, args: Fields) -> dict[str, Variant]:
    """The variants: named settings of arguments that the network declares."""
    found = {}
    tables = (
        notes.typed(
            source, ("variants",), source.data.get("variants", {}), dict, "a table of variants"
        )
        or {}
    )
    for name, table in tables.items():
        path: Path = ("variants", name)
        good = notes.named(source, path, name, "variant")
        if not good or notes.typed(source, path, table, dict, "a table of arguments") is None:
            continue
        values = {}
        for key, value in table.items():
            if key in args:
                values[key] = notes.compile(source, (*path, key), value)
            elif key not in ABOUT and (key in source.data or key not in KEYS):
                unknown_argument(notes, source, (*path, key), args)
        found[name] = Variant(name, path, values, read_about(notes, source, path, table))
    return found


def unknown_argument(notes: SpecReader, source: Source, path: Path, args: Fields) -> None:
    """Say that a variant sets what the network does not declare."""
    key = str(path[-1])
    declared = f"it declares {', '.join(args) or 'none'}: add args.{visible(key, 40)}"
    hint = below(path) if key in KEYS else did_you_mean(key, [*args, *ABOUT], declared)
    notes.add(
        source,
        path,
        "L015",
        f"{visible(key, 60)} is not an argument of the network",
        hint,
        key=True,
    )


def read_bindings(
    notes: SpecReader, source: Source, name: str | None, variants: dict[str, Variant]
) -> tuple[Any, Any, Any]:
    """References, budgets and claims; each is bound to a variant, or to the network where it has
    none.

    The budget of the network itself is that of all its variants. Where it has no name, nobody can
    say what that is."""
    own = [] if name is None else [name]
    known = list(variants) or own
    value = source.data.get("reference", {})
    references = (
        notes.typed(source, ("reference",), value, dict, "a table with one table a variant") or {}
    )
    for variant, value in references.items():
        bind(notes, source, ("reference", variant), variant, known)
        notes.typed(source, ("reference", variant), value, dict, "a table")
    budgets: Fields = {}
    if "budget" in source.data:
        from cnnspec.spec.budgets import check_budgets

        budgets = check_budgets(notes, source, ("budget",), source.data["budget"])
        for variant in budgets:
            bind(notes, source, ("budget", variant), variant, own and [*dict.fromkeys(known + own)])
    if "claims" not in source.data:
        return references, budgets, ()
    from cnnspec.spec.claim_reading import find_variants, read_claim_tables  # few specs have any

    for path, variant in find_variants(source.data["claims"]):
        bind(notes, source, path, variant, known)
    return references, budgets, tuple(read_claim_tables(notes, source))


def bind(notes: SpecReader, source: Source, path: Path, variant: Any, known: list[str]) -> None:
    if known and variant not in known:
        notes.add(
            source,
            path,
            "L015",
            f"{describe_value(variant)} is not a variant of the network",
            did_you_mean(str(variant), known, "there are " + ", ".join(known[:12])),
            key=path[-1] == variant,
        )
