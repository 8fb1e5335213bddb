"""Generalise the sizes that a model computes from its input, by its graphs at two input sizes.

An upsampling to a size becomes one by a factor or to the size of another value, a reshape takes
over sizes of its input, and a pool over the whole map becomes a global pool. A size that is the
same at both inputs is a constant of the model."""

from fractions import Fraction
from typing import Any

from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode
from cnnspec.ops.kit.windows import per_dimension
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.units import Shape

ENLARGED = 32  # a smaller side is doubled for the other input size, a larger one grows by so much


def enlarge(shape: Shape) -> Shape:
    """Return the shape of the second input: a vector stays as it is."""
    return (*shape[:1], *(n + min(n, ENLARGED) for n in shape[1:]))


def generalize_sizes(graph: ImportedGraph, other: ImportedGraph) -> ImportedGraph:
    """Return the graph with the sizes that follow from its input, which ``other`` shows.

    A size for which no rule holds stays, and a note says so."""
    if [n.kind for n in graph.nodes] != [n.kind for n in other.nodes]:
        note = "At another input size the model runs other layers, so this is for this size only."
        return graph.replace(notes=(*graph.notes, note), fixed_size=True)
    nodes, fixed = [], []
    for i, (a, b) in enumerate(zip(graph.nodes, other.nodes, strict=True)):
        found = a if a.fields == b.fields else generalize_node(graph, other, i)
        fixed += [describe_place(a)] if found is None else []
        nodes.append(found or a)
    notes = graph.notes
    if fixed:
        more = f" and {len(fixed) - 3} more" if len(fixed) > 3 else ""
        notes = (*notes, f"For this input size only: {', '.join(fixed[:3])}{more}.")
    return graph.replace(nodes=tuple(nodes), notes=notes, fixed_size=bool(fixed))


def describe_place(node: ImportedNode) -> str:
    path = node.calls[-1].path if node.calls else ""
    return f"{node.kind} in {path or 'the model'}"


def has_literal_sizes(graph: ImportedGraph) -> bool:
    """Return whether a graph has sizes that may follow from its input."""
    return any(
        {"size", "shape", "window_size", "dilation"} & node.fields.keys()
        or any(pools_whole_map(node, graph.nodes[j].output) for j in node.inputs)
        for node in graph.nodes
    )


def generalize_node(graph: ImportedGraph, other: ImportedGraph, i: int) -> ImportedNode | None:
    """Return a node without the sizes of one input, or None if no rule holds."""
    a, b = graph.nodes[i], other.nodes[i]
    differ = {k for k in {*a.fields, *b.fields} if a.fields.get(k) != b.fields.get(k)}
    before = [g.nodes[n.inputs[0]].output for g, n in ((graph, a), (other, b))]
    if pools_whole_map(a, before[0]) and pools_whole_map(b, before[1]):
        side = "max" if a.kind == "maxpool" else "avg"
        return a.replace(kind=f"global_{side}pool", fields={})
    if differ == {"shape"}:
        shape = generalize_shape(before, [a.output, b.output])
        return a.replace(fields={"shape": shape}) if shape else None
    if "offset" in differ and in_middle(a, before[0]) and in_middle(b, before[1]):
        a = a.replace(fields={k: v for k, v in a.fields.items() if k != "offset"})
        differ -= {"offset"}
    if differ != {"size"}:
        return None if differ else a
    kept = {k: v for k, v in a.fields.items() if k != "size"}
    if "scale_factor" in load_operator(a.kind).fields:
        factor = find_factor(before, [a.output, b.output])
        if factor is not None:
            return a.replace(fields={**kept, "scale_factor": factor})
    like = find_like(graph, other, i)
    return None if like is None else a.replace(fields=kept, inputs=(*a.inputs, like))


def in_middle(node: ImportedNode, before: Shape) -> bool:
    """Return whether a crop takes the middle of a map."""
    offsets = per_dimension("offset", node.fields["offset"], len(before) - 1)
    middle = [(w - kept) // 2 for w, kept in zip(before[1:], node.output[1:], strict=True)]
    return node.kind == "crop" and middle == [*offsets]


def pools_whole_map(node: ImportedNode, before: Shape) -> bool:
    """Return whether a pool has a window as large as its map."""
    if node.kind not in ("maxpool", "avgpool") or node.fields.get("padding"):
        return False
    kernel = node.fields["kernel_size"]
    sizes = kernel if isinstance(kernel, tuple) else (kernel,) * len(before[1:])
    return before[1:] == sizes and set(node.output[1:]) == {1}


def generalize_shape(before: list[Shape], after: list[Shape]) -> Shape | None:
    """Return a shape with 0 for the input's size and one -1 for what follows, or None."""
    found: list[int] = []
    for k, (m, n) in enumerate(zip(*after, strict=True)):
        if k < len(before[0]) and (m, n) == (before[0][k], before[1][k]):
            found.append(0)
        elif m == n:
            found.append(m)
        else:
            found.append(-1)
    return tuple(found) if found.count(-1) <= 1 else None


def find_factor(before: list[Shape], after: list[Shape]) -> Any:
    """Return the factor of all sizes at both inputs, or None if they differ."""
    factors = {
        Fraction(n, m)
        for x, y in zip(before, after, strict=True)
        for m, n in zip(x[1:], y[1:], strict=True)
    }
    if len(factors) != 1:
        return None
    factor = factors.pop()
    return int(factor) if factor.denominator == 1 else float(factor)


def find_like(graph: ImportedGraph, other: ImportedGraph, i: int) -> int | None:
    """Return an earlier node whose map has the size of a node's output at both inputs.

    That is one that a reader of the node joins it with, else an input, else the latest."""
    wanted = [g.nodes[i].output[1:] for g in (graph, other)]
    known = [j for j in range(i) if [g.nodes[j].output[1:] for g in (graph, other)] == wanted]
    joined = {j for n in graph.nodes[i:] if i in n.inputs for j in n.inputs}
    ranked = sorted(
        known, key=lambda j: (j in joined, graph.nodes[j].kind not in OPERATORS, j), reverse=True
    )
    return ranked[0] if ranked else None
