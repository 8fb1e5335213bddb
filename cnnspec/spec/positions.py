"""Finds the place of each value in a TOML text, with a scanner for texts that tomllib accepts.

The path of a value is its keys and indices. The path of its key is the same with None at the end.
"""

from bisect import bisect_right
from typing import Any

Places = dict[Any, tuple[int, int]]
SPACE = " \t"
BLANK = " \t\r\n"


def find_positions(text: str) -> Places:
    """Return line and column, from 1, of every key and value in a valid TOML ``text``."""
    scanner = _Scanner(text)
    scanner.document()
    starts = line_starts(text)
    return {path: line_and_column(starts, offset) for path, offset in scanner.offsets.items()}


def line_starts(text: str) -> list[int]:
    """Return the offset at which each line starts."""
    return [0] + [i + 1 for i, c in enumerate(text) if c == "\n"]


def line_and_column(starts: list[int], offset: int) -> tuple[int, int]:
    """Return line and column of an offset."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def find_comments(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and text, without ``#``, of every comment in a valid TOML ``text``."""
    scanner = _Scanner(text)
    scanner.document()
    starts = line_starts(text)
    return [
        (*line_and_column(starts, i), scanner.text[i + 1 : scanner.text.index("\n", i)].strip())
        for i in scanner.comments
    ]


class _Scanner:
    def __init__(self, text: str):
        self.text, self.i = text + "\n", 0
        self.offsets: dict[Any, int] = {}
        self.comments: list[int] = []
        self.lengths: dict[Any, int] = {}  # arrays of tables: how many so far

    def document(self) -> None:
        table: tuple[Any, ...] = ()
        while self.skip(BLANK, comments=True):
            if self.text[self.i] == "[":
                table = self.header()
            else:
                self.pair(table)

    def skip(self, blank: str, comments: bool = False) -> bool:
        """Move past blanks and comments; return whether any text is left."""
        while self.i < len(self.text):
            c = self.text[self.i]
            if c in blank:
                self.i += 1
            elif comments and c == "#":
                self.comments.append(self.i)
                self.i = self.text.index("\n", self.i)
            else:
                return True
        return False

    def header(self) -> tuple[Any, ...]:
        start = self.i
        array = self.text.startswith("[[", self.i)
        self.i += 1 + array
        path: tuple[Any, ...] = ()
        keys = self.keys()
        for n, (key, offset) in enumerate(keys):
            path = (*path, key)
            self.offsets.setdefault(path, start)
            self.offsets.setdefault((*path, None), offset)
            if n == len(keys) - 1 and array:
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        self.skip(SPACE)
        self.i += 1 + array
        self.offsets[path] = start
        self.offsets[(*path, None)] = keys[-1][1]
        return path

    def keys(self) -> list[tuple[str, int]]:
        """Read a key, dotted or not: its parts with their offsets."""
        found = []
        while True:
            self.skip(SPACE)
            start = self.i
            if self.text[self.i] in "\"'":
                found.append((self.string(), start))
            else:
                while self.text[self.i] not in " \t.=]":
                    self.i += 1
                found.append((self.text[start : self.i], start))
            self.skip(SPACE)
            if self.text[self.i] != ".":
                return found
            self.i += 1

    def pair(self, table: tuple[Any, ...]) -> None:
        path = table
        for key, offset in self.keys():
            path = (*path, key)
            self.offsets.setdefault((*path, None), offset)
            self.offsets.setdefault(path, offset)
        self.i += 1  # the equals sign
        self.skip(SPACE)
        self.value(path)

    def value(self, path: tuple[Any, ...]) -> None:
        self.offsets[path] = self.i
        c = self.text[self.i]
        if c in "\"'":
            self.string()
        elif c == "[":
            self.i += 1
            n = 0
            while self.skip(BLANK + ",", comments=True) and self.text[self.i] != "]":
                self.value((*path, n))
                n += 1
            self.i += 1
        elif c == "{":
            self.i += 1
            while self.skip(BLANK + ",", comments=True) and self.text[self.i] != "}":
                self.pair(path)
            self.i += 1
        else:
            while self.text[self.i] not in ",]}#\n":
                self.i += 1

    def string(self) -> str:
        """Move past a string and return its text."""
        quote = self.text[self.i]
        if self.text.startswith(quote * 3, self.i):
            end = self.closing(quote * 3, self.i + 3)
            while self.text[end + 3] == quote:  # up to two quotes may precede the closing three
                end += 1
            body, self.i = self.text[self.i + 3 : end], end + 3
        else:
            end = self.closing(quote, self.i + 1)
            body, self.i = self.text[self.i + 1 : end], end + 1
        return unescaped(body) if quote == '"' else body

    def closing(self, quotes: str, i: int) -> int:
        while not self.text.startswith(quotes, i):
            i += 2 if self.text[i] == "\\" and quotes[0] == '"' else 1
        return i


def unescaped(body: str) -> str:
    """Resolve the escapes of a basic string, as tomllib does."""
    if "\\" not in body:
        return body
    import tomllib

    try:
        return str(tomllib.loads(f'k = "{body}"')["k"])
    except tomllib.TOMLDecodeError:  # a multi-line string: never a key
        return body
