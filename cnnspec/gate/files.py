"""Collect the specs that a command is about: named files, networks of the zoo, and folders."""

import os
import re
from typing import Any

from cnnspec.gate.config import load_config
from cnnspec.gate.folders import (
    FolderFiles,
    SkippedPath,
    describe_skipped,
    find_files,
    path_from_here,
)
from cnnspec.gate.lockfile import ENDING, is_lock, spec_path
from cnnspec.problems import RequestError, SpecError, visible
from cnnspec.records import Record
from cnnspec.spec.source import MAX_BYTES, STDIN, Source, decode_text
from cnnspec.spec.zoo import find_spec

LAYERS = re.compile(rb"""^[ \t]*(layers|"layers"|'layers')[ \t]*=[ \t]*\[""", re.M)
FIRST_LAYER = re.compile(rb"^layers[ \t]*=[ \t]*\[\s*(#[^\n]*\n\s*)*\{", re.M)
ANY_HEADER = re.compile(rb"^[ \t]*\[", re.M)  # also rows of arrays look so
KEY = rb"""([\w-]+|"[^"\n]*"|'[^'\n]*')"""
HEADER = re.compile(
    rb"^[ \t]*\[{1,2}[ \t]*"
    + KEY
    + rb"([ \t]*\.[ \t]*"
    + KEY
    + rb")*[ \t]*\]{1,2}[ \t]*(#.*)?\r?$",
    re.M,
)


class CollectedSpecs(Record):
    """The specs that paths name, each with the requested variant ("" for all).

    ``skipped`` are files and folders that were not searched, ``orphaned`` the locks in the named
    folders whose spec does not exist."""

    specs: tuple[tuple[str, str], ...]
    skipped: tuple[SkippedPath, ...] = ()
    orphaned: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """A sentence about what was skipped, or ""."""
        return describe_skipped(self.skipped)


def collect_specs(paths: list[str], overrides: dict[str, Any] | None = None) -> CollectedSpecs:
    """Collect the specs that ``paths`` name, each once.

    A path is a file, FILE.toml:variant, - for standard input, a folder (all specs in it and below)
    or a network of the zoo. ``overrides`` replace settings of pyproject.toml. Raises RequestError
    for a path that does not exist, and if there is no spec."""
    found: dict[tuple[str, str], None] = {}
    skipped: dict[SkippedPath, None] = {}
    orphaned: dict[str, None] = {}
    for path in paths:
        if path == STDIN:
            found[path, ""] = None
        elif os.path.isdir(path):
            inside = search_folder(path, overrides or {})
            found.update(((file, ""), None) for file in inside.files if not file.endswith(ENDING))
            orphaned.update((file, None) for file in inside.files if file.endswith(ENDING))
            skipped.update((skip, None) for skip in inside.skipped)
        elif os.path.exists(path):
            found[os.path.normpath(path), ""] = None
        else:
            file, variant = find_spec(path)
            check_file_exists(file, path)
            found[path_from_here(file), variant] = None
    if not found:
        note = describe_skipped(tuple(skipped))
        raise RequestError(
            f"no specs in {visible(', '.join(paths))}: a spec is a .toml file with a list of layers"
            + (f"; {note}" if note else "")
        )
    specs = [pair for pair in found if not pair[1] or (pair[0], "") not in found]
    return CollectedSpecs(tuple(specs), tuple(skipped), tuple(orphaned))


def check_file_exists(file: str, path: str) -> None:
    """Raise RequestError, which names ``path``, if a file is not there or cannot be reached."""
    try:
        os.stat(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise RequestError(f"there is no {visible(path)}") from None
    except OSError as error:
        raise RequestError(f"{visible(path)} cannot be read: {error.strerror}") from None


def search_folder(folder: str, overrides: dict[str, Any]) -> FolderFiles:
    """Return the specs and the orphaned locks in and below a folder."""
    config = load_config(folder, overrides)
    inside = find_files(folder, (".toml", ENDING), (config.exclude, config.folder))
    files = [
        file
        for file in inside.files
        if (is_orphaned_lock(file) if file.endswith(ENDING) else is_spec(file))
    ]
    skipped = [
        skip
        for skip in inside.skipped
        if os.path.isdir(skip.path) or (skip.path.endswith(".toml") and is_spec(skip.path))
    ]
    return FolderFiles(tuple(files), tuple(skipped))


def is_orphaned_lock(path: str) -> bool:
    """Tell whether a file is a lock whose spec no longer exists.

    Files of other programs may end in .lock, too; they are not locks."""
    return not os.path.lexists(spec_path(path)) and is_lock(path)


def is_spec(path: str) -> bool:
    """Tell whether a TOML file is a spec: it has a list of layers at its top level.

    A file that cannot be read counts as a spec, so that the check reports it."""
    if not os.path.isfile(path):  # opening a pipe would wait for a writer
        return True
    try:
        with open(path, "rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError:
        return True
    return is_spec_text(path, text)


def is_spec_text(path: str, text: bytes) -> bool:
    """Tell whether a text is a spec.

    One with a syntax error counts if ``layers = [`` comes before its first table."""
    if b"layers" not in text:
        return False
    first, header = FIRST_LAYER.search(text), ANY_HEADER.search(text)
    if first and (header is None or first.start() < header.start()):
        return True  # most specs, without parsing them twice
    try:
        data = Source(path, decode_text(path, text)).data
    except SpecError:
        layers, header = LAYERS.search(text), HEADER.search(text)
        return layers is not None and (header is None or layers.start() < header.start())
    lines = data.get("layers")
    if "input" in data or "variants" in data:
        return lines is not None
    return isinstance(lines, list) and not all(isinstance(line, str) for line in lines)
