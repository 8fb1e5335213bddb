"""Inline ignores: the comment ``# cnnspec: ignore S001: the paper crops``, on a line of a spec or
alone above it.

Several codes stand between commas. Without a reason nothing is ignored, and the comment itself is a
finding."""

import re

from cnnspec.gate.codes import CODES, ignorable
from cnnspec.problems import Problem, Where, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.source import Source

MARK = "cnnspec:"
FORM = re.compile(r"cnnspec:\s*ignore\s+([^:]*?)\s*(?::\s*(.*?)\s*)?")
EXAMPLE = "# cnnspec: ignore S001: the paper crops"


class Ignore(Record):
    """An ignore: the place of its comment, the line that it is about, the codes, the reason."""

    where: Where
    line: int
    codes: tuple[str, ...]
    reason: str


def read_ignores(source: Source) -> tuple[list[Ignore], list[Problem]]:
    """The ignores in a spec that TOML can read, and what is wrong with others."""
    if MARK not in source.text:
        return [], []
    from cnnspec.spec.positions import find_comments  # only where there is one

    lines = source.text.split("\n")
    found, problems = [], []
    for line, column, text in find_comments(source.text):
        if not text.startswith(MARK):
            continue
        where = Where(source.name, line, column)
        ignore = read_ignore(where, text, target(lines, line, column))
        if isinstance(ignore, Ignore):
            found.append(ignore)
        else:
            problems.append(ignore)
    return found, problems


def target(lines: list[str], line: int, column: int) -> int:
    """The line that a comment is about: its own, or, where nothing else stands there, the next that
    is no comment."""
    if lines[line - 1][: column - 1].strip():
        return line
    later = range(line + 1, len(lines) + 1)
    return next(
        (n for n in later if (text := lines[n - 1].strip()) and not text.startswith("#")), line
    )


def read_ignore(where: Where, text: str, line: int) -> Ignore | Problem:
    """One ignore, or what is wrong with it."""
    match = FORM.fullmatch(text)
    if match is None:
        return Problem(
            where, "G001", f"this is no ignore: # {visible(text, 60)}", f"an ignore reads {EXAMPLE}"
        )
    codes = tuple(code.strip() for code in match[1].split(","))
    for code in codes:
        if code not in CODES:
            return Problem(
                where, "G001", f"there is no rule {visible(code, 40)!r}", did_you_mean(code, CODES)
            )
        if not ignorable(code):
            return Problem(where, "G001", f"{code} cannot be ignored", "mend what it is about")
    if not match[2]:
        message = f"this ignore of {', '.join(codes)} gives no reason, so nothing is ignored"
        return Problem(where, "G001", message, f"say why behind a colon: {EXAMPLE}")
    return Ignore(where, line, codes, match[2])
