"""The columns of a per-layer table: key, heading, and how a row's cell reads."""

from collections.abc import Callable
from typing import Any

from cnnspec.analyses.network_costs import Row
from cnnspec.records import Record
from cnnspec.report.cells import (
    NOTHING,
    activation_title,
    count_biases,
    count_weights,
    dilation,
    elementwise_work,
    format_field,
    groups,
    kernel_size,
    map_size,
    maps,
    norm_title,
    op_title,
    op_with_parts,
    output_shape,
    output_tuple,
    padding,
    raw_elementwise_work,
    raw_field,
    row_label,
    stride,
    textbook_label,
)
from cnnspec.units import format_count


class Column(Record):
    """One column. ``raw`` returns a row's value for CSV, ``cell`` its text in tables.

    Both take the row and the layout, "chw" or "hwc". A column with a ``total`` is summed in the
    last row, and ``show`` writes the sum."""

    key: str
    heading: str
    raw: Callable[[Row, str], Any]
    cell: Callable[[Row, str], str]
    right: bool = False
    total: bool = False
    show: Callable[[int], str] = format_count


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
        show,
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


def field_column(key: str, heading: str, what: str) -> Column:
    """A column of the receptive field's attribute ``what``: size, stride or padding."""
    return text_column(
        key,
        heading,
        lambda row: format_field(row.field, getattr(row.field, what)),
        True,
        lambda row: raw_field(row.field, getattr(row.field, what)),
    )


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
        count_column(
            "activation_size", "Activation size", lambda r: r.activation_size, True, show=str
        ),
        count_column("parameters", "# Parameters", lambda r: r.params, show=str),
        count_column("params", "Params", lambda r: r.params, total=True),
        count_column("buffers", "Buffers", lambda r: r.buffers, total=True),
        count_column("weights", "Weights", count_weights, total=True),
        count_column("biases", "Biases", count_biases, total=True),
        count_column("macs", "MACs", lambda r: r.macs, total=True),
        count_column("flops", "FLOPs", lambda r: 2 * r.macs, total=True),
        text_column("groups", "Groups", groups, True),
        text_column("elementwise", "Elementwise", elementwise_work, raw=raw_elementwise_work),
        text_column("maps", "Maps", maps, True, lambda r: r.output[0] if len(r.output) > 1 else ""),
        text_column("size", "Size", map_size, True, lambda r: map_size(r, "x").replace(",", "")),
        text_column("kernel_size", "Kernel size", kernel_size, True, lambda r: kernel_size(r, "x")),
        text_column("stride", "Stride", stride, True, lambda r: stride(r, "x")),
        text_column("padding", "Padding", padding, raw=lambda r: padding(r, "x")),
        text_column("dilation", "Dilation", dilation, True, lambda r: dilation(r, "x")),
        text_column("norm", "Norm", norm_title),
        text_column("activation", "Activation", activation_title),
        field_column("receptive_field", "RF", "size"),
        field_column("effective_stride", "RF stride", "stride"),
        field_column("effective_padding", "RF padding", "padding"),
        text_column("shares", "Shares", lambda r: r.shares or NOTHING),
    )
}
