"""The index of the zoo: the totals of all its networks, so that listing them builds none.

It is a file beside the specs. ``cnnspec report`` writes it, and with ``--check`` checks it. It
holds the digest of the specs: for other specs it is not used, and the networks are built."""

import json
import os
from functools import cached_property
from hashlib import sha256
from typing import Any

from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.build import load_graph, load_zoo_graphs
from cnnspec.spec.zoo import zoo_folder

INDEX = "index.json"
KEYS = (
    "network",
    "family",
    "title",
    "task",
    "year",
    "input",
    "params",
    "buffers",
    "macs",
    "flops",
    "activations",
)


class IndexedNetwork(ComparedNetwork):
    """A network with the measures of the index. For another measure it is built."""

    def __init__(self, values: dict[str, Any], setting: ComparisonSettings):
        self.setting, self.unknown, self.found = setting, {}, values

    @cached_property
    def net(self) -> NetworkCosts:  # type: ignore[override]
        """The costs of the network. Raises RequestError, SpecError."""
        return NetworkCosts(load_graph(self.found["network"]))


def digest_specs() -> str:
    """Return the SHA-256 of all specs of the zoo and the blocks that they use."""
    folder, digest = zoo_folder(), sha256()
    for place in (folder, os.path.join(folder, "blocks")):
        for name in sorted(os.listdir(place)):
            if name.endswith(".toml"):
                with open(os.path.join(place, name), "rb") as file:
                    text = file.read()
                digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def render_index() -> str:
    """Return the text of the index, a network on each line. Builds all networks."""
    setting, lines = ComparisonSettings(), []
    for graph in load_zoo_graphs():
        subject = ComparedNetwork(NetworkCosts(graph), setting)
        lines.append(json.dumps([subject.value(key) for key in KEYS], ensure_ascii=False))
    networks = ",\n".join(lines)
    return f'{{"digest": "{digest_specs()}",\n"networks": [\n{networks}\n]}}\n'


def read_index(pattern: str = "") -> list[IndexedNetwork] | None:
    """Return the networks whose name contains ``pattern``; None without the index of the specs."""
    try:
        with open(os.path.join(zoo_folder(), INDEX), encoding="utf-8") as file:
            index = json.load(file)
        if index["digest"] != digest_specs():
            return None
        listed = [dict(zip(KEYS, line, strict=True)) for line in index["networks"]]
        named = [v | {"input": tuple(v["input"])} for v in listed if pattern in v["network"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    setting = ComparisonSettings()
    return [IndexedNetwork(values, setting) for values in named]
