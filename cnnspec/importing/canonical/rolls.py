"""Cancel rolls that undo each other, with layers between them that look at each position alone."""

from cnnspec.importing.canonical.simplify import NodeList, operator_of
from cnnspec.importing.imported_graph import ImportedNode

POINTWISE = frozenset(["slice_channels", "scale", "dropout", "channel_scale"])


def cancel_rolls(found: NodeList) -> NodeList:
    """Take away rolls all of whose readers roll back, as Swin does before and after attention."""
    nodes, readers, outputs = list(found.nodes), found.readers(), list(found.outputs)
    for i, node in enumerate(found.nodes):
        if node.kind != "roll" or nodes[i].kind != "roll":
            continue
        ends = find_rolls_back(nodes, readers, i, node.fields["shifts"])
        if ends is None:
            continue
        for j in [i, *ends]:
            (source,) = nodes[j].inputs
            for k in readers[j]:
                if k >= 0:
                    read = tuple([source if r == j else r for r in nodes[k].inputs])
                    nodes[k] = nodes[k].replace(inputs=read)
            readers[source] = [k for k in readers[source] if k != j] + readers[j]
            outputs = [source if o == j else o for o in outputs]
            nodes[j] = nodes[j].replace(kind="identity", fields={})
    return NodeList(tuple(nodes), tuple(outputs))


def find_rolls_back(
    nodes: list[ImportedNode], readers: dict[int, list[int]], i: int, shifts: tuple[int, ...]
) -> list[int] | None:
    """Return the rolls that undo a roll by ``shifts`` before node i; None if a reader lacks one."""
    found: list[int] = []
    if not readers[i]:
        return None
    for k in readers[i]:
        if k < 0:
            return None
        if nodes[k].kind == "roll":
            if tuple(nodes[k].fields["shifts"]) != tuple([-s for s in shifts]):
                return None
            found.append(k)
        elif commutes_with_roll(nodes[k]):
            more = find_rolls_back(nodes, readers, k, shifts)
            if more is None:
                return None
            found += more
        else:
            return None
    return found


def commutes_with_roll(node: ImportedNode) -> bool:
    """Tell whether a layer does the same at each position of one map."""
    if node.kind == "conv":
        plain = {k: v for k, v in node.fields.items() if k not in ("bias", "groups")}
        return plain == {"out_channels": plain["out_channels"], "kernel_size": 1}
    if node.kind == "layernorm":
        return "over" not in node.fields
    return node.kind in POINTWISE or operator_of(node).role == "activation"
