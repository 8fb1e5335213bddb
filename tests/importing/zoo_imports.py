"""Turns networks of the zoo into imported graphs, as a source with modules would give them."""

from typing import Any

from cnnspec.graph.model import Graph, Node
from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode, ModuleCall


def import_graph(graph: Graph) -> ImportedGraph:
    """Return a graph as an imported graph, with a module for each block and each layer."""
    trails: dict[str, list[str]] = {}
    return ImportedGraph(
        graph.name,
        graph.title,
        "the zoo",
        tuple(import_node(node, trails) for node in graph.nodes),
        tuple(node.index for node in graph.outputs),
    )


def import_node(node: Node, trails: dict[str, list[str]]) -> ImportedNode:
    """Return a node with the calls of the blocks around it and of a module of its own."""
    owner = node.shares or node
    return ImportedNode(
        node.kind,
        {} if node.kind == "input" else changed_fields(node),
        tuple(n.index for n in node.inputs),
        node.output,
        () if node.kind == "input" else module_calls(node, trails),
        (owner.name,) if node.op.parameters(*node.shapes) else (),
        node.training_only,
    )


def changed_fields(node: Node) -> dict[str, Any]:
    """Return the fields of a node's operator that have no default or another value."""
    op = node.op
    values = {name: getattr(op, name) for name in op.fields}
    return {
        name: value
        for name, value in values.items()
        if name not in op.defaults or value != op.defaults[name]
    }


def module_calls(node: Node, trails: dict[str, list[str]]) -> tuple[ModuleCall, ...]:
    """Return the calls around a node. A shared layer is another call of the same module.

    ``trails`` has the names under which each module was called so far."""
    owner = node.shares or node
    calls = [ModuleCall("", node.call.block)]
    part = f"_{node.part}" if node.part else ""
    steps = [
        (name, called, block)
        for name, called, block in zip(owner.call.trail, node.call.trail, blocks(node), strict=True)
    ]
    steps.append((owner.row.split(".")[-1] + part, node.row.split(".")[-1] + part, node.kind))
    path = trail = ""
    for name, called, block in steps:
        path, trail = (f"{path}.{name}", f"{trail}.{called}") if path else (name, called)
        known = trails.setdefault(path, [])
        if trail not in known:
            known.append(trail)
        calls.append(ModuleCall(path, block, known.index(trail)))
    return tuple(calls)


def blocks(node: Node) -> list[str]:
    """Return the names of the blocks whose calls are around a node, from the outermost on."""
    call, names = node.call, []
    while call.outer is not None:
        names.append(call.block)
        call = call.outer
    return names[::-1]


def without_modules(graph: ImportedGraph) -> ImportedGraph:
    """Return an imported graph as a source without modules would give it."""
    return graph.replace(nodes=tuple(node.replace(calls=()) for node in graph.nodes))
