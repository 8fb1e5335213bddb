"""Turns networks of the zoo into imported graphs, as a source with modules would give them."""

from typing import Any

from cnnspec.graph.model import Graph, Node
from cnnspec.importing.folding import write_spec
from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode, ModuleCall

Trail = tuple[str, ...]


def import_graph(graph: Graph) -> ImportedGraph:
    """Return a graph as an imported graph, with a module for each block and each layer."""
    modules = find_modules(graph)
    seen: dict[str, list[Trail]] = {}
    return ImportedGraph(
        graph.name,
        graph.title,
        "the zoo",
        tuple(import_node(node, modules, seen) for node in graph.nodes),
        tuple(node.index for node in graph.outputs),
    )


def find_modules(graph: Graph) -> dict[Trail, Trail]:
    """Return for each call that shares parameters the call whose module it calls again."""
    modules: dict[Trail, Trail] = {}
    for node in graph.nodes:
        if node.shares:
            trail, owner = full_trail(node), full_trail(node.shares)
            modules |= {trail[:i]: owner[:i] for i in range(1, len(trail) + 1)}
    return modules


def full_trail(node: Node) -> Trail:
    """Return the names of the calls around a node, and that of its line."""
    prefix = ".".join(node.call.trail)
    return (*node.call.trail, node.row[len(prefix) + 1 :] if prefix else node.row)


def import_node(
    node: Node, modules: dict[Trail, Trail], seen: dict[str, list[Trail]]
) -> ImportedNode:
    """Return a node with the calls of the blocks around it and of a module of its own."""
    owner = node.shares or node
    return ImportedNode(
        node.kind,
        {} if node.kind == "input" else changed_fields(node),
        tuple(n.index for n in node.inputs),
        node.output,
        () if node.kind == "input" else module_calls(node, modules, seen),
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


def module_calls(
    node: Node, modules: dict[Trail, Trail], seen: dict[str, list[Trail]]
) -> tuple[ModuleCall, ...]:
    """Return the calls around a node; ``seen`` has the calls of each module so far."""
    trail = full_trail(node)
    owner = next(
        (modules[trail[:i]] + trail[i:] for i in range(len(trail), 0, -1) if trail[:i] in modules),
        trail,
    )
    calls = [ModuleCall("", node.call.block)]
    part = f"_{node.part}" if node.part else ""
    for i, class_name in enumerate([*block_names(node), node.kind], 1):
        last = i == len(trail)
        path = ".".join(owner[:i]) + part * last
        known = seen.setdefault(path, [])
        if trail[:i] not in known:
            known.append(trail[:i])
        calls.append(ModuleCall(path, class_name, known.index(trail[:i])))
    return tuple(calls)


def block_names(node: Node) -> list[str]:
    """Return the names of the blocks whose calls are around a node, from the outermost on."""
    call, names = node.call, []
    while call.outer is not None:
        names.append(call.block)
        call = call.outer
    return names[::-1]


def without_modules(graph: ImportedGraph) -> ImportedGraph:
    """Return an imported graph as a source without modules would give it."""
    return graph.replace(nodes=tuple(node.replace(calls=()) for node in graph.nodes))


def folded_text(graph: ImportedGraph) -> str:
    """Return the spec of an imported network, which must not fall back to one without blocks."""
    text, notes = write_spec(graph)
    assert notes == ()
    return text
