"""A network's table as JSON and as a DataFrame. Keys are added over time and never renamed."""

from functools import cache
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.problems import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from json import JSONEncoder

    import pandas

    from cnnspec.analyses.training_macs import TrainingMacs


def render_json(
    net: NetworkCosts,
    depth: int | None = None,
    training: bool = False,
    unfold: bool = False,
    training_macs: "Mapping[int, TrainingMacs] | None" = None,
) -> str:
    """A network's rows and totals as JSON, each row on a line of its own.

    ``training_macs``, by node, add keys with the cost of a training step."""
    data = network_json(net, depth, training, unfold)
    if training_macs is not None:
        from cnnspec.report.training_cost import add_training_json

        add_training_json(data, net.rows(depth, training, unfold), training_macs)
    rows = ",\n    ".join(encode_json(row) for row in data.pop("layers"))
    keys = [f"{encode_json(key)}: {encode_json(value)}" for key, value in data.items()]
    keys.insert(-1, f'"layers": [\n    {rows}\n  ]')
    return "{" + ",\n  ".join(keys) + "}"


def encode_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON in UTF-8; control characters and the like are escaped."""
    text: str = json_encoder(indent).encode(value)
    if text.isprintable():
        return text
    escape = json_encoder(ascii=True).encode
    return "".join([c if c.isprintable() or c == "\n" else escape(c)[1:-1] for c in text])


@cache
def json_encoder(indent: int | None = None, ascii: bool = False) -> "JSONEncoder":
    """json's encoder, which json.dumps would make again for each call."""
    from json import JSONEncoder

    return JSONEncoder(indent=indent, ensure_ascii=ascii)


def network_json(
    net: NetworkCosts, depth: int | None = None, training: bool = False, unfold: bool = False
) -> dict[str, Any]:
    """A network's rows and totals as plain data, rows in execution order.

    Shapes are lists, channels first, without the batch. ``receptive_field`` null means the whole
    input; effective strides that are no integers are strings such as "1/2"."""
    graph, sums = net.graph, net.sums(training)
    return {
        "version": 1,
        "network": graph.name,
        "title": graph.title,
        "family": graph.family,
        "year": graph.year,
        "source": graph.source,
        "task": graph.task,
        "input": list(net.input),
        "outputs": [{"name": n.row, "output": list(n.output)} for n in graph.outputs],
        "layers": [row_json(row) for row in net.rows(depth, training, unfold)],
        "totals": {
            "params": sums.params,
            "buffers": sums.buffers,
            "macs": sums.macs,
            "flops": sums.flops,
            "activations": sums.activations,
            "elementwise": sums.elementwise,
        },
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
        "receptive_field": list_or_null(field.size),
        "effective_stride": list_or_null(field.stride),
        "effective_padding": list_or_null(field.padding),
        "elementwise": row.elementwise,
        "tensors": {name: list(shape) for name, shape in row.tensors.items()},
    }
    if row.main:
        data.update({node.part: node.kind for node in row.nodes[1:] if node.part})
    if row.shares:
        data["shares"] = row.shares
    if field.note:
        data["receptive_field_note"] = field.note
    if row.nodes[0].training_only:
        data["training_only"] = True
    if row.times > 1:
        data.update(times=row.times, last=row.last)
    return data


def list_or_null(values: tuple[int | str, ...] | None) -> list[int | str] | None:
    """The values as a list, or None, which is null in JSON."""
    return None if values is None else list(values)


def make_frame(lines: list[dict[str, Any]], columns: list[str] | None = None) -> "pandas.DataFrame":
    """A DataFrame with a row for each of ``lines``, whose keys are the columns.

    Raises RequestError without pandas."""
    try:
        import pandas
    except ImportError:
        raise RequestError("a DataFrame needs pandas: pip install 'cnnspec[report]'") from None
    return pandas.DataFrame(lines, columns=columns)
