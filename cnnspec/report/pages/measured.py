"""What lies under reports/data/: read by the pages, written by the commands that measure."""

import json
import os
from collections.abc import Iterator
from typing import Any

from cnnspec.problems import RequestError, visible


def measured(reports: str, name: str) -> Any:
    """The content of ``data/NAME.json``, or None where it is not there. Raises RequestError where
    it is not JSON."""
    path = os.path.join(reports, "data", f"{name}.json")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RequestError(f"{visible(path)} cannot be read: {visible(error)}") from None


def recorded(reports: str) -> Iterator[tuple[str, str, str]]:
    """The file, the network and the digest of every measurement of a network under ``data/``."""
    folder = os.path.join(reports, "data")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in names:
        if name.endswith(".json"):
            yield from (
                (f"data/{name}", *entry)
                for entry in digests(measured(reports, name.removesuffix(".json")))
            )


def digests(data: Any) -> Iterator[tuple[str, str]]:
    """The ``network`` and ``digest`` of every object in ``data`` that has both."""
    if isinstance(data, dict):
        network, digest = data.get("network"), data.get("digest")
        if isinstance(network, str) and isinstance(digest, str):
            yield network, digest
    for inner in (
        data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    ):
        yield from digests(inner)
