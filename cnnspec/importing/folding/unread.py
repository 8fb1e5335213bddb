"""Leaves out layers that nothing reads: models compute them, and the language refuses them."""

from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode


def drop_unread_nodes(graph: ImportedGraph) -> ImportedGraph:
    """Return the graph without the layers that neither an output nor training reads.

    Inputs stay, and so does what only training computes. A note names what was left out."""
    nodes = graph.nodes
    kept = set(graph.outputs) | {i for i, n in enumerate(nodes) if n.training_only}
    for i in reversed(range(len(nodes))):
        if i in kept:
            kept.update(nodes[i].inputs)
    kept |= {i for i, node in enumerate(nodes) if node.kind == "input"}
    if len(kept) == len(nodes):
        return graph
    numbers = {old: new for new, old in enumerate(sorted(kept))}
    left = [describe_node(node) for i, node in enumerate(nodes) if i not in kept]
    listed = ", ".join(left[:6]) + (", ..." if len(left) > 6 else "")
    return graph.replace(
        nodes=tuple(
            nodes[i].replace(inputs=tuple(numbers[k] for k in nodes[i].inputs)) for i in numbers
        ),
        outputs=tuple(numbers[i] for i in graph.outputs),
        notes=(*graph.notes, f"Left out, because nothing reads them: {listed}."),
    )


def describe_node(node: ImportedNode) -> str:
    """Return the path of a node's module, or its operator."""
    return node.calls[-1].path if node.calls and node.calls[-1].path else node.kind
