"""Reads the text of an import back and compares the network with the one it was written from."""

from collections.abc import Iterator
from math import isclose
from typing import Any

from cnnspec.graph.build import build_graph
from cnnspec.graph.model import Graph, Node
from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.kit.windows import padding_sides, per_dimension
from cnnspec.ops.registry import load_operator
from cnnspec.problems import RequestError, SpecError
from cnnspec.spec.source import Source
from cnnspec.units import Shape

MOST_FAULTS = 3  # in a message
CLOSE = 1e-6  # relative: rates of stochastic depth are often float32


def read_back(text: str, graph: ImportedGraph) -> Graph:
    """Return the network that ``text`` describes, after a comparison with ``graph``.

    Raises RequestError with the differences."""
    source = f"{graph.name}.toml"
    try:
        built = build_graph(Source(source, text), max_lines=2 * len(graph.nodes) + 1000)
        faults = [*compare_graphs(built, graph)]
    except SpecError as error:
        faults = [f"{problem.where.line}: {problem.message}" for problem in error.problems]
    if faults:
        more = f"; {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
        shown = "; ".join(faults[:MOST_FAULTS])
        raise RequestError(f"{graph.name} cannot be written as a spec: {shown}{more}")
    return built


def compare_graphs(built: Graph, graph: ImportedGraph) -> Iterator[str]:
    """Yield the differences between a graph and the imported graph, whose nodes are in order."""
    if len(built.nodes) != len(graph.nodes):
        yield f"{len(built.nodes)} nodes, not {len(graph.nodes)}"
        return
    first: dict[tuple[str, ...], int] = {}
    for node, wanted in zip(built.nodes, graph.nodes, strict=True):
        owner = first.setdefault(wanted.weights, node.index) if wanted.weights else node.index
        yield from (f"{node.name}: {fault}" for fault in compare_nodes(node, wanted, owner))
    if [node.index for node in built.outputs] != list(graph.outputs):
        yield f"the outputs are {[node.name for node in built.outputs]}"


def compare_nodes(node: Node, wanted: ImportedNode, owner: int) -> Iterator[str]:
    """Yield the differences of one node; ``owner`` is the node whose parameters it uses."""
    if node.kind != wanted.kind:
        yield f"{node.kind}, not {wanted.kind}"
        return
    if tuple(n.index for n in node.inputs) != wanted.inputs:
        yield f"reads {[n.name for n in node.inputs]}, not the nodes {wanted.inputs}"
    if node.output != wanted.output:
        yield f"gives {node.output}, not {wanted.output}"
    if node.training_only != wanted.training_only:
        yield f"training_only is {node.training_only}"
    if (node.shares.index if node.shares else node.index) != owner:
        yield "shares other parameters"
    if node.kind == "input":
        return
    op = load_operator(node.kind)(**wanted.fields)
    shape = node.inputs[0].output
    for name in op.fields:
        value, right = (resolve_field(o, name, shape) for o in (node.op, op))
        if not are_close(value, right):
            yield f"{name} is {value}, not {right}"


def resolve_field(op: Operator, name: str, shape: Shape) -> Any:
    """Return the value of a field, with sizes and paddings written out for each dimension."""
    value = getattr(op, name)
    spatial = len(shape) - 1
    if name in ("kernel_size", "stride", "dilation"):
        return per_dimension(name, value, spatial) if value is not None else None
    if name != "padding" or value is None or not hasattr(op, "kernel_size"):
        return value
    each: Any = value if isinstance(value, tuple) else (value,) * spatial
    windows = [
        per_dimension(key, getattr(op, key, None) or 1, spatial)
        for key in ("kernel_size", "stride", "dilation")
    ]
    return [padding_sides(*sizes) for sizes in zip(each, shape[1:], *windows, strict=True)]


def are_close(value: Any, other: Any) -> bool:
    """Tell whether two values of a field are equal up to the rounding of float32."""
    if isinstance(value, float) and isinstance(other, float):
        return isclose(value, other, rel_tol=CLOSE)
    return bool(value == other)
