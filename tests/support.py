"""What tests share: importing the libraries of references, and finding the references that specs
name."""

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from cnnspec.graph.build import build_graph
from cnnspec.graph.model import Graph
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.network import read_network
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Source, read_source
from cnnspec.spec.zoo import zoo_files, zoo_folder

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
declared: list[Any] = []  # a library's declarations last as long as it does


class Reference(NamedTuple):
    """A network of a spec, as ``cnnspec.load`` takes it, and the model of a library that it should
    equal."""

    network: str
    path: str
    library: str
    model: str


def graph_of(text: str, variant: str = "", **settings: Any) -> Graph:
    """The graph of a spec that is given as text; ``name`` and ``input`` are filled in where it has
    none."""
    own = text.partition("\n[")[0]
    head = "" if re.search(r"^name\b", own, re.M) else 'name = "net"\n'
    head += "" if re.search(r"^input\b", own, re.M) else "input = [3, 8, 8]\n"
    return build_graph(Source("spec.toml", head + text), variant, settings)


def import_torchvision() -> Any:
    """torchvision, also where it was built for another torch, so that its operators are missing."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        declared.append(torch.library.Library("torchvision", "DEF"))  # type: ignore[no-untyped-call]
        for schema in SCHEMAS:
            declared[-1].define(schema)
        import torchvision
    return torchvision


def import_timm() -> Any:
    """timm, which imports torchvision."""
    import_torchvision()
    import timm

    return timm


def build(library: str, model: str) -> torch.nn.Module:
    """A library's model without weights, on the default device."""
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
    """Every spec of the zoo that can be read, with its path."""
    for path in zoo_files():
        spec = read_network(SpecReader(), read_source(path), zoo_folder())
        if spec is not None:
            yield path, spec


def references() -> list[Reference]:
    """The references to libraries of all specs of the zoo."""
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
