"""Patterns of files, as in .gitignore, in settings and in the .gitignore files of a project.

They are matched by the library pathspec: ``drafts/`` is a folder at any depth, ``/drafts`` one
beside the pyproject.toml, ``a/*.toml`` a path, ``**`` any folders, ``!keep.toml`` an exception."""

import os
import re
from functools import cache
from typing import TYPE_CHECKING

from cnnspec.problems import RequestError, visible
from cnnspec.records import Record

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Patterns = tuple[tuple[str, ...], str]  # file patterns, and the folder they are relative to
IGNORE_FILE = ".gitignore"
MAX_IGNORE_BYTES = 2**18
MAX_STARS = 4  # between two slashes: the time of a match grows with their power


@cache
def compile_patterns(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    """Return the matcher of patterns that :func:`is_pattern` accepts."""
    from pathspec import GitIgnoreSpec  # takes longer than a table; few runs need it

    return GitIgnoreSpec.from_lines(pattern.removeprefix("./") for pattern in patterns)


@cache
def is_pattern(text: str) -> bool:
    """Tell whether a text is a pattern that can match a file."""
    if any(part.count("*") > MAX_STARS for part in text.split("/")):
        return False
    try:
        compiled = [*compile_patterns((text,)).patterns]
    except (ValueError, re.error):
        return False
    return len(compiled) == 1 and compiled[0].include is not None


def require_pattern(text: str, where: object, exceptions: bool = True) -> None:
    """Raise RequestError unless a text is a pattern; ``exceptions`` may begin with !."""
    if not is_pattern(text):
        raise RequestError(
            f"{where}: {visible(text, 60)!r} is not a pattern of files; write one as in"
            f" .gitignore, such as drafts/ or *.old.toml, with at most {MAX_STARS} * between"
            " slashes"
        )
    if text.startswith("!") and not exceptions:
        raise RequestError(f"{where}: {visible(text, 60)!r} names no files: remove the ! in front")


def match_patterns(path: str, patterns: tuple[str, ...], folder: str) -> bool | None:
    """Tell whether patterns match a path, which ends in a slash if it is a folder.

    Patterns and path are taken relative to ``folder``. None means that no pattern is about it."""
    relative = os.path.relpath(path, folder or None).replace(os.sep, "/")
    return compile_patterns(patterns).check_file(relative + "/" * path.endswith("/")).include


def matches_pattern(path: str, patterns: tuple[str, ...], folder: str) -> bool:
    """Tell whether one of the patterns, relative to ``folder``, matches a path."""
    return bool(patterns) and bool(match_patterns(path, patterns, folder))


class IgnoreFile(Record):
    """A .gitignore file: its path, and its patterns, which are relative to its folder."""

    path: str
    patterns: tuple[str, ...]

    def match(self, path: str) -> bool | None:
        """Tell whether it excludes a path; None if it does not say."""
        return match_patterns(path, self.patterns, os.path.dirname(self.path))


def read_ignore_file(folder: str) -> tuple[IgnoreFile, ...]:
    """Read the .gitignore of a folder; empty if there is none, or it cannot be read."""
    path = os.path.join(folder, IGNORE_FILE)
    try:
        if not os.path.isfile(path):
            return ()
        with open(path, "rb") as file:
            text = file.read(MAX_IGNORE_BYTES).decode("utf-8", "surrogateescape")
    except OSError:
        return ()
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    patterns = tuple([line for line in lines if is_pattern(line)])
    return (IgnoreFile(path, patterns),) if patterns else ()


def read_ignore_files_above(folder: str) -> tuple[IgnoreFile, ...]:
    """Read the .gitignore files above a folder, up to the folder of the git repository.

    They are left out where they exclude the folder itself, as it was named explicitly."""
    found: list[IgnoreFile] = []
    here = os.path.abspath(folder)
    while not os.path.lexists(os.path.join(here, ".git")):
        above = os.path.dirname(here)
        if above == here:
            return ()  # no repository
        here = above
        found = [*read_ignore_file(here), *found]
    inside = os.path.abspath(folder) + "/"
    return () if find_ignore_file(inside, tuple(found)) else tuple(found)


def find_ignore_file(path: str, files: tuple[IgnoreFile, ...]) -> IgnoreFile | None:
    """Return the .gitignore that excludes a path; the last file that names it decides."""
    for file in reversed(files):
        excluded = file.match(path)
        if excluded is not None:
            return file if excluded else None
    return None
