"""The per-layer table of a network, in every format."""

from collections.abc import Sequence

from cnnspec.analyses.network_costs import NetworkCosts, Row, make_rows
from cnnspec.report.cells import op_with_parts, row_parts
from cnnspec.report.columns import Column
from cnnspec.report.fitted_columns import fit_columns
from cnnspec.report.formats import ESCAPES, WIDTH, add_title_and_notes, render_csv, render_grid
from cnnspec.report.network_columns import select_columns
from cnnspec.report.presets import PRESETS, TEXTBOOK
from cnnspec.units import format_count, format_prefixed, format_shape, looks_channels_last

HIDDEN = ("shape", "regulariser", "norm", "activation")  # roles that textbook tables leave out


def render_table(
    net: NetworkCosts,
    format: str = "text",
    preset: str = "summary",
    *,
    columns: list[str] | None = None,
    depth: int | None = None,
    training: bool = False,
    layout: str = "chw",
    reverse: bool = False,
    tools: Sequence[str] = (),
    unfold: bool = False,
    width: int = WIDTH,
    more: Sequence[Column] = (),
    notes: Sequence[str] = (),
) -> str:
    """The table of a network in one of presets.FORMATS except json (see contract.render_json).

    ``preset`` or ``columns`` choose the columns; a textbook's preset also chooses the rows.
    ``tools`` are conventions whose counts get a column each. ``unfold`` makes a row of each node.
    The columns of the summary, as text, are made to fit into ``width`` columns.
    ``more`` columns follow those, and ``notes`` the table's own.
    Raises RequestError for an unknown column or convention."""
    picked = select_columns(columns or list(PRESETS[preset]), net)
    if tools:
        from cnnspec.report.counted import make_convention_column

        picked += [make_convention_column(name) for name in dict.fromkeys(tools)]
    picked += more
    textbook = preset in TEXTBOOK
    shown = net.rows(depth, training, unfold)
    if textbook:
        shown = make_rows(net.graph.inputs, net.costs, net.fields) + [
            r for r in shown if r.operator is None or r.operator.role not in HIDDEN or r.params
        ]
    if reverse:
        shown.reverse()
    if format == "csv":
        return table_in_csv(shown, picked, layout, folded=depth is not None)
    total = not textbook

    def render_cells(columns: list[Column]) -> list[list[str]]:
        cells = [[c.cell(r, layout) for c in columns] for r in shown]
        return cells + (total_row(columns, net, training) if total else [])

    fitted: list[str] = []
    if format == "text" and columns is None and preset == "summary":
        picked, fitted = fit_columns(picked, render_cells, width)
    cells = render_cells(picked)
    headings, right = [c.heading for c in picked], [c.right for c in picked]
    body = render_grid(headings, cells, right, format, len(cells) > len(shown), width)
    keys = [c.key for c in picked]
    lines = [*table_notes(net, shown, training, textbook, keys), *fitted, *notes]
    return add_network_title(net, body, format, lines)


def table_in_csv(shown: list[Row], picked: list[Column], layout: str, folded: bool) -> str:
    """The rows as CSV; ``folded`` ones say how many rows they stand for, so that sums are right."""
    more = ["times", "last"] if folded else []
    lines = [
        [c.raw(r, layout) for c in picked] + ([r.times, r.last] if folded else []) for r in shown
    ]
    return render_csv([c.key for c in picked] + more, lines)


def total_row(picked: list[Column], net: NetworkCosts, training: bool) -> list[list[str]]:
    """The last row: the sum of each column of counts over all rows, folded or not."""
    if not any(c.total for c in picked):
        return []
    sums = net.sums(training)
    cells = []
    for c in picked:
        if not c.total:
            cells.append("")
        elif hasattr(sums, c.key):
            cells.append(c.show(getattr(sums, c.key)))
        else:  # the counts of another tool
            cells.append(c.show(sum(c.raw(row, "chw") for row in net.rows(None, training))))
    return [["Total", *cells[1:]]] if not picked[0].total else [cells]


def table_notes(
    net: NetworkCosts, shown: list[Row], training: bool, textbook: bool, keys: list[str]
) -> list[str]:
    """The lines below a table: totals, and what a reader needs to know to read its numbers.

    ``keys`` are those of the table's columns."""
    lines = [] if textbook else [describe_totals(net, shown, training)]
    if looks_channels_last(net.input):
        size = format_shape(net.input[1:])
        lines.append(f"The input is read channels first: {net.input[0]} channels of {size}.")
    if any(r.times > 1 for r in shown):
        lines.append("xN: N equal rows, each with the numbers shown; the RF is that of the last.")
    shared = [r for r in shown if r.shares]
    if shared and ("params" in keys or "parameters" in keys):
        pairs = ", ".join(f"{r.name} with {r.shares}" for r in shared[:8])
        end = " and so on." if len(shared) > 8 else "."
        lines.append(f"0 parameters, shared: {pairs}{end}")
    fields = "receptive_field" in keys
    if fields and any(r.field.gated for r in shown):
        lines.append(
            "RF: receptive fields leave out gates (squeeze-and-excitation), which see the whole"
            " input."
        )
    reasons = dict.fromkeys(r.field.note for r in shown if r.field.note and fields)
    lines.extend(f"RF: {reason}." for reason in reasons)
    left_out = sum(1 for n in net.graph.nodes if n.training_only)
    if left_out and not training:
        nodes = (
            "1 training-only node is" if left_out == 1 else f"{left_out} training-only nodes are"
        )
        lines.append(f"As at inference; {nodes} left out.")
    if net.graph.unfit:
        lines.append("Training-only layers do not fit this input; --training says which.")
    return lines


def describe_totals(net: NetworkCosts, shown: list[Row], training: bool) -> str:
    """The totals in a sentence, and whether rows include their norm and activation."""
    sums = net.sums(training)
    macs = f"{format_prefixed(sums.macs, 'MACs')}, {format_prefixed(sums.flops, 'FLOPs')}"
    line = (
        f"{format_count(sums.params)} parameters, {format_count(sums.buffers)} buffers;"
        f" {format_count(sums.macs)} MACs ({macs} at 2 FLOPs a MAC); without the batch."
    )
    joined = next((row for row in shown if row_parts(row)), None)
    if joined is None:
        return line
    return (
        f"{line} Rows include their norm and activation ({op_with_parts(joined)});"
        " cnnspec table --unfold separates them."
    )


def add_network_title(net: NetworkCosts, body: str, format: str, lines: list[str]) -> str:
    """A table below its network's title and above its notes."""
    graph = net.graph
    head = f"{graph.title} ({graph.name})" + (f", {graph.year}" if graph.year else "")
    several = len(graph.inputs) > 1
    inputs = "; ".join(
        f"{n.name} {format_shape(n.output)}" if several else format_shape(n.output)
        for n in graph.inputs
    )
    given = f"Input {inputs}. {graph.source}".strip()
    if format != "html":
        return add_title_and_notes(body, lines, format, (head, given))
    escape = ESCAPES[format]
    caption = f"<caption><strong>{escape(head)}</strong><br>{escape(given)}</caption>"
    table = body.replace("<table>", f'<table class="cnnspec">\n{caption}', 1)
    notes = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
    return f"{table}\n{notes}" if notes else table
