"""Find the files in a folder and below that belong to the project, and say what was skipped."""

import os

from cnnspec.gate.patterns import (
    Patterns,
    find_ignore_file,
    matches_pattern,
    read_ignore_file,
    read_ignore_files_above,
)
from cnnspec.problems import visible
from cnnspec.records import Record

SKIPPED_FOLDERS = {
    "build": "build output",
    "dist": "build output",
    "node_modules": "installed packages",
    "site-packages": "installed packages",
}
NAMED = 6  # skipped paths that a message names


class SkippedPath(Record):
    """A file or folder that was not searched, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{visible(self.path)} ({self.reason})"


class FolderFiles(Record):
    """The files of a folder with the wanted endings, sorted, and what was skipped."""

    files: tuple[str, ...]
    skipped: tuple[SkippedPath, ...]


def path_from_here(path: str) -> str:
    """Return a path relative to the current folder if it is below it, else unchanged."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def find_files(folder: str, endings: tuple[str, ...], excluded: Patterns) -> FolderFiles:
    """Return the files in and below a folder that have one of the endings.

    Hidden files and folders are left out, and, with a word about it, links to folders, virtual
    environments, installed packages, build output, what .gitignore or ``excluded`` matches, and
    folders that cannot be read."""
    found, skipped = list[str](), list[SkippedPath]()
    ignores = {folder: read_ignore_files_above(folder)}

    def note_unreadable(error: OSError) -> None:
        path = os.path.normpath(os.fsdecode(error.filename))
        skipped.append(SkippedPath(path, f"cannot be read: {error.strerror}"))

    for here, folders, files in os.walk(folder, onerror=note_unreadable):
        stack = ignores.pop(here)
        if ".gitignore" in files:
            stack = (*stack, *read_ignore_file(here))
        entries = [(name, "/") for name in folders]
        entries += [(name, "") for name in files if name.endswith(endings)]
        folders.clear()
        for name, slash in sorted(entries):
            if name.startswith(".") or name == "__pycache__":
                continue
            path = os.path.normpath(os.path.join(here, name))
            reason = describe_folder(path, name) if slash else ""
            if not reason and matches_pattern(path + slash, *excluded):
                reason = "excluded in pyproject.toml"
            if not reason and (file := find_ignore_file(path + slash, stack)):
                reason = f"excluded by {visible(path_from_here(file.path))}"
            if reason:
                skipped.append(SkippedPath(path, reason))
            elif slash:
                folders.append(name)
                ignores[os.path.join(here, name)] = stack
            else:
                found.append(path)
    return FolderFiles(tuple(found), tuple(skipped))


def describe_folder(path: str, name: str) -> str:
    """Return why a folder is not part of the project, or ""."""
    if os.path.islink(path):
        return "a link to a folder"
    if os.path.isfile(os.path.join(path, "pyvenv.cfg")):
        return "a virtual environment"
    return SKIPPED_FOLDERS.get(name, "")


def describe_skipped(skipped: tuple[SkippedPath, ...]) -> str:
    """Return a sentence about what was skipped, or "" if nothing was."""
    if not skipped:
        return ""
    more = f" and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
    return f"skipped {', '.join(map(str, skipped[:NAMED]))}{more}"
