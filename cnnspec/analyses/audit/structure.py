"""The quantities that are compared as they stand: kernels, strides, shapes, activations, the order of layers.

Each layer has its own value; a claim about several says one for all of them, or a list in their order.
"""

import re
from collections.abc import Callable
from typing import Any

from cnnspec.analyses.audit.printed import sizes
from cnnspec.analyses.audit.subject import Missing, Sheet
from cnnspec.analyses.depth import POOLS
from cnnspec.analyses.rows import Row
from cnnspec.ops.windows import Axis, pads
from cnnspec.units import Shape, hwc, shape

NONE = ("none", "–", "-", "linear", "")
Same = Callable[[Any, Any], bool]


def axes(row: Row) -> list[Axis]:
    """The sliding windows of a row's operator. Raises Missing where it has none."""
    main = row.main
    found = getattr(main.op, "axes", None) if main else None
    if not found or main is None:
        raise Missing(f"{row.name} has no sliding window, and so neither kernel nor stride")
    return list(found(main.shapes[0]))


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


ROWWISE: dict[str, Callable[[Row], Any]] = {
    "input": given, "output": lambda r: r.output, "channels": lambda r: r.output[:1], "size": spatial,
    "kernel_size": kernel_size, "stride": stride, "padding": padding, "activation": activation, "norm": norm,
    "type": title,
}


def of_rows(sheet: Sheet, rows: list[Row], quantity: str) -> list[tuple[Row, Any]]:
    """The value of each row; ``count``, ``order`` and ``layout`` have one of all rows together. Raises Missing."""
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
    """Whether rows are the whole network or one block of it, which has one output: its last row's."""
    names = {r.name.partition(".")[0] for r in rows}
    return len(names) == 1 or len(rows) == len([r for r in sheet.rows() if r.op != "input"])


def field(sheet: Sheet, row: Row) -> Shape:
    found = sheet.fields[row.nodes[-1].index]
    if found.size is None:
        raise Missing(f"the receptive field of {row.name} is {found.note or 'the whole input'}")
    return found.size


def kind_of(row: Row) -> str:
    """A row in the flow of a network, "" for what flows are silent about."""
    if row.op in POOLS:
        return "pool"
    return {"conv": "conv", "conv_table": "conv", "depthwise_conv": "conv", "linear": "fc", "rbf": "fc",
            "lrn": "lrn"}.get(row.op, "")


def line_of(row: Row) -> str:
    """A row as tables of VGG print it: conv3-64, max pool, fc-4096."""
    if row.op == "conv":
        return f"conv{shape(tuple(dict.fromkeys(kernel_size(row))))}-{row.output[0]}"
    if row.op in POOLS:
        return row.op.replace("pool", " pool").replace("global_", "global ").replace("avg", "average")
    return {"linear": f"fc-{row.output[0]}", "lrn": "lrn", "rbf": f"rbf-{row.output[0]}"}.get(row.op, "")


def alike(found: Any, value: Any) -> bool:
    """Whether sizes are the printed ones; one number stands for every dimension."""
    wanted = sizes(re.sub(r"\s*\([A-Za-z]+\)$", "", value) if isinstance(value, str) else value)
    return wanted is not None and (tuple(found) == wanted or (len(wanted) == 1 and set(found) == set(wanted)))


def same_shape(found: Any, value: Any) -> bool:
    """Whether a shape is the printed one: channels first or last, with or without them, a vector as (n, 1)."""
    wanted, dims = sizes(value), tuple(found)
    if wanted is None:
        return False
    last = (*dims[1:], dims[0])
    forms = {dims, last, dims[1:] or dims} | ({(*dims, 1), (1, *dims), (1, 1, *dims)} if len(dims) == 1 else set())
    return wanted in forms


def same_words(found: Any, value: Any) -> bool:
    words = str(value).casefold().replace(" ", "")
    return str(found).casefold().replace(" ", "") == words or (not found and words in NONE)


def one_of(found: Any, value: Any) -> bool:
    return str(value).casefold() in list(found)


def same_list(found: Any, value: Any) -> bool:
    return bool(words_of(value) == found)


def words_of(value: Any) -> list[str]:
    """The items of a printed list, or of a flow such as ``Conv -> Pool``."""
    words = value if isinstance(value, list) else re.split(r"\s*(?:->|→|,)\s*", str(value))
    return [str(w).casefold() for w in words]


SAME: dict[str, Same] = {
    "input": same_shape, "output": same_shape, "channels": alike, "size": alike, "kernel_size": alike,
    "stride": alike, "padding": one_of, "activation": same_words, "norm": same_words, "type": same_words,
    "count": alike, "order": same_list, "layout": same_list, "receptive_field": alike,
}


def matches(quantity: str, found: list[tuple[Row, Any]], value: Any) -> list[bool]:
    """Which rows have the printed value: one for all, or a list of one for each (then of the same length)."""
    same = SAME[quantity]
    if isinstance(value, list) and quantity not in ("order", "layout") and (len(found) > 1 or len(value) == 1):
        return [same(f, v) for (_, f), v in zip(found, value, strict=False)] + [False] * abs(len(found) - len(value))
    return [same(f, value) for _, f in found]


def shown(quantity: str, value: Any) -> str:
    """A value in words."""
    if quantity in ("input", "output"):
        return hwc(value) if len(value) == 3 else shape(value)
    if isinstance(value, tuple) and quantity != "padding":
        return str(value[0]) if len(set(value)) == 1 and quantity != "size" else shape(value)
    return (", ".join(map(str, value)) or "uneven") if isinstance(value, list | tuple) else str(value) or "none"
