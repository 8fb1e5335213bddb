"""The flat draft: one line for each node, without blocks. It is always exact."""

from typing import Any

from cnnspec.importing.folding.names import input_names, make_layer_name, make_unique
from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode
from cnnspec.importing.writing.spec_draft import BlockDraft, DraftLine
from cnnspec.ops.registry import load_operator

DIGITS = 12  # of a float


def draft_flat_network(graph: ImportedGraph) -> BlockDraft:
    """Return the lines of a network, one for each node, named after the modules."""
    names = name_nodes(graph)
    inputs = tuple(
        name for name, node in zip(names, graph.nodes, strict=True) if node.kind == "input"
    )
    lines: list[DraftLine] = []
    previous, owners = 0, find_owners(graph)
    for i, node in enumerate(graph.nodes):
        if node.kind == "input":
            continue
        line: DraftLine = {"name": names[i]}
        if i in owners:
            line["share"] = names[owners[i]]
        else:
            line["op"] = node.kind
        if node.inputs != (previous,):
            sources = [names[k] for k in node.inputs]
            line["from"] = sources[0] if len(sources) == 1 else sources
        if i not in owners:
            line |= plain_fields(node)
        if node.training_only:
            line["training_only"] = True
        else:
            previous = i
        lines.append(line)
    outputs = tuple(names[i] for i in graph.outputs)
    return BlockDraft(
        graph.name, lines, (), inputs, () if graph.outputs == (previous,) else outputs
    )


def name_nodes(graph: ImportedGraph) -> list[str]:
    """Return a name for each node: the path of its module, or its operator."""
    inputs = [i for i, node in enumerate(graph.nodes) if node.kind == "input"]
    names = dict(zip(inputs, input_names(len(inputs)), strict=True))
    taken = set(names.values())
    for i, node in enumerate(graph.nodes):
        if i not in names:
            path = node.calls[-1].path if node.calls else ""
            names[i] = make_unique(make_layer_name(path or node.kind), taken)
            taken.add(names[i])
    return [names[i] for i in range(len(graph.nodes))]


def find_owners(graph: ImportedGraph) -> dict[int, int]:
    """Return for each node that uses the weights of an earlier one the first that does."""
    first: dict[tuple[str, ...], int] = {}
    return {
        i: owner
        for i, node in enumerate(graph.nodes)
        if node.weights and (owner := first.setdefault(node.weights, i)) != i
    }


def plain_fields(node: ImportedNode) -> dict[str, Any]:
    """Return the fields of a node as TOML has them, in the order of the operator's fields.

    A padding that keeps the size of a map with stride 1 is "half"."""
    op = load_operator(node.kind)
    fields = {name: as_lists(node.fields[name]) for name in op.fields if name in node.fields}
    if op.slides_over == "input" and op.weight_layout and fields.get("padding"):
        kernel, dilation = fields["kernel_size"], fields.get("dilation", 1)
        if fields["padding"] == half_padding(kernel, dilation):
            fields["padding"] = "half"
    return fields


def half_padding(kernel: Any, dilation: Any) -> Any:
    """Return the padding that "half" means, as a list where a size is a list."""
    if not isinstance(kernel, list) and not isinstance(dilation, list):
        return (dilation * (kernel - 1) + 1) // 2
    count = len(kernel) if isinstance(kernel, list) else len(dilation)
    kernels = kernel if isinstance(kernel, list) else [kernel] * count
    dilations = dilation if isinstance(dilation, list) else [dilation] * count
    return [half_padding(k, d) for k, d in zip(kernels, dilations, strict=True)]


def as_lists(value: Any) -> Any:
    """Return a value with lists in place of tuples, and without the last digits of a float.

    Those come from a calculation: 1 - 0.9997 is 0.00029999999999996696."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    return [as_lists(v) for v in value] if isinstance(value, list | tuple) else value
