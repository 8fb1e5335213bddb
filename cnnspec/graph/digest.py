"""The digest of a network: by it, what was measured is known to be of another network than
today's."""

from cnnspec.graph.model import Graph, Node


def digest(graph: Graph) -> str:
    """The SHA-256, in hexadecimal digits, of all that a measurement of a graph depends on.

    That is the unrolled network and the references that it must equal: names, operators, fields
    that are not their defaults, connections and shapes. Comments, claims, budgets and how blocks
    are written leave it as it is."""
    from hashlib import sha256

    lines = [
        graph.name,
        *map(written, graph.nodes),
        str([n.index for n in graph.outputs]),
        str(sorted(graph.reference.items())),
    ]
    return sha256("\n".join(lines).encode(errors="backslashreplace")).hexdigest()


def written(node: Node) -> str:
    """A node in a line."""
    op = node.op
    fields = {
        name: getattr(op, name) for name in op.fields if getattr(op, name) != op.defaults.get(name)
    }
    inputs, shares = [n.index for n in node.inputs], node.shares.index if node.shares else None
    return repr(
        (node.name, node.kind, node.row, fields, inputs, node.output, shares, node.training_only)
    )
