"""Shared by tests: build graphs of text, import the references' libraries, list the references."""

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import torch

from cnnspec.graph.build import build_graph
from cnnspec.graph.model import Graph, Node
from cnnspec.records import Record
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.network import read_network
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Source, read_source
from cnnspec.spec.zoo import zoo_files, zoo_folder

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
declared: list[Any] = []  # keeps the library alive, and with it its declarations


class Reference(Record):
    """A network, its ``path`` for ``cnnspec.load``, and the library's model that it must equal."""

    network: str
    path: str
    library: str
    model: str


def graph_of(text: str, variant: str = "", **settings: Any) -> Graph:
    """Build the graph of a spec's text; adds ``name`` and ``input`` where the text has none."""
    own = text.partition("\n[")[0]
    head = "" if re.search(r"^name\b", own, re.M) else 'name = "net"\n'
    head += "" if re.search(r"^input\b", own, re.M) else "input = [3, 8, 8]\n"
    return build_graph(Source("spec.toml", head + text), variant, settings)


def setting(node: Node, name: str) -> Any:
    """Return the value of a field of a node's operator."""
    return getattr(node.op, name)


def import_torchvision() -> Any:
    """Import torchvision, also where it was built for another torch and lacks its operators."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library: Any = torch.library.Library
        declared.append(library("torchvision", "DEF"))
        for schema in SCHEMAS:
            declared[-1].define(schema)
        import torchvision
    return torchvision


def import_timm() -> Any:
    """Import timm, which imports torchvision."""
    import_torchvision()
    import timm

    return timm


def build(library: str, model: str) -> torch.nn.Module:
    """Build a library's model without trained weights, on the default device."""
    if library == "timm":
        found: torch.nn.Module = import_timm().create_model(model, pretrained=False)
        return found
    builder = import_torchvision().models.get_model_builder(model)
    backbone = (
        {"weights_backbone": None}
        if "weights_backbone" in inspect.signature(builder).parameters
        else {}
    )
    made: torch.nn.Module = builder(weights=None, **backbone)
    return made


def specs() -> Iterator[tuple[str, NetworkSpec]]:
    """Yield every spec of the zoo that can be read, with its path."""
    for path in zoo_files():
        spec = read_network(SpecReader(), read_source(path), zoo_folder())
        if spec is not None:
            yield path, spec


def references() -> list[Reference]:
    """List the references to libraries in all specs of the zoo."""
    found = []
    for path, spec in specs():
        for name, table in spec.references.items():
            where = f"{path}:{name}" if name in spec.variants else path
            found += [
                Reference(name, where, lib, table[lib])
                for lib in ("torchvision", "timm")
                if lib in table
            ]
    return found
