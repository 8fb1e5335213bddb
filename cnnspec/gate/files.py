"""Which files a check is about: those that are named, and the specs in folders."""

import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch

from cnnspec.problems import RequestError, visible
from cnnspec.spec.zoo import find_spec

LAYERS = re.compile(rb"^[ \t]*(layers|\"layers\")[ \t]*=[ \t]*\[", re.M)
Patterns = tuple[tuple[str, ...], str]
TOP = re.compile(rb"^[ \t]*(name|input|args\.\w+)[ \t]*=", re.M)


def specs(paths: list[str], excluded: dict[str, Patterns]) -> list[tuple[str, str]]:
    """The files that ``paths`` mean, each with the variant that was asked for ("": all), in order
    and once.

    A path is a file, FILE.toml:variant, a folder (the specs in it and below) or a network of the
    zoo. ``excluded`` are, by folder, patterns of files that it is searched without, and from where
    these are seen. Raises RequestError for a path that does not exist, and where there is nothing
    to check at all."""
    found: dict[tuple[str, str], None] = {}
    for path in paths:
        if os.path.isdir(path):
            found.update(((file, ""), None) for file in inside(path, excluded.get(path, ((), ""))))
        elif os.path.exists(path):
            found[os.path.normpath(path), ""] = None
        else:
            file, variant = find_spec(path)
            if not os.path.exists(file):
                raise RequestError(f"there is no {visible(path)}")
            found[near(file), variant] = None
    if not found:
        raise RequestError(
            f"no specs in {visible(', '.join(paths))}: files *.toml with a list of layers"
        )
    return [(file, variant) for file, variant in found if not variant or (file, "") not in found]


def near(path: str) -> str:
    """A path as seen from the current folder, where it lies below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def inside(folder: str, excluded: Patterns) -> Iterator[str]:
    """The specs in a folder and below it, in the order of their names."""
    return filter(is_spec, below(folder, ".toml", excluded))


def below(folder: str, ending: str, excluded: Patterns) -> Iterator[str]:
    """The files in a folder and below it whose names end so, in order, without what is hidden or
    excluded."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            path = os.path.normpath(os.path.join(here, name))
            if name.endswith(ending) and not name.startswith(".") and not matches(path, *excluded):
                yield path


def matches(path: str, patterns: Iterable[str], base: str) -> bool:
    """Whether a path, as seen from the folder ``base``, or its end fits one of the patterns."""
    seen = os.path.relpath(path, base or None).replace(os.sep, "/")
    return any(fnmatch(seen, p) or fnmatch(seen, f"*/{p}") for p in patterns)


def is_spec(path: str) -> bool:
    """Whether a TOML file means a network: it has layers outside of blocks, or would have them if
    it were TOML.

    Files of blocks alone are looked at with the specs that include them. What cannot be read is
    taken for a spec, whose problem that is."""
    if not os.path.isfile(path):  # opening a pipe would wait for ever
        return True
    try:
        with open(path, "rb") as file:
            text = file.read(2**19 + 1)
    except OSError:
        return True
    layers = LAYERS.search(text)
    top = TOP.search(text)
    blocks = re.search(rb"^[ \t]*\[blocks", text, re.M)
    first = blocks.start() if blocks else len(text)
    return bool(layers and (layers.start() < first or (top and top.start() < first)))
