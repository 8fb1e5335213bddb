"""Reads the keys and values of a TOML text with their places, also where the text is broken.

tomllib stops at the first mistake. While a user writes, the text is broken most of the time, so
this scanner never fails: it closes what is open where a line or the next table begins."""

import re

from cnnspec.editor.positions import Span
from cnnspec.records import Record
from cnnspec.spec.positions import unescaped
from cnnspec.spec.source import Path

SPACE = " \t\r"
MAX_DEPTH = 60  # of values inside each other; more are read as one value
HEADER = re.compile(r"\[\[?[ \t]*[A-Za-z_][^\[\]{}=,\n]*\]\]?[ \t]*(#[^\n]*)?\n")
PAIR = re.compile(r"""[A-Za-z_][\w.-]*[ \t]*=|"[^"\n]*"[ \t]*=""")
BARE_END = ",]}#\n"


class SyntaxItem(Record):
    """One value of a text: its path, and the spans of its key and of its text.

    ``kind`` is "text", "array", "inline" (a table in braces), "header" (a table below its header,
    whose span ends where the next begins), "plain" (a number, a boolean, or what is neither), or
    "missing" (a key without a value). An item of an array has no key."""

    path: Path
    key: Span | None
    span: Span
    kind: str


class SyntaxScanner:
    """Scans a text once; each step moves on by at least one character."""

    def __init__(self, text: str):
        self.text, self.i = text + "\n", 0
        self.items: list[SyntaxItem] = []
        self.comments: list[Span] = []
        self.lengths: dict[Path, int] = {}  # arrays of tables: how many so far

    def read_document(self) -> None:
        """Read the whole text."""
        table: Path = ()
        header: tuple[Path, Span, int] | None = None
        while self.skip(SPACE + "\n"):
            if self.text[self.i] == "[":
                self.close_header(header)
                start = self.i
                table, key = self.read_header()
                header = table, key, start
            else:
                self.read_pair(table, 0)
                rest = self.skip(SPACE, comments=False)
                if rest and self.text[self.i] not in "#\n" and not self.begins_line():
                    self.i = self.text.index("\n", self.i)
        self.close_header(header)

    def close_header(self, header: tuple[Path, Span, int] | None) -> None:
        """Add the table of the header before, which ends here."""
        if header is not None:
            path, key, start = header
            end = len(self.text[: self.i].rstrip())
            self.items.append(SyntaxItem(path, key, (start, max(end, key[1])), "header"))

    def skip(self, blank: str, comments: bool = True) -> bool:
        """Move past blanks and comments; return whether any text is left."""
        while self.i < len(self.text):
            c = self.text[self.i]
            if c in blank:
                self.i += 1
            elif comments and c == "#":
                end = self.text.index("\n", self.i)
                self.comments.append((self.i, end))
                self.i = end
            else:
                return True
        return False

    def read_header(self) -> tuple[Path, Span]:
        """Read a header; return the path of its table and the span of its last key."""
        array = self.text.startswith("[[", self.i)
        self.i += 1 + array
        keys = self.read_keys()
        path: Path = ()
        for n, (key, _) in enumerate(keys):
            path = (*path, key)
            if n == len(keys) - 1 and array:
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        while self.text[self.i] not in "#\n":
            self.i += 1
        return path, keys[-1][1]

    def read_keys(self) -> list[tuple[str, Span]]:
        """Read a key, dotted or not: its parts with their spans. There is always one."""
        found = []
        while True:
            self.skip(SPACE, comments=False)
            start = self.i
            if self.text[start] in "\"'":
                self.read_string()
                written = self.text[start : self.i]
                name = unescaped(written[1:-1]) if written[0] == '"' else written[1:-1]
            else:
                while self.text[self.i] not in " \t\r.=[]{},\"'#\n":
                    self.i += 1
                name = self.text[start : self.i]
            found.append((name, (start, self.i)))
            self.skip(SPACE, comments=False)
            if self.text[self.i] != ".":
                return found
            self.i += 1

    def read_pair(self, table: Path, depth: int) -> None:
        """Read ``key = value``, or as much of it as there is."""
        start = self.i
        keys = self.read_keys()
        path, span = (*table, *(key for key, _ in keys)), keys[-1][1]
        if self.text[self.i] == "=":
            self.i += 1
            self.skip(SPACE, comments=False)
            self.read_value(path, span, depth)
        else:
            self.items.append(SyntaxItem(path, span, (self.i, self.i), "missing"))
        if self.i == start:  # a character that begins no key
            self.i += self.text[self.i] != "\n"

    def read_value(self, path: Path, key: Span | None, depth: int) -> None:
        """Read one value and add its item, then those inside it."""
        start, c = self.i, self.text[self.i]
        kind = "plain"
        if depth > MAX_DEPTH:
            self.i = self.text.index("\n", self.i)
        elif c in "\"'":
            kind = "text"
            self.read_string()
        elif c == "[":
            kind = "array"
            self.read_array(path, depth)
        elif c == "{":
            kind = "inline"
            self.read_inline(path, depth)
        else:
            while self.text[self.i] not in BARE_END:
                self.i += 1
            kind = "plain" if self.text[start : self.i].strip() else "missing"
        end = start + len(self.text[start : self.i].rstrip())
        self.items.append(SyntaxItem(path, key, (start, end), kind))

    def read_array(self, path: Path, depth: int) -> None:
        """Read a list, which ends at its bracket or where a header or a pair begins a line."""
        self.i += 1
        n = 0
        while self.skip(SPACE + "\n,"):
            c = self.text[self.i]
            if c == "]":
                self.i += 1
                return
            if self.begins_line() and (
                HEADER.match(self.text, self.i) or PAIR.match(self.text, self.i)
            ):
                return
            if c == "}":
                self.i += 1
                continue
            self.read_value((*path, n), None, depth + 1)
            n += 1

    def begins_line(self) -> bool:
        """Whether only blanks precede the next character on its line."""
        return not self.text[self.text.rfind("\n", 0, self.i) + 1 : self.i].strip()

    def read_inline(self, path: Path, depth: int) -> None:
        """Read a table in braces, which ends at its brace or at the end of the line."""
        self.i += 1
        while self.skip(SPACE + ",", comments=False):
            c = self.text[self.i]
            if c == "}":
                self.i += 1
                return
            if c in "]#\n":
                return
            self.read_pair(path, depth + 1)

    def read_string(self) -> None:
        """Move past a string; one on a single line ends there at the latest."""
        quote = self.text[self.i]
        if self.text.startswith(quote * 3, self.i):
            end = self.find_quotes(quote * 3, self.i + 3, len(self.text) - 1)
            self.i = min(end + 3, len(self.text) - 1)
            return
        line_end = self.text.index("\n", self.i)
        self.i = min(self.find_quotes(quote, self.i + 1, line_end) + 1, line_end)

    def find_quotes(self, quotes: str, i: int, end: int) -> int:
        """Return the offset of the closing ``quotes`` from ``i``, or ``end`` if there are none."""
        while i < end and not self.text.startswith(quotes, i):
            i += 2 if self.text[i] == "\\" and quotes[0] == '"' else 1
        return min(i, end)
