"""The columns of a per-layer table: key, heading, and how a row's cell reads."""

from collections.abc import Callable
from typing import Any

from cnnspec.analyses.network_costs import Row
from cnnspec.analyses.receptive_field.receptive_field import ReceptiveField
from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis, padding_sides
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.units import format_chw, format_count, format_hwc, format_shape

NOTHING = "–"


class Column(Record):
    """One column. ``raw`` returns a row's value for CSV, ``cell`` its text in tables.

    Both take the row and the layout, "chw" or "hwc". A column with a ``total`` is summed in the
    last row."""

    key: str
    heading: str
    raw: Callable[[Row, str], Any]
    cell: Callable[[Row, str], str]
    right: bool = False
    total: bool = False


def count_column(
    key: str,
    heading: str,
    count: Callable[[Row], int],
    total: bool = False,
    show: Callable[[int], str] = format_count,
) -> Column:
    """A column of exact counts, with thousands separators in tables."""
    return Column(
        key,
        heading,
        lambda row, layout: count(row),
        lambda row, layout: show(count(row)),
        True,
        total,
    )


def text_column(
    key: str,
    heading: str,
    cell: Callable[[Row], str],
    right: bool = False,
    raw: Callable[[Row], Any] | None = None,
) -> Column:
    """A column of text. CSV has what ``raw`` returns, or the same text, with "" for NOTHING."""

    def raw_or_cell(row: Row, layout: str) -> Any:
        found = raw(row) if raw else cell(row)
        return "" if found == NOTHING else found

    return Column(key, heading, raw_or_cell, lambda row, layout: cell(row), right)


def row_label(row: Row) -> str:
    """A row's name; for a run of equal rows the first and the last name, and how many."""
    return f"{row.name} … {row.last} x{row.times}" if row.times > 1 else row.name


def textbook_label(row: Row) -> str:
    """The name with a convolution's kernel and stride: ``CONV1 (f=5, s=1)``."""
    if row.op == "input":
        return "Input Layer:"
    windows = row_windows(row) if row.params else []
    if not windows:
        return row_label(row)
    size = join_sizes([w.kernel for w in windows])
    step = join_sizes([w.stride for w in windows])
    return f"{row_label(row)} (f={size}, s={step})"


def op_with_parts(row: Row) -> str:
    """The operator with the norm and the activation that the row includes: ``conv+bn+relu``."""
    return "+".join([row.op, *(n.op.abbreviation or n.kind for n in row_parts(row))])


def row_parts(row: Row) -> list[Node]:
    """The norm and the activation that a row includes besides its operator."""
    return [node for node in row.nodes[1:] if node.part] if row.main else []


def output_shape(row: Row, layout: str) -> str:
    """The output as 96x55x55, or as (55, 55, 96)."""
    return format_hwc(row.output) if layout == "hwc" else format_shape(row.output)


def output_tuple(row: Row, layout: str) -> str:
    """The output as (96, 55, 55), or as (55, 55, 96)."""
    return format_hwc(row.output) if layout == "hwc" else format_chw(row.output)


def row_windows(row: Row) -> list[Axis]:
    """The sliding windows of the row's operator; none for operators without."""
    return row.main.op.axes(*row.main.shapes[:1]) if row.main else []


def join_sizes(sizes: list[int], times: str = "×") -> str:
    """The sizes along the dimensions: one number where they are equal."""
    if not sizes:
        return NOTHING
    return str(sizes[0]) if len(set(sizes)) == 1 else times.join(map(str, sizes))


def kernel_size(row: Row, times: str = "×") -> str:
    """The kernel's size: ``3×3``."""
    return times.join(str(w.kernel) for w in row_windows(row)) or NOTHING


def stride(row: Row, times: str = "×") -> str:
    """The stride, one number where it is the same along all dimensions."""
    return join_sizes([w.stride for w in row_windows(row)], times)


def padding(row: Row, times: str = "×") -> str:
    """SAME, VALID or the zeros on each side, whichever way the spec writes it."""
    windows = row_windows(row)
    given = [(w.before, w.after) for w in windows]
    if not windows:
        return NOTHING
    if getattr(row.operator, "padding", 0) != "same" and not any(map(sum, given)):
        return "VALID"
    if given == [padding_sides("same", w.size, w.kernel, w.stride, w.dilation) for w in windows]:
        return "SAME"
    if all(before == after for before, after in given):
        return join_sizes([before for before, _ in given], times)
    return " ".join(f"{before}+{after}" for before, after in given)


