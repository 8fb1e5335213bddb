"""The draft of a spec: what its text says, before columns and comments are set.

A line is a dict of the keys that it has in the file, in order. An expression is the text in braces
that the file has, such as ``"{2 * width}"``."""

from typing import Any

from cnnspec.records import Record
from cnnspec.units import Shape

DraftLine = dict[str, Any]


class TableDraft(Record):
    """A table of rows that is an argument of the network, with the names of its columns."""

    name: str
    columns: tuple[str, ...]
    rows: list[list[Any]]


class BlockDraft(Record):
    """A block: its arguments and inputs, and the outputs if they are not the last line."""

    name: str
    lines: list[DraftLine]
    args: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ("input",)
    outputs: tuple[str, ...] = ()


class PresetDraft(Record):
    """A preset: an operator with some fields set."""

    name: str
    op: str
    fields: dict[str, Any]


class SpecDraft(Record):
    """A whole spec. ``comments`` are the sentences at its top, one after the other.

    ``network`` has the lines of the network, with its inputs and outputs; ``shapes`` are those of
    its inputs. ``arguments`` are single values that the network declares."""

    title: str
    source: str
    comments: tuple[str, ...]
    shapes: tuple[Shape, ...]
    network: BlockDraft
    arguments: dict[str, Any] = {}
    tables: tuple[TableDraft, ...] = ()
    blocks: tuple[BlockDraft, ...] = ()
    presets: tuple[PresetDraft, ...] = ()
