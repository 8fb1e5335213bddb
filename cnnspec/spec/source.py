"""One file of a spec: its text, its TOML data, and the place of each value in it."""

import os
import re
import stat
import sys
import tomllib
from functools import cache
from typing import Any

from cnnspec.files import FILES_READ
from cnnspec.problems import Problem, SpecError, Where, visible

MAX_BYTES = 2**19
STDIN = "-"  # as the name of a file: standard input
MAX_PARTS = 64  # of a key: tomllib's time and memory grow with the square of them
LONG_KEY = r"""(?:(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){64}"""
LONG_DIGITS = r"[0-9A-Fa-f_]{16}"
INTEGERS = "an integer has at most 64 bits"
Path = tuple[str | int, ...]  # of a value in a file: its keys and indices
Fields = dict[str, Any]


class Source:
    """A spec file. ``name`` is its name in problems, ``data`` its parsed TOML."""

    def __init__(self, name: str, text: str):
        """Parse ``text``. Raises SpecError (T003) if it is not TOML."""
        self.name, self.text = name, text
        self._places: dict[Path, tuple[int, int]] | None = None
        dotted = any(line.count(".") >= MAX_PARTS for line in text.split("\n"))
        if dotted and (long := re.search(LONG_KEY, text)):
            where = Where(
                name,
                text.count("\n", 0, long.start()) + 1,
                long.start() - text.rfind("\n", 0, long.start()),
            )
            raise SpecError(
                [Problem(where, "T003", f"a key has at most {MAX_PARTS} parts between dots")]
            )
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SpecError([self._not_toml(str(error))]) from None
        except (ValueError, RecursionError) as error:  # tomllib lets both through on hostile text
            reason = "it nests too deeply" if isinstance(error, RecursionError) else INTEGERS
            raise SpecError([Problem(Where(name, 1, 1), "T003", f"not TOML: {reason}")]) from None
        if re.search(LONG_DIGITS, text):
            self._check_integers()

    def _check_integers(self) -> None:
        """Raise SpecError (T003) for an integer of more than 64 bits, which TOML does not have."""
        inside: list[tuple[Path, Any]] = [((), self.data)]
        while inside:
            path, value = inside.pop()
            if isinstance(value, dict | list):
                pairs = value.items() if isinstance(value, dict) else enumerate(value)
                inside.extend(((*path, key), v) for key, v in pairs)
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise SpecError([Problem(self.where(path), "T003", f"not TOML: {INTEGERS}")])

    def beside(self, file: str) -> "Source | None":
        """Read a file below the spec's own folder; None if it does not exist.

        Raises SpecError (T001, T002, T003).
        """
        return read_source_inside(os.path.dirname(self.name), file)

    def where(self, path: Path, key: bool = False) -> Where:
        """Return the place of the value at ``path``, or of its key.

        If the path does not exist, it is the place of the nearest value around it.
        """
        if self._places is None:
            from cnnspec.spec.positions import find_positions  # only where something is wrong

            self._places = find_positions(self.text)
        while path and (path if not key else (*path, None)) not in self._places:
            path, key = path[:-1], False
        place: Any = (*path, None) if key else path
        line, column = self._places.get(place, (1, 1))
        return Where(self.name, line, column)

    def _not_toml(self, error: str) -> Problem:
        """Return the problem for an error message of tomllib."""
        found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", error)
        reason = error[: found.start()] if found else error
        # tomllib writes the name of a table as a Python tuple
        reason = re.sub(r"\('(.*)',\)", r"[\1]", reason).replace("', '", ".")
        if found and found[1]:
            line, column = int(found[1]), int(found[2])
        else:
            line, column = self.text.count("\n") + 1, 1
        from cnnspec.spec.hints import toml_hint

        return Problem(
            Where(self.name, line, column),
            "T003",
            f"not TOML: {visible(reason)}",
            toml_hint(reason, self.text, line, column),
        )


def read_source(path: str) -> Source:
    """Read the file ``path``; - is standard input. Raises SpecError (T001, T002, T003)."""
    if path == STDIN:
        return Source("<stdin>", decode_text("<stdin>", read_stdin()))
    where = Where(path, 0)
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            what = "a directory" if stat.S_ISDIR(status.st_mode) else "not a regular file"
            raise SpecError([Problem(where, "T001", f"not a readable spec: it is {what}")])
        if status.st_size > MAX_BYTES:
            message = f"a spec has at most {MAX_BYTES:,} bytes, this file has {status.st_size:,}"
            raise SpecError([Problem(where, "T001", message)])
        with open(path, "rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        raise SpecError([Problem(where, "T001", f"not a readable spec: {reason}")]) from None
    FILES_READ.add(os.path.realpath(path))
    return Source(path, decode_text(path, raw))


@cache
def read_stdin() -> bytes:
    """Read standard input, which can be read only once. Raises SpecError (T001)."""
    try:
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    except (OSError, ValueError, AttributeError):  # it is closed, or there is none
        problem = Problem(Where("<stdin>"), "T001", "standard input cannot be read")
        raise SpecError([problem]) from None
    if len(raw) > MAX_BYTES:
        message = f"a spec has at most {MAX_BYTES:,} bytes, standard input has more"
        raise SpecError([Problem(Where("<stdin>"), "T001", message)])
    return raw


def read_source_inside(folder: str, name: str) -> Source | None:
    """Read the file ``name`` below ``folder``; None if it does not exist or a link leads outside.

    Raises SpecError (T001, T002, T003).
    """
    full = os.path.join(folder, name)
    root = os.path.realpath(folder)
    below = os.path.realpath(full).startswith(root.rstrip(os.sep) + os.sep)
    return read_source(full) if below and os.path.isfile(full) else None


def decode_text(name: str, raw: bytes) -> str:
    """Decode the text of a spec. Raises SpecError (T002) if it is not plain UTF-8."""
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        problem = Problem(
            Where(name, 1, 1),
            "T002",
            "the file starts with a byte-order mark",
            "save it as UTF-8 without BOM",
        )
        raise SpecError([problem])
    try:
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8"
        raise SpecError(
            [Problem(Where(name, line, column), "T002", message, "save the file as UTF-8")]
        ) from None
