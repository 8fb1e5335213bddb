"""Locks whose spec is gone: what they lock is held by nothing any more."""

import os
from collections.abc import Iterator

from cnnspec.gate.check import Checked, finished
from cnnspec.gate.config import Config
from cnnspec.gate.files import Patterns, below, matches
from cnnspec.gate.findings import Findings
from cnnspec.gate.lockfile import BEGIN, LOCK, spec_of
from cnnspec.problems import Problem, Where, visible

CODE = "K002"


def left_behind(folder: str, excluded: Patterns) -> Iterator[str]:
    """The locks in a folder and below it that no spec stands beside; others' files called so are
    left alone."""
    return (
        path
        for path in below(folder, LOCK, excluded)
        if not os.path.lexists(spec_of(path)) and ours(path)
    )


def ours(path: str) -> bool:
    """Whether a file begins as cnnspec lock writes it."""
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(len(BEGIN)) == BEGIN.encode()
    except OSError:
        return False


def check_left_behind(path: str, config: Config) -> Checked:
    """The finding about such a lock, unless the configuration leaves it out or ignores it."""
    found, used = Findings(), []
    if CODE in config.selection:
        found.add(
            [
                Problem(
                    Where(path, 1, 1),
                    CODE,
                    f"this is the lock of {visible(spec_of(path))}, which is not there",
                    "bring the spec back, rename the lock with it, or take the lock out",
                )
            ]
        )
    for key, finding in found.found.items():
        for pattern, reasons in config.ignores.items():
            if CODE in reasons and matches(path, [pattern], config.folder):
                found.found[key] = finding.replace(ignored=reasons[CODE], outside=True)
                used.append((pattern, CODE))
    return Checked(path, (), finished(found, None), used=tuple(used))
