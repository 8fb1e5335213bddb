"""The folder of the pages: the data under data/, and which pages are not up to date."""

import json
import os
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from functools import cache
from typing import Any

from cnnspec.graph.build import load_graph
from cnnspec.graph.model import graph_digest
from cnnspec.problems import RequestError, visible
from cnnspec.spec.zoo import family_name, variant_names, zoo_files

KINDS = (".md", ".svg", ".html")  # the kinds of files that are pages


def read_data(reports: str, name: str) -> Any:
    """The content of ``data/NAME.json``, or None without that file.

    Raises RequestError where it is not JSON."""
    path = os.path.join(reports, "data", f"{name}.json")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"{visible(path)} cannot be read: {visible(error)}") from None


def read_page(path: str) -> str | None:
    """The text of a file, or None without that file. Raises RequestError where it is not text."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{visible(path)} cannot be read: {visible(error)}") from None


def diff_stale_pages(reports: str, pages: dict[str, str]) -> Iterator[str]:
    """A unified diff for each of ``pages`` whose file is missing or has another text."""
    for path, wanted in pages.items():
        current = read_page(os.path.join(reports, path))
        if current != wanted:
            title = os.path.normpath(f"reports/{path}").replace(os.sep, "/")
            before = [] if current is None else current.splitlines(keepends=True)
            lines = unified_diff(
                before, wanted.splitlines(keepends=True), f"{title} (there)", f"{title} (rendered)"
            )
            yield "".join(
                line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n"
                for line in lines
            )


def find_leftover_pages(reports: str, pages: Iterable[str]) -> list[str]:
    """The paths of files that look like pages but are not in ``pages``."""
    known = set(pages)
    found = [
        os.path.relpath(os.path.join(folder, name), reports).replace(os.sep, "/")
        for folder, _, names in os.walk(reports)
        for name in names
        if name.endswith(KINDS)
    ]
    return sorted(path for path in found if path not in known and not path.startswith("data/"))


def describe_outdated_data(reports: str) -> list[str]:
    """A line for each file of data about networks whose spec has changed since the measurement."""
    today: dict[str, str] = {}
    outdated: dict[str, list[str]] = {}
    for file, network, then in find_digests(reports):
        if network not in today:
            today[network] = digest_today(network)
        if today[network] != then:
            outdated.setdefault(file, []).append(visible(network, 60))
    return [
        f"{file} was measured with older specs of {', '.join(dict.fromkeys(names))}"
        for file, names in outdated.items()
    ]


def digest_today(network: str) -> str:
    """The digest of a network's spec today; "" if the zoo has no such network any more."""
    if network not in zoo_networks():
        return ""  # a name in data is never a file, a revision or standard input
    return graph_digest(load_graph(network))


@cache
def zoo_networks() -> frozenset[str]:
    """The names of the networks of the zoo."""
    files = zoo_files()
    return frozenset(n for file in files for n in variant_names(file) or [family_name(file)])


def find_digests(reports: str) -> Iterator[tuple[str, str, str]]:
    """The file, the network and the digest of every measured network under ``data/``."""
    folder = os.path.join(reports, "data")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if name.endswith(".json"):
            data = read_data(reports, name.removesuffix(".json"))
            yield from ((f"data/{name}", *pair) for pair in digests_within(data))


def digests_within(data: Any) -> Iterator[tuple[str, str]]:
    """The ``network`` and ``digest`` of every object in ``data`` that has both."""
    left = [data]
    while left:  # not recursion: data may be deep
        value = left.pop()
        if isinstance(value, dict):
            network, digest = value.get("network"), value.get("digest")
            if isinstance(network, str) and isinstance(digest, str):
                yield network, digest
            left += reversed(value.values())
        elif isinstance(value, list):
            left += reversed(value)
