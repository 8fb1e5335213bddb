"""Reads blocks, from the network's own file and from the files that it includes."""

import os
from typing import Any

from cnnspec.ops.registry import BUILT_IN
from cnnspec.problems import SpecError, visible
from cnnspec.spec.lines import read_line, read_lines
from cnnspec.spec.model import Block
from cnnspec.spec.reader import CONTROL, KEYS, NEEDED, SpecReader, move_up_hint
from cnnspec.spec.source import Path, Source, read_source_inside

CALLING = "op", "norm", "activation"  # the keys of a line that name an operator or a block
COMPOSITE = ("layers", "args", "defaults", "inputs", "outputs")


def read_blocks(reader: SpecReader, source: Source, own: bool, into: dict[str, Block]) -> None:
    """Read the blocks of one file into ``into``. ``own`` says it is the network's own file."""
    tables = source.data.get("blocks", {})
    for name, table in (
        reader.check_type(source, ("blocks",), tables, dict, "a table of blocks") or {}
    ).items():
        path: Path = ("blocks", name)
        if not reader.check_name(source, path, name, "block"):
            continue
        if name in BUILT_IN and calls(table, name):
            reader.report(
                source,
                path,
                "L004",
                f"the block {name} has the name of an operator, so it calls itself where it calls"
                f" {name}",
                "give the block another name",
                key=True,
            )
        elif name in into:
            other = into[name].source.name
            reader.report(
                source,
                path,
                "L004",
                f"the block {visible(name)} exists twice: also in {other}",
                key=True,
            )
        elif reader.check_type(source, path, table, dict, "a table") is not None:
            into[name] = read_block(reader, source, path, table, own)
        else:
            into[name] = Block(name, source, path, own, broken=True)


def calls(table: Any, name: str) -> bool:
    """Tell whether a block's table calls ``name``, as a layer or as a part of one."""
    if not isinstance(table, dict):
        return False
    layers = table.get("layers")
    own = [table, *(layers if isinstance(layers, list) else [])]
    parts = [line.get(key) for line in own if isinstance(line, dict) for key in CALLING]
    return name in [part.get("op") if isinstance(part, dict) else part for part in parts]


def read_block(
    reader: SpecReader, source: Source, path: Path, table: dict[str, Any], own: bool
) -> Block:
    """Read one block: a preset if it has op, else a list of layers."""
    name = str(path[-1])
    args = reader.read_names(source, (*path, "args"), table.get("args", []), "arguments")
    broken = has_lost_names(table.get("args", []), args)
    defaults = read_defaults(reader, source, path, table, args)
    stray = report_stray_keys(reader, source, path, table, own)
    if "op" in table:
        for key in table:
            if (
                key in ("inputs", "outputs", "layers", *CONTROL)
                and key != "op"
                and key not in stray
            ):
                reader.report(
                    source,
                    (*path, key),
                    "L001",
                    f"a preset, a block with op, takes no {key}",
                    key=True,
                )
        fields = {
            k: v for k, v in table.items() if k not in (*COMPOSITE, *CONTROL, *stray) or k == "op"
        }
        line = read_line(reader, source, path, {"name": name, **fields})
        return Block(name, source, path, own, args, defaults, preset=line, broken=broken)
    for key in table:
        if key not in COMPOSITE and key not in stray:
            reader.report_unknown_key(
                source, (*path, key), [*COMPOSITE, "op"], f"the block {visible(name, 60)}"
            )
    if "layers" not in table:
        reader.report(
            source, path, "L002", f"the block {visible(name, 60)} needs layers, or an op", key=True
        )
    layers = (
        read_lines(reader, source, (*path, "layers"), table["layers"]) if "layers" in table else ()
    )
    inputs, outputs = read_ports(reader, source, path, table)
    broken = broken or has_lost_names(table.get("inputs", []), inputs)
    return Block(name, source, path, own, args, defaults, inputs, outputs, layers, broken=broken)


def report_stray_keys(
    reader: SpecReader, source: Source, path: Path, table: dict[str, Any], own: bool
) -> list[str]:
    """Return the keys in a block that belong to the network, and report them.

    Those that the network lacks are reported there.
    """
    belong = [k for k in table if k in KEYS and k not in COMPOSITE] if own else []
    if own and "op" in table and "layers" in table and "layers" not in source.data:
        belong.append("layers")
    for key in belong:
        if key in source.data or key not in NEEDED:
            message = f"{key} is not a key of the block {visible(path[-1], 60)}"
            reader.report(
                source, (*path, key), "L001", message, move_up_hint((*path, key)), key=True
            )
    return belong


def has_lost_names(value: Any, names: tuple[str, ...]) -> bool:
    """Whether a list of names holds some that could not be read."""
    return not isinstance(value, list) or any(name not in names for name in value)


def read_defaults(
    reader: SpecReader, source: Source, path: Path, table: dict[str, Any], args: tuple[str, ...]
) -> dict[str, Any]:
    """Read the optional arguments of a block with their values."""
    where = (*path, "defaults")
    defaults = reader.check_type(
        source, where, table.get("defaults", {}), dict, "a table of arguments with their values"
    )
    for key in defaults or {}:
        if reader.check_name(source, (*where, key), key, "argument") and key in args:
            reader.report(
                source, (*where, key), "L004", f"{key} is already a required argument", key=True
            )
    return {
        k: reader.compile_expressions(source, (*where, k), v) for k, v in (defaults or {}).items()
    }


def read_ports(
    reader: SpecReader, source: Source, path: Path, table: dict[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Read the inputs and outputs of a block or a network. Outputs may be paths into blocks."""
    inputs = (
        reader.read_names(source, (*path, "inputs"), table["inputs"], "inputs")
        if "inputs" in table
        else ("input",)
    )
    if "outputs" not in table:
        return inputs or ("input",), None
    value = table["outputs"]
    outputs = (
        reader.check_type(source, (*path, "outputs"), value, list, "a list of names of layers")
        or []
    )
    for i, output in enumerate(outputs):
        reader.check_type(source, (*path, "outputs", i), output, str, "a layer's name")
    if value == []:
        reader.report(source, (*path, "outputs"), "L003", "outputs names at least one layer")
    return inputs or ("input",), tuple(o for o in outputs if isinstance(o, str)) or None


def read_includes(reader: SpecReader, source: Source, home: str, into: dict[str, Block]) -> None:
    """Read the blocks of the included files into ``into``.

    They are in ``home``, the zoo's folder, or below the file's own folder.
    """
    value = reader.check_type(
        source, ("include",), source.data.get("include", []), list, "a list of files"
    )
    for i, name in enumerate(value or []):
        path: Path = ("include", i)
        if reader.check_type(source, path, name, str, "a file's name") is None:
            continue
        if os.path.isabs(name) or ".." in name.replace("\\", "/").split("/") or "\0" in name:
            reader.report(
                source,
                path,
                "L013",
                f"{visible(name, 60)!r} leads out of the folder of the spec",
                "included files are below the file's own folder, or in specs/",
            )
            continue
        try:
            included = source.beside(name) or read_source_inside(home, name)
        except SpecError as error:
            reader.problems.extend(error.problems)
            continue
        if included is None:
            message = f"{visible(name, 60)!r} is neither below the file's own folder nor in specs/"
            reader.report(source, path, "L013", message)
            continue
        for key in included.data:
            if key != "blocks":
                message = f"an included file has blocks only, no {visible(key, 60)}"
                reader.report(included, (key,), "L001", message, key=True)
        read_blocks(reader, included, False, into)
