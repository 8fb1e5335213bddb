"""What an ONNX file says: its nodes, its tensors without large values, its inputs and outputs."""

from typing import Any

from cnnspec.records import Record
from cnnspec.units import Shape

FLOATS = {1: "f", 10: "e", 11: "d"}  # types of tensors, with their letters of the struct module
INTEGERS = {2: "B", 3: "b", 4: "H", 5: "h", 6: "i", 7: "q", 9: "?", 12: "I", 13: "Q"}
BFLOAT16 = 16
FLOAT_TYPES = frozenset([*FLOATS, BFLOAT16])


class OnnxTensor(Record):
    """A tensor of the file: its name, its shape, its type, and its values where they are few."""

    name: str
    shape: Shape
    type: int
    values: tuple[Any, ...] | None = None

    @property
    def is_float(self) -> bool:
        return self.type in FLOAT_TYPES


class OnnxNode(Record):
    """A node: its operator and attributes, and the names of what it reads and writes.

    ``scopes`` and ``classes`` are the paths and the classes of the modules around it, from the
    model down, where the exporter has noted them. ``places`` are by input the node and the input of
    the file that it stands for, where these are others."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = {}
    domain: str = ""
    scopes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    places: dict[int, tuple[int, int]] = {}


class OnnxInput(Record):
    """An input or an output of the graph. A dimension without a fixed size is a text or None."""

    name: str
    shape: tuple[int | str | None, ...]


class OnnxModel(Record):
    """All that an ONNX file says, without the values of its weights."""

    nodes: tuple[OnnxNode, ...]
    tensors: dict[str, OnnxTensor]
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[OnnxInput, ...]
    opset: int
    producer: str = ""
    graph_name: str = ""
