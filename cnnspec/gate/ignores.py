"""Ignored findings: comments in specs, and per-file-ignores in pyproject.toml.

A comment such as ``# cnnspec: ignore S001: the paper crops`` ignores a rule on its own line or, if
nothing else is on that line, on the next one. Several codes are separated by commas. The reason is
required: without it the comment ignores nothing and is itself a finding."""

import re
from collections.abc import Container, Mapping
from functools import cache
from typing import Any

from cnnspec.gate.findings import CODES, FindingSet, can_be_ignored
from cnnspec.gate.patterns import matches_pattern, require_pattern
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import Problem, RequestError, SpecError, Where, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.source import Source, read_source

MARK = "cnnspec:"
FORM = re.compile(r"cnnspec:\s*ignore\s+([^:]*?)\s*(?::\s*(.*?)\s*)?")
EXAMPLE = "# cnnspec: ignore S001: the paper crops"
FORM_OF_CODES = "a code is a letter and three digits, such as S001"
FileIgnores = Mapping[str, Mapping[str, str]]  # pattern of files -> code -> reason


class IgnoreComment(Record):
    """A comment that ignores rules: its place, the line that it applies to, codes and reason."""

    where: Where
    line: int
    codes: tuple[str, ...]
    reason: str


def read_ignore_comments(source: Source) -> tuple[list[IgnoreComment], list[Problem]]:
    """Read the ignore comments of a spec, and the problems of malformed ones."""
    if MARK not in source.text:
        return [], []
    from cnnspec.spec.positions import find_comments  # only if there is a comment to read

    lines = source.text.split("\n")
    found, problems = [], []
    for line, column, text in find_comments(source.text):
        if not text.startswith(MARK):
            continue
        where = Where(source.name, line, column)
        comment = parse_ignore_comment(where, text, ignored_line(lines, line, column))
        if isinstance(comment, IgnoreComment):
            found.append(comment)
        else:
            problems.append(comment)
    return found, problems


@cache
def read_included_comments(path: str) -> list[IgnoreComment]:
    """Read the ignore comments of an included file."""
    try:
        return read_ignore_comments(read_source(path))[0]
    except SpecError:
        return []


def ignored_line(lines: list[str], line: int, column: int) -> int:
    """Return the line that a comment applies to: its own, or the next that is not a comment."""
    if lines[line - 1][: column - 1].strip():
        return line
    later = range(line + 1, len(lines) + 1)
    return next(
        (n for n in later if (text := lines[n - 1].strip()) and not text.startswith("#")), line
    )


def parse_ignore_comment(where: Where, text: str, line: int) -> IgnoreComment | Problem:
    """Parse one comment; return the problem if it is malformed."""
    match = FORM.fullmatch(text)
    if match is None:
        message = f"this is not an ignore comment: # {visible(text, 60)}"
        return Problem(where, "G001", message, f"write {EXAMPLE}")
    codes = tuple(code.strip() for code in match[1].split(","))
    for code in codes:
        if code not in CODES:
            message = f"there is no rule {visible(code, 40)!r}"
            return Problem(where, "G001", message, did_you_mean(code, CODES, FORM_OF_CODES))
        if not can_be_ignored(code):
            return Problem(where, "G001", f"{code} cannot be ignored", "fix the cause")
    if not match[2]:
        message = f"this ignore of {', '.join(codes)} has no reason, so it ignores nothing"
        return Problem(where, "G001", message, f"add the reason after a colon: {EXAMPLE}")
    return IgnoreComment(where, line, codes, match[2])


def apply_ignore_comments(
    found: FindingSet, file: str, comments: list[IgnoreComment]
) -> set[tuple[IgnoreComment, str]]:
    """Mark the findings that comments ignore; return the comments with the codes they ignored.

    ``comments`` are those of ``file``. Findings in included files use the comments there."""
    used = set()
    for key, finding in found.by_key.items():
        where, code = finding.problem.where, finding.problem.rule
        there = comments if where.file == file else read_included_comments(where.file)
        for comment in there:
            if where.line == comment.line and code in comment.codes:
                found.by_key[key] = found.by_key[key].replace(ignore_reason=comment.reason)
                used.add((comment, code))
    return used


def find_unused_comments(
    comments: list[IgnoreComment], used: set[tuple[IgnoreComment, str]], codes: Container[str]
) -> list[Problem]:
    """Return a problem for each code in a comment that ignored nothing, of the given codes."""
    return [
        Problem(comment.where, "G002", f"{code} has no finding here to ignore", "remove it")
        for comment in comments
        for code in comment.codes
        if code in codes and (comment, code) not in used
    ]


def apply_file_ignores(
    found: FindingSet, ignores: FileIgnores, folder: str
) -> tuple[tuple[str, str], ...]:
    """Mark the findings that per-file-ignores ignore; return the patterns and codes that did.

    Patterns are those of .gitignore, relative to ``folder``."""
    used: dict[tuple[str, str], None] = {}
    for key, finding in found.by_key.items():
        where, code = finding.problem.where, finding.problem.rule
        for pattern, reasons in ignores.items():
            if code in reasons and matches_pattern(where.file, (pattern,), folder):
                found.by_key[key] = finding.replace(
                    ignore_reason=reasons[code], ignored_by_config=True
                )
                used[pattern, code] = None
    return tuple(used)


def read_file_ignores(source: Source, table: Any) -> dict[str, dict[str, str]]:
    """Read [tool.cnnspec.per-file-ignores]. Raises RequestError for the first mistake in it."""
    top = ("tool", "cnnspec", "per-file-ignores")
    if not isinstance(table, dict):
        raise RequestError(
            f"{source.where(top)}: per-file-ignores must be a table of file patterns, not"
            f" {describe_value(table)}"
        )
    for pattern, reasons in table.items():
        require_pattern(pattern, source.where((*top, pattern), key=True), exceptions=False)
        if not isinstance(reasons, dict):
            raise RequestError(
                f"{source.where((*top, pattern))}: the ignores of a file must be a table of codes"
                ' with reasons, such as { S001 = "the paper crops" }, not'
                f" {describe_value(reasons)}"
            )
        for code, reason in reasons.items():
            place = source.where((*top, pattern, code))
            if code not in CODES:
                hint = did_you_mean(code, CODES, FORM_OF_CODES)
                raise RequestError(f"{place}: there is no rule {visible(code, 40)!r}; {hint}")
            if not can_be_ignored(code):
                raise RequestError(f"{place}: {code} cannot be ignored; fix the cause")
            if not isinstance(reason, str) or not reason.strip():
                raise RequestError(
                    f"{place}: an ignore must have a reason, not {describe_value(reason)}"
                )
    return table
