"""Quantities with one value per layer, and their comparison with printed values.

A claim about several layers has one value for all of them, or a list in their order."""

import re
from collections.abc import Callable
from typing import Any

from cnnspec.analyses.audit.claimed_network import ClaimedNetwork, ClaimError
from cnnspec.analyses.audit.printed_figures import parse_figure, parse_sizes
from cnnspec.analyses.network_costs import Row
from cnnspec.ops.kit.windows import Axis, padding_sides
from cnnspec.units import Shape, format_hwc, format_shape


def window_axes(row: Row) -> list[Axis]:
    """Return the sliding windows of a row's operator. Raises ClaimError if it has none."""
    main = row.main
    found = main.op.axes(main.shapes[0]) if main and main.inputs else []
    if not found:
        raise ClaimError(f"{row.name} has no sliding window, so it has no kernel or stride")
    return found


def row_kernel_size(row: Row) -> Shape:
    return tuple(a.kernel for a in window_axes(row))


def row_stride(row: Row) -> Shape:
    return tuple(a.stride for a in window_axes(row))


def row_padding(row: Row) -> tuple[str, ...]:
    """Return the names of a padding: zeros on each side, valid, same."""
    found = window_axes(row)
    given = [(a.before, a.after) for a in found]
    words = [str(given[0][0])] if all(b == a == given[0][0] for b, a in given) else []
    words += ["valid"] if not any(map(sum, given)) else []
    same = [padding_sides("same", a.size, a.kernel, a.stride, a.dilation) for a in found]
    return tuple(words + (["same"] if given == same else []))


def norm_title(row: Row) -> str:
    part = next((n for n in row.nodes[1:] if n.part == "norm"), None)
    return part.op.title if part else ""


def activation_title(row: Row) -> str:
    part = next((n for n in row.nodes[1:] if n.part == "activation"), None)
    if part:
        return part.op.title
    return row.operator.activation_title if row.operator else ""


def type_title(row: Row) -> str:
    return row.operator.title if row.operator else row.op


def input_shape(row: Row) -> Shape:
    first = row.nodes[0]
    return first.shapes[0] if first.inputs else first.output


def spatial_shape(row: Row) -> Shape:
    """Return height and width of a map, or the length of a vector."""
    return row.output[1:] if len(row.output) > 1 else row.output


def filter_shape(row: Row) -> Shape:
    """Return the shape of one kernel with its depth, (m, n, d). Raises ClaimError."""
    weight = row.main.op.parameters(*row.main.shapes).get("weight", ()) if row.main else ()
    if len(weight) < 3:
        raise ClaimError(f"{row.name} has no kernels")
    return (*weight[2:], weight[1])


ROWWISE: dict[str, Callable[[Row], Any]] = {
    "input": input_shape,
    "output": lambda r: r.output,
    "channels": lambda r: r.output[:1],
    "size": spatial_shape,
    "kernel_size": row_kernel_size,
    "stride": row_stride,
    "padding": row_padding,
    "activation": activation_title,
    "norm": norm_title,
    "type": type_title,
    "filter": filter_shape,
}


def values_of_rows(
    network: ClaimedNetwork, rows: list[Row], quantity: str
) -> list[tuple[Row, Any]]:
    """Return each row's value; ``count``, ``order`` and ``layout`` have one for all rows.

    Raises ClaimError."""
    if quantity == "count":
        return [(rows[0] if rows else network.rows()[0], (len(rows),))]
    if quantity in ("order", "layout"):
        words = [
            w for r in rows if (w := (kind_in_order if quantity == "order" else line_in_layout)(r))
        ]
        return [(rows[0], words)]
    if quantity == "receptive_field":
        return [(r, receptive_field_size(network, r)) for r in rows]
    if quantity == "input" and len(rows) > 1:
        rows = rows[:1]
    elif (
        quantity in ("output", "size", "channels") and len(rows) > 1 and covers_whole(network, rows)
    ):
        rows = rows[-1:]
    return [(r, ROWWISE[quantity](r)) for r in rows]


def covers_whole(network: ClaimedNetwork, rows: list[Row]) -> bool:
    """Whether rows are the whole network or one block, whose output is that of its last row."""
    names = {r.name.partition(".")[0] for r in rows}
    return len(names) == 1 or len(rows) == len([r for r in network.rows() if r.op != "input"])


