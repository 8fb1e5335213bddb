"""The columns of a per-layer table: key, heading, and how a row's cell reads."""

from collections.abc import Callable
from typing import Any, NamedTuple

from cnnspec.analyses.network_costs import Row
from cnnspec.analyses.receptive_field.receptive_field import ReceptiveField
from cnnspec.ops.kit.windows import Axis, pads
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.units import format_chw, format_count, format_hwc, format_shape

NOTHING = "–"


class Column(NamedTuple):
    """One column. ``value`` gives the raw value (what CSV shows) in a layout, ``cell`` the text of
    tables.

    ``total`` sums the raw values of a column in the last row.
    """

    key: str
    heading: str
    value: Callable[[Row, str], Any]
    cell: Callable[[Row, str], str]
    right: bool = False
    total: bool = False


def count_column(
    key: str, heading: str, value: Callable[[Row], Any], total: bool = False
) -> Column:
    """A column of exact numbers, with thousands separators in tables."""
    return Column(
        key,
        heading,
        lambda row, layout: value(row),
        lambda row, layout: format_count(value(row)),
        True,
        total,
    )


def text_column(
    key: str,
    heading: str,
    cell: Callable[[Row], str],
    right: bool = False,
    value: Callable[[Row], Any] | None = None,
) -> Column:
    """A column of text; for CSV its ``value``, or the same text, and nothing where there is
    nothing."""

    def raw(row: Row, layout: str) -> Any:
        found = value(row) if value else cell(row)
        return "" if found == NOTHING else found

    return Column(key, heading, raw, lambda row, layout: cell(row), right)


def laid_out(row: Row, layout: str) -> str:
    return format_hwc(row.output) if layout == "hwc" else format_chw(row.output)


def output(row: Row, layout: str) -> str:
    return format_hwc(row.output) if layout == "hwc" else format_shape(row.output)


def row_label(row: Row) -> str:
    """A row's name; a run of equal rows says from where to where, and how many."""
    return f"{row.name} … {row.last} x{row.times}" if row.times > 1 else row.name


def axes(row: Row) -> list[Axis]:
    """The sliding windows of the row's operator; none for operators without."""
    main = row.main
    return main.op.axes(*main.shapes[:1]) if main else []


def per_axis(values: list[int], times: str = "×") -> str:
    if not values:
        return NOTHING
    return str(values[0]) if len(set(values)) == 1 else times.join(map(str, values))


def kernel(row: Row, times: str = "×") -> str:
    return times.join(str(a.kernel) for a in axes(row)) or NOTHING


def stride(row: Row, times: str = "×") -> str:
    return per_axis([a.stride for a in axes(row)], times)


def padding(row: Row, times: str = "×") -> str:
    """SAME, VALID or the zeros on each side, whatever words the spec uses for them."""
    found = axes(row)
    given = [(a.before, a.after) for a in found]
    if not found:
        return NOTHING
    if getattr(row.operator, "padding", 0) != "same" and not any(map(sum, given)):
        return "VALID"
    if given == [pads("same", a.size, a.kernel, a.stride, a.dilation) for a in found]:
        return "SAME"
    if all(b == a for b, a in given):
        return per_axis([b for b, _ in given], times)
    return " ".join(f"{b}+{a}" for b, a in given)


def maps(row: Row) -> str:
    if len(row.output) == 1:
        return NOTHING
    rgb = row.op == "input" and row.output[0] == 3
    return format_count(row.output[0]) + (" (RGB)" if rgb else "")


def size(row: Row) -> str:
    return (
        format_count(row.output[0]) if len(row.output) == 1 else format_shape(row.output[1:], "×")
    )


def channels(row: Row) -> int | str:
    return row.output[0] if len(row.output) > 1 else ""


def raw_size(row: Row) -> int | str:
    return row.output[0] if len(row.output) == 1 else format_shape(row.output[1:])


def part_title(row: Row, part: str) -> str:
    node = row.part(part)
    return node.op.title if node else ""


def activation(row: Row) -> str:
    found = part_title(row, "activation")
    if not found and row.operator is not None:
        found = row.operator.activation_title
    return found or NOTHING


