"""The text of a draft: the head with its comments, the tables, the lines in columns, the blocks."""

import json
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any

from cnnspec.importing.writing.spec_draft import BlockDraft, DraftLine, SpecDraft, TableDraft

WIDTH = 118  # of a comment, with its "# "


def write_text(draft: SpecDraft) -> str:
    """Return the TOML text of a draft."""
    network = draft.network
    head: dict[str, Any] = {"name": network.name}
    if draft.title != network.name:
        head["title"] = draft.title
    if draft.source:
        head["source"] = draft.source
    if len(network.inputs) > 1:
        head["inputs"] = list(network.inputs)
        head["input"] = dict(zip(network.inputs, map(list, draft.shapes), strict=True))
    else:
        head["input"] = list(draft.shapes[0])
    if network.outputs:
        head["outputs"] = list(network.outputs)
    text = [f"# {line}" for comment in draft.comments for line in wrap(comment, WIDTH - 2)]
    text += align_keys(head)
    text += align_keys({f"args.{name}": value for name, value in draft.arguments.items()})
    for table in draft.tables:
        text += write_table(table)
    text += write_lines(network.lines)
    for block in draft.blocks:
        text += write_block(block)
    for preset in draft.presets:
        text += ["", f"[blocks.{format_key(preset.name)}]"]
        text += align_keys({"op": preset.op, **preset.fields})
    return "\n".join(text) + "\n"


def write_block(block: BlockDraft) -> list[str]:
    """Return the text of a block, with an empty line before it."""
    head: dict[str, Any] = {}
    if block.args:
        head["args"] = list(block.args)
    if block.inputs != ("input",):
        head["inputs"] = list(block.inputs)
    if block.outputs:
        head["outputs"] = list(block.outputs)
    width = max([len(key) for key in [*head, "layers"]])
    title = f"[blocks.{format_key(block.name)}]"
    return ["", title, *align_keys(head, width), *write_lines(block.lines, width if head else 0)]


def align_keys(values: Mapping[str, Any], width: int = 0) -> list[str]:
    """Return one line ``key = value`` for each value, with the equals signs in a column."""
    width = max([width, *map(len, values)])
    return [f"{key:<{width}} = {format_value(value)}" for key, value in values.items()]


def write_table(table: TableDraft) -> list[str]:
    """Return the text of a table of rows, each column as wide as its widest cell and its name."""
    cells = [[format_value(cell) for cell in row] for row in table.rows]
    header, *rows = align_rows([list(table.columns), *cells])
    return [f"args.{table.name} = [", f"  # {header}", *[f"  [ {row} ]," for row in rows], "]"]


def align_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the texts of rows of cells in columns; the first row has the columns' names."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    names, *cells = [pad_cells(row, widths) for row in rows]
    return ["  ".join(names).rstrip(), *[", ".join(row) for row in cells]]


def pad_cells(cells: Iterable[str], widths: Iterable[int]) -> list[str]:
    """Return the cells of a row, aligned at the right."""
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]


def write_lines(lines: Sequence[DraftLine], width: int = 0) -> list[str]:
    """Return the text of a list of lines, with names and operators in columns."""
    names = [format_value(line["name"]) + "," for line in lines]
    calls = [format_call(line) for line in lines]
    rest = [format_items({k: v for k, v in line.items() if k not in FIRST}) for line in lines]
    text = align_lines(names, calls, rest)
    return [f"{'layers':<{width}} = [", *[f"  {line}," for line in text], "]"]


def align_lines(names: Sequence[str], calls: Sequence[str], rest: Sequence[str]) -> list[str]:
    """Return lines of layers, in braces, with names and calls in columns.

    ``names`` are quoted and end in a comma, ``rest`` has the other keys, "" for none."""
    name_width = max(map(len, names))
    call_width = max(
        [len(call) + 1 for call, items in zip(calls, rest, strict=True) if items] + [0]
    )
    text = []
    for name, call, items in zip(names, calls, rest, strict=True):
        end = f"{call + ',':<{call_width}} {items}" if items else call
        text.append(f"{{ name = {name:<{name_width}} {end} }}")
    return text


FIRST = ("name", "op", "share")


def format_call(line: DraftLine) -> str:
    """Return what a line calls: its operator or block, or the line whose parameters it shares."""
    key = "op" if "op" in line else "share"
    return f"{key} = {format_value(line[key])}"


def format_items(values: Mapping[str, Any]) -> str:
    """Return ``key = value`` for each value, with commas between them."""
    return ", ".join(f"{format_key(key)} = {format_value(value)}" for key, value in values.items())


def format_key(key: str) -> str:
    """Return a key of TOML, in quotes where it needs them."""
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else format_value(key)


def format_value(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return f"{{ {format_items(value)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(format_value, value))}]"
    return repr(value)
