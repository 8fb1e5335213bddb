"""The imported graph: what every source of an import gives, and what the folding reads.

A source (a PyTorch model, an ONNX, Keras, Darknet or Caffe file) becomes a flat list of nodes.
Each node is one of cnnspec's operators with its fields; layouts, views and idioms are resolved.
The folding then finds the blocks, repeats and arguments that a person would have written."""

from typing import Any

from cnnspec.analyses.flat_calls import ModuleCall
from cnnspec.records import Record
from cnnspec.units import Shape

__all__ = ["ImportedGraph", "ImportedNode", "ModuleCall"]


class ImportedNode(Record):
    """One operator of an imported network.

    ``kind`` is an operator of the registry, or "input". ``fields`` are the settings that differ
    from the operator's defaults or that are required. ``inputs`` are indices of earlier nodes.
    ``output`` is the shape without the batch. ``calls`` are the module calls that contain the node,
    from the model down to the innermost module; empty if the source has no modules. ``weights``
    names the source's tensors that it uses, in the order of the operator's parameters: two nodes
    with the same weights share them. ``source`` is the line of the file that runs it, such as
    ``model.py:31``."""

    kind: str
    fields: dict[str, Any]
    inputs: tuple[int, ...]
    output: Shape
    calls: tuple[ModuleCall, ...] = ()
    weights: tuple[str, ...] = ()
    training_only: bool = False
    source: str = ""


class ImportedGraph(Record):
    """A flat network in execution order, inputs first.

    ``outputs`` are indices of nodes, and ``output_names`` their names where the source has some.
    ``origin`` says where the network comes from ("torchvision 0.28.0, resnet50"). ``notes`` say
    what was left out or assumed, one sentence each. ``fixed_size`` says that some fields hold for
    this input size only."""

    name: str
    title: str
    origin: str
    nodes: tuple[ImportedNode, ...]
    outputs: tuple[int, ...]
    output_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fixed_size: bool = False