def type_title(row: Row) -> str:
    return row.operator.title if row.operator is not None else row.op


def textbook_name(row: Row) -> str:
    """The layer with a convolution's kernel and stride, as course notes write it: ``CONV1 (f=5,
    s=1)``."""
    if row.op == "input":
        return "Input Layer:"
    found = axes(row) if row.params else []
    if not found:
        return row_label(row)
    return (
        f"{row_label(row)} (f={per_axis([a.kernel for a in found])},"
        f" s={per_axis([a.stride for a in found])})"
    )


def field_text(field: ReceptiveField, values: tuple[int | str, ...] | None) -> str:
    return ("?" if field.unknown else "all") if values is None else "x".join(map(str, values))


def raw_field(field: ReceptiveField, values: tuple[int | str, ...] | None) -> str:
    return "" if values is None and field.unknown else field_text(field, values)


def raw_work(row: Row) -> str:
    """The arithmetic by kind, as ``additions=3528;divisions=1176``."""
    return ";".join(f"{kind}={n}" for kind, n in row.elementwise.items())


def work(row: Row) -> str:
    return (
        ", ".join(
            f"{format_count(n)} {kind.replace('_', ' ')}" for kind, n in row.elementwise.items()
        )
        or NOTHING
    )


COLUMNS = {
    column.key: column
    for column in (
        text_column("layer", "Layer", row_label, value=lambda r: r.name),
        text_column(
            "textbook_layer",
            "Layer",
            textbook_name,
            value=lambda r: textbook_name(r.replace(times=1)),
        ),
        text_column("op", "Op", lambda r: r.op),
        text_column("type", "Type", type_title),
        Column("output", "Output", output, output, True),
        Column("activation_shape", "Activation shape", output, laid_out),
        Column(
            "activation_size",
            "Activation size",
            lambda r, _: r.activation_size,
            lambda r, _: str(r.activation_size),
            True,
        ),
        Column(
            "parameters", "# Parameters", lambda r, _: r.params, lambda r, _: str(r.params), True
        ),
        count_column("params", "Params", lambda r: r.params, total=True),
        count_column("buffers", "Buffers", lambda r: r.buffers, total=True),
        count_column("macs", "MACs", lambda r: r.macs, total=True),
        text_column("elementwise", "Elementwise", work, value=raw_work),
        text_column("maps", "Maps", maps, True, channels),
        text_column("size", "Size", size, True, raw_size),
        text_column("kernel_size", "Kernel size", kernel, True, lambda r: kernel(r, "x")),
        text_column("stride", "Stride", stride, True, lambda r: stride(r, "x")),
        text_column("padding", "Padding", padding, value=lambda r: padding(r, "x")),
        text_column("norm", "Norm", lambda r: part_title(r, "norm") or NOTHING),
        text_column("activation", "Activation", activation),
        text_column(
            "receptive_field",
            "RF",
            lambda r: field_text(r.field, r.field.size),
            True,
            lambda r: raw_field(r.field, r.field.size),
        ),
        text_column(
            "effective_stride",
            "RF stride",
            lambda r: field_text(r.field, r.field.stride),
            True,
            lambda r: raw_field(r.field, r.field.stride),
        ),
        text_column(
            "effective_padding",
            "RF padding",
            lambda r: field_text(r.field, r.field.padding),
            True,
            lambda r: raw_field(r.field, r.field.padding),
        ),
        text_column("shares", "Shares", lambda r: r.shares or NOTHING),
    )
}


def select_columns(names: list[str]) -> list[Column]:
    """The columns called ``names``. Raises RequestError for one that there is not, or that is there
    twice."""
    for i, name in enumerate(names):
        if name not in COLUMNS:
            hint = did_you_mean(name, list(COLUMNS), "there are " + ", ".join(COLUMNS))
            raise RequestError(f"there is no column {visible(name, 40)!r}; {hint}")
        if name in names[:i]:
            raise RequestError(f"the column {name!r} is there twice; name it once")
    return [COLUMNS[name] for name in names]
