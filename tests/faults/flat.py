"""Write a graph as a flat spec, with one line for each node, that can be changed and read again."""

import json
from typing import Any

from cnnspec.graph.build import build_graph
from cnnspec.graph.model import Graph, Node
from cnnspec.spec.source import Source

Line = dict[str, Any]


class FlatSpec:
    """A flat spec: its input, its lines, and the names of its outputs."""

    def __init__(self, input: tuple[int, ...], lines: list[Line], outputs: list[str]):
        self.input, self.lines, self.outputs = input, lines, outputs

    def copy(self) -> "FlatSpec":
        return FlatSpec(
            self.input, [{**line, "from": [*line["from"]]} for line in self.lines], [*self.outputs]
        )

    def text(self) -> str:
        """Return the spec as TOML."""
        head = (
            f'name = "flat"\ninput = {list(self.input)}\noutputs ='
            f" {json.dumps(self.outputs)}\nlayers = [\n"
        )
        return head + "".join(f"  {format_toml(line)},\n" for line in self.lines) + "]\n"

    def graph(self) -> Graph:
        """Build the graph of the text. Raises SpecError."""
        return build_graph(Source("flat.toml", self.text()), "", {})

    def line(self, name: str) -> Line:
        return next(line for line in self.lines if line["name"] == name)

    def readers(self, name: str) -> list[Line]:
        return [line for line in self.lines if name in line["from"]]


def flatten_graph(graph: Graph) -> FlatSpec:
    """Return the flat spec of a graph with one input."""
    names = {n.index: n.name.replace(".", "__") for n in graph.nodes}
    assert len(set(names.values())) == len(names)
    lines = [make_line(node, names) for node in graph.layers(training=True)]
    return FlatSpec(graph.inputs[0].output, lines, [names[n.index] for n in graph.outputs])


def make_line(node: Node, names: dict[int, str]) -> Line:
    """Return the line of one node.

    ``inplace`` is left out, as a change may read a value that the operator would overwrite.
    """
    found: Line = {"name": names[node.index], "from": [names[n.index] for n in node.inputs]}
    if node.training_only:
        found["training_only"] = True
    if node.shares:
        return found | {"share": names[node.shares.index]}
    fields = {k: getattr(node.op, k) for k in node.op.fields if k != "inplace"}
    return (
        found
        | {"op": node.kind}
        | {k: v for k, v in fields.items() if v != node.op.defaults.get(k)}
    )


def format_toml(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {format_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(format_toml, value)) + "]"
    return json.dumps(value)
