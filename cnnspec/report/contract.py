"""The JSON of a network's table. Keys are added over time and never renamed."""

from typing import TYPE_CHECKING, Any

from cnnspec.analyses.rows import Row

if TYPE_CHECKING:
    from cnnspec.api import Network


def network_json(net: "Network", depth: int | None = None, training: bool = False) -> dict[str, Any]:
    """A network's rows and totals as plain data, rows in execution order.

    Shapes are lists, channels first, without the batch. ``receptive_field`` null means the whole input; effective
    strides that are no integers are strings such as "1/2".
    """
    graph, sums = net.graph, net.sums(training)
    return {
        "version": 1,
        "network": graph.name,
        "title": graph.title,
        "family": graph.family,
        "year": graph.year,
        "source": graph.source,
        "input": list(net.input),
        "outputs": [{"name": n.row, "output": list(n.output)} for n in graph.outputs],
        "layers": [row_json(row) for row in net.rows(depth, training)],
        "totals": {"params": sums.params, "buffers": sums.buffers, "macs": sums.macs, "flops": sums.flops,
                   "activations": sums.activations, "elementwise": sums.elementwise},
    }


def row_json(row: Row) -> dict[str, Any]:
    """One row as plain data."""
    field = row.field
    data: dict[str, Any] = {
        "name": row.name,
        "op": row.op,
        "output": list(row.output),
        "activation_size": row.activation_size,
        "params": row.params,
        "buffers": row.buffers,
        "macs": row.macs,
        "receptive_field": listed(field.size),
        "effective_stride": listed(field.stride),
        "effective_padding": listed(field.padding),
        "elementwise": row.elementwise,
    }
    extra = {"norm": row.part("norm"), "activation": row.part("activation"), "shares": row.shares,
             "receptive_field_note": field.reason}
    data.update({key: value for key, value in extra.items() if value})
    if row.nodes[0].training_only:
        data["training_only"] = True
    if row.times > 1:
        data.update(times=row.times, last=row.last)
    return data


def listed(values: tuple[int | str, ...] | None) -> list[int | str] | None:
    return None if values is None else list(values)
