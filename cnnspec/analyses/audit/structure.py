"""The quantities that are compared as they stand: kernels, strides, shapes, activations, the order
of layers.

Each layer has its own value; a claim about several says one for all of them, or a list in their
order."""

from collections.abc import Callable
from typing import Any

from cnnspec.analyses.audit.subject import Missing, Sheet
from cnnspec.analyses.network_costs import Row
from cnnspec.ops.kit.windows import Axis, pads
from cnnspec.units import Shape, format_hwc, format_shape


def axes(row: Row) -> list[Axis]:
    """The sliding windows of a row's operator. Raises Missing where it has none."""
    main = row.main
    found = main.op.axes(main.shapes[0]) if main and main.inputs else []
    if not found:
        raise Missing(f"{row.name} has no sliding window, and so neither kernel nor stride")
    return found


def kernel_size(row: Row) -> Shape:
    return tuple(a.kernel for a in axes(row))


def stride(row: Row) -> Shape:
    return tuple(a.stride for a in axes(row))


def padding(row: Row) -> tuple[str, ...]:
    """The padding in the words that stand for it: zeros on each side, VALID, SAME."""
    found = axes(row)
    given = [(a.before, a.after) for a in found]
    words = [str(given[0][0])] if all(b == a == given[0][0] for b, a in given) else []
    words += ["valid"] if not any(map(sum, given)) else []
    same = [pads("same", a.size, a.kernel, a.stride, a.dilation) for a in found]
    return tuple(words + (["same"] if given == same else []))


def norm(row: Row) -> str:
    part = next((n for n in row.nodes[1:] if n.part == "norm"), None)
    return part.op.title if part else ""


def activation(row: Row) -> str:
    part = next((n for n in row.nodes[1:] if n.part == "activation"), None)
    return part.op.title if part else row.operator.activation_title if row.operator else ""


def title(row: Row) -> str:
    return row.operator.title if row.operator else row.op


def given(row: Row) -> Shape:
    first = row.nodes[0]
    return first.shapes[0] if first.inputs else first.output


def spatial(row: Row) -> Shape:
    """Height and width of a map, or the length of a vector."""
    return row.output[1:] if len(row.output) > 1 else row.output


def filter_shape(row: Row) -> Shape:
    """One kernel with its depth, (m, n, d): what it sees of all channels."""
    weight = row.main.op.parameters(*row.main.shapes).get("weight", ()) if row.main else ()
    if len(weight) < 3:
        raise Missing(f"{row.name} has no kernels")
    return (*weight[2:], weight[1])


ROWWISE: dict[str, Callable[[Row], Any]] = {
    "input": given,
    "output": lambda r: r.output,
    "channels": lambda r: r.output[:1],
    "size": spatial,
    "kernel_size": kernel_size,
    "stride": stride,
    "padding": padding,
    "activation": activation,
    "norm": norm,
    "type": title,
    "filter": filter_shape,
}


def of_rows(sheet: Sheet, rows: list[Row], quantity: str) -> list[tuple[Row, Any]]:
    """The value of each row; ``count``, ``order`` and ``layout`` have one of all rows together.
    Raises Missing."""
    if quantity == "count":
        return [(rows[0] if rows else sheet.rows()[0], (len(rows),))]
    if quantity in ("order", "layout"):
        words = [w for r in rows if (w := (kind_of if quantity == "order" else line_of)(r))]
        return [(rows[0], words)]
    if quantity == "receptive_field":
        return [(r, field(sheet, r)) for r in rows]
    if quantity == "input" and len(rows) > 1:
        rows = rows[:1]
    elif quantity in ("output", "size", "channels") and len(rows) > 1 and covers(sheet, rows):
        rows = rows[-1:]
    return [(r, ROWWISE[quantity](r)) for r in rows]


def covers(sheet: Sheet, rows: list[Row]) -> bool:
    """Whether rows are the whole network or one block of it, which has one output: its last
    row's."""
    names = {r.name.partition(".")[0] for r in rows}
    return len(names) == 1 or len(rows) == len([r for r in sheet.rows() if r.op != "input"])


def field(sheet: Sheet, row: Row) -> Shape:
    found = sheet.fields[row.nodes[-1].index]
    if found.size is None:
        raise Missing(f"the receptive field of {row.name} is {found.note or 'the whole input'}")
    return found.size


def kind_of(row: Row) -> str:
    """A row in the flow of a network, "" for what flows are silent about."""
    op = row.operator
    if op is None:
        return ""
    if op.pools in ("window", "map"):
        return "pool"
    if op.slides_over == "input":
        return "conv"
    if op.is_dense:
        return "fc"
    return op.short_title.lower() if op.role == "norm" else ""


def line_of(row: Row) -> str:
    """A row as tables of VGG print it: conv3-64, max pool, fc-4096."""
    op, kind = row.operator, kind_of(row)
    if op is None or not kind:
        return ""
    if kind == "pool":
        return op.title.lower().replace("pooling", "pool").replace("avg", "average")
    kernel = format_shape(tuple(dict.fromkeys(kernel_size(row)))) if kind == "conv" else ""
    return op.short_title.lower().format(kernel=kernel, channels=row.output[0])


def shown(quantity: str, value: Any) -> str:
    """A value in words."""
    if quantity in ("input", "output"):
        return format_hwc(value) if len(value) == 3 else format_shape(value)
    if isinstance(value, tuple) and quantity != "padding":
        return str(value[0]) if len(set(value)) == 1 and quantity != "size" else format_shape(value)
    return (
        (", ".join(map(str, value)) or "uneven")
        if isinstance(value, list | tuple)
        else str(value) or "none"
    )
