"""A description of a network's layers with everything that its function depends on.

A description has plain values that can be written to a lock file and compared. A layer is a row of
the table. Its settings are those that differ from the operator's defaults, as in a spec, and it
names the rows that it reads."""

from math import prod
from typing import Any

from cnnspec.analyses.network_costs import group_nodes_by_row
from cnnspec.costs import NodeCost, compute_costs, sum_elementwise
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import Field, is_int
from cnnspec.ops.kit.list_fields import PerAxisField, SidesField
from cnnspec.ops.kit.windows import padding_sides, per_dimension
from cnnspec.records import Record
from cnnspec.units import Shape

TOTALS = ("params", "buffers", "macs")


class LayerDescription(Record):
    """One layer with its norm and activation, whose settings are named ``norm``, ``norm.eps``...

    ``reads`` are the layers of its inputs. Inputs are layers too, with the operator ``input``."""

    name: str
    op: str
    output: Shape
    params: int
    macs: int
    settings: dict[str, Any]
    reads: tuple[str, ...]

    @property
    def training_only(self) -> bool:
        return bool(self.settings.get("training_only"))


class NetworkDescription(Record):
    """The layers of a network in execution order, inputs first, its outputs, and its totals.

    ``totals`` are those at inference: params, buffers, macs, and usually flops (2 * macs),
    activations (the elements of all rows' outputs) and element-wise work by kind."""

    network: str
    layers: list[LayerDescription]
    outputs: tuple[str, ...]
    totals: dict[str, int]


def describe_network(graph: Graph) -> NetworkDescription:
    """Describe a network; training-only layers are included unless they do not fit the input."""
    found = compute_costs(graph.nodes)
    nodes = [*graph.inputs, *graph.layers(training=not graph.unfit)]
    layers = [describe_layer(name, members, found) for name, members in group_nodes_by_row(nodes)]
    return NetworkDescription(
        graph.name, layers, tuple([n.row for n in graph.outputs]), sum_costs(graph, found)
    )


def describe_layer(name: str, nodes: list[Node], found: list[NodeCost]) -> LayerDescription:
    """Describe the layer that consists of the given nodes."""
    main, inside = nodes[0], {n.index for n in nodes}
    given = {k: v for node in nodes for k, v in describe_settings(node).items()}
    if main.shares:
        given["share"] = main.shares.row
    if main.training_only:
        given["training_only"] = True
    reads = [n.row for node in nodes for n in node.inputs if n.index not in inside]
    params, macs = (
        sum([getattr(found[n.index], key) for n in nodes]) for key in ("params", "macs")
    )
    return LayerDescription(name, main.kind, nodes[-1].output, params, macs, given, tuple(reads))


def describe_settings(node: Node) -> dict[str, Any]:
    """Return a node's fields that differ from the defaults; also a norm's or activation's kind."""
    prefix = f"{node.part}." if node.part else ""
    values = {
        key: (simplify_value(field, read_value(node, key)), field)
        for key, field in node.op.fields.items()
    }
    found = {
        prefix + k: v
        for k, (v, field) in values.items()
        if field.required or v != simplify_value(field, field.default)
    }
    return {node.part: node.kind, **found} if node.part else found


def read_value(node: Node, key: str) -> Any:
    """Return a field's value; a padding in words becomes numbers if it is equal at every size."""
    value = getattr(node.op, key)
    if key != "padding" or value not in ("valid", "half"):
        return value
    n = len(node.output) - 1
    kernels, dilations = (
        per_dimension(k, getattr(node.op, k, 1), n) for k in ("kernel_size", "dilation")
    )
    return tuple(
        [padding_sides(value, 0, k, 1, d)[0] for k, d in zip(kernels, dilations, strict=True)]
    )


def simplify_value(field: Field, value: Any) -> Any:
    """Write a value as a spec would: one number for equal dimensions, lists instead of tuples."""
    if isinstance(value, list | tuple):
        parts = [simplify_value(field, v) for v in value]
        same = (
            isinstance(field, PerAxisField | SidesField)
            and is_int(parts[0], 0)
            and all(p == parts[0] for p in parts)
        )
        return parts[0] if same else parts
    return value


def sum_costs(graph: Graph, found: list[NodeCost]) -> dict[str, int]:
    """Sum the costs of a network at inference."""
    nodes = list(graph.layers())
    totals = {key: sum([getattr(found[n.index], key) for n in nodes]) for key in TOTALS}
    work = sum_elementwise(found[node.index].elementwise for node in nodes)
    activations = sum([prod(members[-1].output) for _, members in group_nodes_by_row(nodes)])
    return {
        **totals,
        "flops": 2 * totals["macs"],
        "activations": activations,
        **dict(sorted(work.items())),
    }
