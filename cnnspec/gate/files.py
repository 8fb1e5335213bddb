"""Find the files that a command is about: named files, and the specs in folders."""

import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch

from cnnspec.problems import RequestError, visible
from cnnspec.spec.zoo import find_spec

LAYERS = re.compile(rb"^[ \t]*(layers|\"layers\")[ \t]*=[ \t]*\[", re.M)
TOP = re.compile(rb"^[ \t]*(name|input|args\.\w+)[ \t]*=", re.M)
BLOCKS = re.compile(rb"^[ \t]*\[blocks", re.M)
Patterns = tuple[tuple[str, ...], str]  # file patterns, and the folder they are relative to


def find_specs(paths: list[str], excluded: dict[str, Patterns]) -> list[tuple[str, str]]:
    """Return the files that ``paths`` name, each with the requested variant ("" for all).

    A path is a file, FILE.toml:variant, a folder (all specs in it and below) or a network of the
    zoo. ``excluded`` gives, by folder, the patterns of files to skip in it. A file is returned
    once. Raises RequestError for a path that does not exist, and if there is nothing to check."""
    found: dict[tuple[str, str], None] = {}
    for path in paths:
        if os.path.isdir(path):
            files = find_files(path, ".toml", excluded.get(path, ((), "")))
            found.update(((file, ""), None) for file in files if is_spec(file))
        elif os.path.exists(path):
            found[os.path.normpath(path), ""] = None
        else:
            file, variant = find_spec(path)
            if not os.path.exists(file):
                raise RequestError(f"there is no {visible(path)}")
            found[path_from_here(file), variant] = None
    if not found:
        raise RequestError(
            f"no specs in {visible(', '.join(paths))}: a spec is a .toml file with a list of layers"
        )
    return [(file, variant) for file, variant in found if not variant or (file, "") not in found]


def path_from_here(path: str) -> str:
    """Return a path relative to the current folder if it is below it, else unchanged."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def find_files(folder: str, ending: str, excluded: Patterns) -> Iterator[str]:
    """Return the files in and below a folder with this ending, sorted, without hidden ones."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            path = os.path.normpath(os.path.join(here, name))
            visible_file = name.endswith(ending) and not name.startswith(".")
            if visible_file and not matches_pattern(path, *excluded):
                yield path


def matches_pattern(path: str, patterns: Iterable[str], folder: str) -> bool:
    """Tell whether a path, relative to ``folder``, or the end of it matches one of the patterns."""
    relative = os.path.relpath(path, folder or None).replace(os.sep, "/")
    return any(fnmatch(relative, p) or fnmatch(relative, f"*/{p}") for p in patterns)


def is_spec(path: str) -> bool:
    """Tell whether a TOML file is a spec: it has a list of layers outside of blocks.

    The file is searched as text, so that a spec with a syntax error is found too. A file that
    cannot be read counts as a spec, so that the check reports it."""
    if not os.path.isfile(path):  # opening a pipe would wait for a writer
        return True
    try:
        with open(path, "rb") as file:
            text = file.read(2**19 + 1)
    except OSError:
        return True
    layers, top, blocks = LAYERS.search(text), TOP.search(text), BLOCKS.search(text)
    if not layers:
        return False
    first_block = blocks.start() if blocks else len(text)
    return layers.start() < first_block or bool(top and top.start() < first_block)
