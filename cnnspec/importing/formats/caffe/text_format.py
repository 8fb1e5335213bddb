"""Read protobuf's text format, in which Caffe's prototxt files are.

Source: Protocol Buffers, Text format, protobuf.dev/reference/protobuf/textformat-spec."""

import re
from typing import Any

from cnnspec.problems import RequestError, visible

TOKEN = re.compile(
    r"""\s+ | \#[^\n]* | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<word>[A-Za-z_][\w.]*) | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?f?)
      | (?P<sign>[{}<>:\[\],;])""",
    re.VERBOSE,
)
CLOSING = {"{": "}", "<": ">"}
MOST_DEPTH = 50  # of messages in messages


class Message:
    """A message: all values of each field, in order. A value is a message, a number or a text."""

    def __init__(self, line: int):
        self.line = line
        self.fields: dict[str, list[Any]] = {}

    def all(self, name: str) -> list[Any]:
        """Return all values of a field."""
        return self.fields.get(name, [])

    def get(self, name: str, default: Any = None) -> Any:
        """Return the last value of a field."""
        values = self.fields.get(name)
        return values[-1] if values else default

    def message(self, name: str) -> "Message":
        """Return a field that is a message; an empty one if it is not set."""
        found = self.get(name)
        return found if isinstance(found, Message) else Message(self.line)

    def messages(self, name: str) -> "list[Message]":
        """Return all values of a field that are messages."""
        return [v for v in self.all(name) if isinstance(v, Message)]


class TextReader:
    """The tokens of a text, and the place of the next one."""

    def __init__(self, path: str, text: str):
        self.path = path
        self.tokens: list[tuple[str, str, int]] = []
        self.at = 0
        place, line = 0, 1
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None:
                raise self.fault(line, f"{visible(text[place : place + 20])!r} is not expected")
            if match.lastgroup:
                self.tokens.append((match.lastgroup, match[0], line))
            line += match[0].count("\n")
            place = match.end()
        self.tokens.append(("end", "", line))

    def fault(self, line: int, reason: str) -> RequestError:
        return RequestError(f"{visible(self.path)}:{line}: {reason}")

    def take(self) -> tuple[str, str, int]:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def peek(self) -> str:
        return self.tokens[self.at][1]

    def read_message(self, closing: str, line: int, depth: int = 0) -> Message:
        """Read fields up to a closing sign. Raises RequestError."""
        found = Message(line)
        if depth > MOST_DEPTH:
            raise self.fault(line, "messages are nested too deeply")
        while True:
            kind, text, line = self.take()
            if text == closing and kind in ("sign", "end"):
                return found
            if kind == "end":
                raise self.fault(found.line, f"the message that begins here has no {closing}")
            if kind != "word":
                raise self.fault(line, f"a name of a field belongs here, not {visible(text, 40)!r}")
            found.fields.setdefault(text, []).extend(self.read_values(text, depth))
            while self.peek() in (",", ";"):
                self.take()

    def read_values(self, name: str, depth: int) -> list[Any]:
        """Read what comes after the name of a field: a value, or a list of values."""
        _, _, line = self.tokens[self.at]
        if self.peek() == ":":
            self.take()
        elif self.peek() not in CLOSING:
            raise self.fault(line, f"a colon or a brace belongs after {visible(name, 40)}")
        if self.peek() != "[":
            return [self.read_value(depth)]
        self.take()
        values = []
        while self.peek() != "]":
            values.append(self.read_value(depth))
            if self.peek() == ",":
                self.take()
        self.take()
        return values

    def read_value(self, depth: int) -> Any:
        kind, text, line = self.take()
        if kind == "sign" and text in CLOSING:
            return self.read_message(CLOSING[text], line, depth + 1)
        if kind == "text":
            found = text[1:-1]
            while self.tokens[self.at][0] == "text":  # texts side by side are one
                found += self.take()[1][1:-1]
            return found
        if kind == "number":
            plain = text.rstrip("f")
            return int(plain) if re.fullmatch(r"[-+]?\d+", plain) else float(plain)
        if kind == "word":
            return {"true": True, "false": False}.get(text, text)
        raise self.fault(line, f"a value belongs here, not {visible(text, 40)!r}")


def read_text_format(path: str, text: str) -> Message:
    """Read a whole text. Raises RequestError with the line."""
    return TextReader(path, text).read_message("", 1)
