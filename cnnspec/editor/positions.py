"""Positions in a text as editors count them: lines from 0, and UTF-16 units from 0 in a line.

The Language Server Protocol and CodeMirror count so. Everything else in cnnspec counts characters,
from 1. Offsets are indices of a Python string."""

from bisect import bisect_right
from typing import Any

from cnnspec.problems import Where
from cnnspec.records import Record
from cnnspec.spec.positions import line_starts

Span = tuple[int, int]  # the offsets of the first character and behind the last one


class Position(Record):
    """A place between two characters: its line and its UTF-16 unit in that line, both from 0."""

    line: int
    character: int


class Range(Record):
    """The text from ``start`` up to ``end``."""

    start: Position
    end: Position


class TextEdit(Record):
    """A change: ``new_text`` replaces the text in ``range``."""

    range: Range
    new_text: str


class Location(Record):
    """A range in a file. The path is as the spec's own path was given."""

    path: str
    range: Range


class TextLines:
    """The lines of a text, to convert offsets to positions and back."""

    def __init__(self, text: str):
        self.text, self.starts = text, line_starts(text)

    def line(self, number: int) -> str:
        """Return a line, from 0, without its end; "" for a line that does not exist."""
        if not 0 <= number < len(self.starts):
            return ""
        return self.text[self.starts[number] : self.end(number)]

    def end(self, number: int) -> int:
        """Return the offset of the end of a line, from 0."""
        last = number + 1 >= len(self.starts)
        return len(self.text) if last else self.starts[number + 1] - 1

    def position(self, offset: int) -> Position:
        """Return the position of an offset; offsets outside the text are moved into it."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self.starts, offset) - 1
        before = self.text[self.starts[line] : offset]
        return Position(line, len(before) + count_wide(before))

    def offset(self, position: Position) -> int:
        """Return the offset of a position; positions outside the text are moved into it."""
        if position.line < 0:
            return 0
        if position.line >= len(self.starts):
            return len(self.text)
        line, wanted = self.line(position.line), max(position.character, 0)
        if line.isascii():
            return self.starts[position.line] + min(wanted, len(line))
        units = 0
        for i, character in enumerate(line):
            if units >= wanted:
                return self.starts[position.line] + i
            units += 1 + (character > "\uffff")
        return self.starts[position.line] + len(line)

    def range(self, span: Span) -> Range:
        """Return the range of a span of offsets."""
        return Range(self.position(span[0]), self.position(span[1]))

    def offset_of(self, where: Where) -> int:
        """Return the offset of the place of a problem; 0 for that of a whole file."""
        if not 0 < where.line <= len(self.starts):
            return 0 if where.line <= 0 else len(self.text)
        return min(self.starts[where.line - 1] + max(where.column - 1, 0), self.end(where.line - 1))


def count_wide(text: str) -> int:
    """Count the characters that take two units in UTF-16."""
    return 0 if text.isascii() else sum(character > "\uffff" for character in text)


def to_data(value: Any) -> Any:
    """Return a result of this package as plain data for JSON: records become tables."""
    if isinstance(value, Record):
        return {name: to_data(getattr(value, name)) for name in value.field_names}
    if isinstance(value, list | tuple):
        return [to_data(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_data(item) for key, item in value.items()}
    return value