def receptive_field_size(network: ClaimedNetwork, row: Row) -> Shape:
    found = network.fields[row.nodes[-1].index]
    if found.size is None:
        raise ClaimError(f"the receptive field of {row.name} is {found.note or 'the whole input'}")
    return found.size


def kind_in_order(row: Row) -> str:
    """Return a row's name in a list such as conv -> pool -> fc; "" if lists leave it out."""
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


def line_in_layout(row: Row) -> str:
    """Return a row's name in VGG's tables: conv3-64, max pool, fc-4096."""
    op, kind = row.operator, kind_in_order(row)
    if op is None or not kind:
        return ""
    if kind == "pool":
        return op.title.lower().replace("pooling", "pool").replace("avg", "average")
    kernel = format_shape(tuple(dict.fromkeys(row_kernel_size(row)))) if kind == "conv" else ""
    return op.short_title.lower().format(kernel=kernel, channels=row.output[0])


def format_value(quantity: str, value: Any) -> str:
    """Format a value in words."""
    if quantity in ("input", "output"):
        return format_hwc(value) if len(value) == 3 else format_shape(value)
    if isinstance(value, tuple) and quantity != "padding":
        return str(value[0]) if len(set(value)) == 1 and quantity != "size" else format_shape(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "uneven"
    return str(value) or "none"


NONE = ("none", "–", "-", "linear", "")
Same = Callable[[Any, Any], bool]


def sizes_match(found: Any, value: Any) -> bool:
    """Whether sizes equal the printed ones; one number is for all dimensions, ">=2" a bound."""
    figure = parse_figure(value) if isinstance(value, str) and value[:1] in "<>≤≥" else None
    if figure is not None:
        return all(figure.holds(n) for n in found)
    wanted = parse_sizes(
        re.sub(r"\s*\([A-Za-z]+\)$", "", value) if isinstance(value, str) else value
    )
    return wanted is not None and (
        tuple(found) == wanted or (len(wanted) == 1 and set(found) == set(wanted))
    )


def shape_matches(found: Any, value: Any) -> bool:
    """Whether a shape equals the printed one, with channels first, last or left out, or (n, 1)."""
    wanted, dims = parse_sizes(value), tuple(found)
    if wanted is None:
        return False
    last = (*dims[1:], dims[0])
    forms = {dims, last, dims[1:] or dims} | (
        {(*dims, 1), (1, *dims), (1, 1, *dims)} if len(dims) == 1 else set()
    )
    return wanted in forms


def words_match(found: Any, value: Any) -> bool:
    words = str(value).casefold().replace(" ", "")
    return str(found).casefold().replace(" ", "") == words or (not found and words in NONE)


def is_among(found: Any, value: Any) -> bool:
    return str(value).casefold() in list(found)


def list_matches(found: Any, value: Any) -> bool:
    return bool(split_list(value) == found)


def split_list(value: Any) -> list[str]:
    """Split a printed list, or a flow such as ``Conv -> Pool``, into its items."""
    words = value if isinstance(value, list) else re.split(r"\s*(?:->|→|,)\s*", str(value))
    return [str(w).casefold() for w in words]


MATCHES: dict[str, Same] = {
    "input": shape_matches,
    "output": shape_matches,
    "channels": sizes_match,
    "size": sizes_match,
    "kernel_size": sizes_match,
    "stride": sizes_match,
    "padding": is_among,
    "activation": words_match,
    "norm": words_match,
    "type": words_match,
    "filter": shape_matches,
    "count": sizes_match,
    "order": list_matches,
    "layout": list_matches,
    "receptive_field": sizes_match,
}


def match_values(quantity: str, found: list[tuple[Row, Any]], value: Any) -> list[bool]:
    """List which rows have the printed value: one for all, or a list with one for each."""
    same = MATCHES[quantity]
    if value == "rising":
        numbers = [tuple(f) for _, f in found]
        return [bool(numbers) and numbers == sorted(numbers) and numbers[0] < numbers[-1]]
    if (
        isinstance(value, list)
        and quantity not in ("order", "layout")
        and (len(found) > 1 or len(value) == 1)
    ):
        return [same(f, v) for (_, f), v in zip(found, value, strict=False)] + [False] * abs(
            len(found) - len(value)
        )
    return [same(f, value) for _, f in found]
