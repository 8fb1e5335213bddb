"""Whether the pages of a folder are what its data and the specs give today."""

import os
from collections.abc import Iterable, Iterator
from difflib import unified_diff

from cnnspec.graph.build import load_graph
from cnnspec.graph.model import graph_digest
from cnnspec.problems import RequestError, SpecError, visible
from cnnspec.report.pages.measured import recorded

KINDS = (".md", ".svg", ".html")  # of files that pages are


def stale(reports: str, pages: dict[str, str]) -> Iterator[str]:
    """For each page that is missing or that reads otherwise than ``pages``, a unified diff from
    what is there."""
    for path, wanted in pages.items():
        there = text(os.path.join(reports, path))
        if there != wanted:
            title = f"reports/{path}"
            before = [] if there is None else there.splitlines(keepends=True)
            lines = unified_diff(
                before, wanted.splitlines(keepends=True), f"{title} (there)", f"{title} (rendered)"
            )
            yield "".join(
                line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n"
                for line in lines
            )


def leftover(reports: str, pages: Iterable[str]) -> list[str]:
    """The files of the kinds of pages that no page renders, by their paths relative to
    ``reports``."""
    known = set(pages)
    found = [
        os.path.relpath(os.path.join(folder, name), reports).replace(os.sep, "/")
        for folder, _, names in os.walk(reports)
        for name in names
        if name.endswith(KINDS)
    ]
    return sorted(path for path in found if path not in known and not path.startswith("data/"))


def outdated(reports: str) -> list[str]:
    """A line for every file of data with measurements of networks whose spec has changed since."""
    today: dict[str, str] = {}
    old: dict[str, list[str]] = {}
    for file, network, then in recorded(reports):
        if network not in today:
            today[network] = current(network)
        if today[network] != then:
            old.setdefault(file, []).append(visible(network, 60))
    return [
        f"{file} was measured for other specs than today's: {', '.join(dict.fromkeys(names))}"
        for file, names in old.items()
    ]


def current(network: str) -> str:
    """The digest of a network today; "" where there is none of this name any more."""
    try:
        return graph_digest(load_graph(network))
    except (RequestError, SpecError):
        return ""


def text(path: str) -> str | None:
    """What a file holds, or None where there is none. Raises RequestError where it cannot be read
    as text."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{visible(path)} cannot be read: {visible(error)}") from None