def maps(row: Row) -> str:
    """The number of maps, marked where the input has three colours."""
    if len(row.output) == 1:
        return NOTHING
    rgb = row.op == "input" and row.output[0] == 3
    return format_count(row.output[0]) + (" (RGB)" if rgb else "")


def map_size(row: Row, times: str = "×") -> str:
    """The size of a map, or the elements of a vector."""
    y = row.output
    return format_count(y[0]) if len(y) == 1 else format_shape(y[1:], times)


def op_title(row: Row) -> str:
    """The type of the row's operator, or the block of a folded row."""
    return row.operator.title if row.operator is not None else row.op


def norm_title(row: Row) -> str:
    """The norm that the row includes."""
    node = row.part("norm")
    return node.op.title if node else NOTHING


def activation_title(row: Row) -> str:
    """The activation that the row includes, or that its operator contains."""
    if node := row.part("activation"):
        return node.op.title
    return (row.operator.activation_title if row.operator is not None else "") or NOTHING


def format_field(field: ReceptiveField, values: tuple[int | str, ...] | None) -> str:
    """A size of a receptive field; "all" for the whole input, "?" where it is unknown."""
    if values is None:
        return "?" if field.unknown else "all"
    return "x".join(map(str, values))


def raw_field(field: ReceptiveField, values: tuple[int | str, ...] | None) -> str:
    """A size of a receptive field for CSV: "" where it is unknown."""
    return "" if values is None and field.unknown else format_field(field, values)


def field_column(key: str, heading: str, what: str) -> Column:
    """A column of the receptive field's attribute ``what``: size, stride or padding."""
    return text_column(
        key,
        heading,
        lambda row: format_field(row.field, getattr(row.field, what)),
        True,
        lambda row: raw_field(row.field, getattr(row.field, what)),
    )


def elementwise_work(row: Row) -> str:
    """The elementwise arithmetic by kind: ``3,528 additions, 1,176 divisions``."""
    kinds = [f"{format_count(n)} {kind.replace('_', ' ')}" for kind, n in row.elementwise.items()]
    return ", ".join(kinds) or NOTHING


def raw_elementwise_work(row: Row) -> str:
    """The elementwise arithmetic for CSV: ``additions=3528;divisions=1176``."""
    return ";".join(f"{kind}={n}" for kind, n in row.elementwise.items())


COLUMNS = {
    column.key: column
    for column in (
        text_column("layer", "Layer", row_label, raw=lambda r: r.name),
        text_column(
            "textbook_layer",
            "Layer",
            textbook_label,
            raw=lambda r: textbook_label(r.replace(times=1)),
        ),
        text_column("op", "Op", op_with_parts, raw=lambda r: r.op),
        text_column("type", "Type", op_title),
        Column("output", "Output", output_shape, output_shape, True),
        Column("activation_shape", "Activation shape", output_shape, output_tuple),
        count_column("activation_size", "Activation size", lambda r: r.activation_size, show=str),
        count_column("parameters", "# Parameters", lambda r: r.params, show=str),
        count_column("params", "Params", lambda r: r.params, total=True),
        count_column("buffers", "Buffers", lambda r: r.buffers, total=True),
        count_column("macs", "MACs", lambda r: r.macs, total=True),
        text_column("elementwise", "Elementwise", elementwise_work, raw=raw_elementwise_work),
        text_column("maps", "Maps", maps, True, lambda r: r.output[0] if len(r.output) > 1 else ""),
        text_column("size", "Size", map_size, True, lambda r: map_size(r, "x").replace(",", "")),
        text_column("kernel_size", "Kernel size", kernel_size, True, lambda r: kernel_size(r, "x")),
        text_column("stride", "Stride", stride, True, lambda r: stride(r, "x")),
        text_column("padding", "Padding", padding, raw=lambda r: padding(r, "x")),
        text_column("norm", "Norm", norm_title),
        text_column("activation", "Activation", activation_title),
        field_column("receptive_field", "RF", "size"),
        field_column("effective_stride", "RF stride", "stride"),
        field_column("effective_padding", "RF padding", "padding"),
        text_column("shares", "Shares", lambda r: r.shares or NOTHING),
    )
}


def select_columns(names: list[str]) -> list[Column]:
    """The columns called ``names``. Raises RequestError for an unknown or a repeated name."""
    for i, name in enumerate(names):
        if name not in COLUMNS:
            hint = did_you_mean(name, list(COLUMNS), "there are " + ", ".join(COLUMNS))
            raise RequestError(f"there is no column {visible(name, 40)!r}; {hint}")
        if name in names[:i]:
            raise RequestError(f"the column {name!r} is there twice; name it once")
    return [COLUMNS[name] for name in names]
