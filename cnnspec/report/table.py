"""The per-layer table of a network, in every format."""

from collections.abc import Sequence

from cnnspec.analyses.network_costs import NetworkCosts, Row, make_rows
from cnnspec.report.columns import Column, select_columns
from cnnspec.report.formats import ESCAPES, add_title_and_notes, render_csv, render_grid
from cnnspec.report.presets import PRESETS, TEXTBOOK
from cnnspec.units import format_count, format_prefixed, format_shape, looks_channels_last

HIDDEN = ("shape", "regulariser", "norm", "activation")  # roles that textbook tables leave out


def render_table(
    net: NetworkCosts,
    format: str = "text",
    preset: str = "summary",
    columns: list[str] | None = None,
    depth: int | None = None,
    training: bool = False,
    layout: str = "chw",
    reverse: bool = False,
    tools: Sequence[str] = (),
) -> str:
    """The table of a network as text in one of presets.FORMATS but json, which contract.py writes.

    ``preset`` or ``columns`` choose what it shows; a textbook's preset chooses its rows too.
    ``tools`` are conventions whose counts are shown besides. Raises RequestError for a column or
    convention that there is not."""
    picked = select_columns(columns or list(PRESETS[preset]))
    if tools:
        from cnnspec.report.counted import column

        picked += [column(name) for name in dict.fromkeys(tools)]
    textbook = preset in TEXTBOOK
    shown = net.rows(depth, training)
    if textbook:
        inputs = make_rows(net.graph.inputs, net.costs, net.fields)
        shown = inputs + [
            r for r in shown if r.operator is None or r.operator.role not in HIDDEN or r.params
        ]
    if reverse:
        shown.reverse()
    if format == "csv":
        folded = (
            ["times", "last"] if depth is not None else []
        )  # or a column's sum would be too small
        cells_of = [
            [c.value(r, layout) for c in picked] + ([r.times, r.last] if folded else [])
            for r in shown
        ]
        return render_csv([c.key for c in picked] + folded, cells_of)
    cells = [[c.cell(r, layout) for c in picked] for r in shown]
    if not textbook:
        cells += total_row(picked, net, training)
    body = render_grid(
        [c.heading for c in picked],
        cells,
        [c.right for c in picked],
        format,
        len(cells) > len(shown),
    )
    params = any(c.key in ("params", "parameters") for c in picked)
    return titled(net, body, format, notes(net, shown, training, textbook, params), textbook)


def total_row(picked: list[Column], net: NetworkCosts, training: bool) -> list[list[str]]:
    """The last row: the sum of each column of counts, over all rows of the network, folded or
    not."""
    if not any(c.total for c in picked):
        return []
    sums = net.sums(training)
    cells = [
        format_count(getattr(sums, c.key)) if c.total and hasattr(sums, c.key) else ""
        for c in picked
    ]
    for i, c in enumerate(picked):
        if c.total and not cells[i]:  # of other tools
            cells[i] = format_count(sum(c.value(row, "chw") for row in net.rows(training=training)))
    return [["Total", *cells[1:]]] if not picked[0].total else [cells]


def notes(
    net: NetworkCosts, shown: list[Row], training: bool, textbook: bool, params: bool
) -> list[str]:
    """What a reader of the numbers has to know; ``params`` says whether parameters are shown."""
    sums = net.sums(training)
    lines = (
        []
        if textbook
        else [
            f"{format_count(sums.params)} parameters, {format_count(sums.buffers)} buffers; {format_count(sums.macs)}"
            f" MACs ({format_prefixed(sums.macs, 'MACs')}, {format_prefixed(sums.flops, 'FLOPs')} at 2 FLOPs a MAC);"
            " without the batch."
        ]
    )
    if looks_channels_last(net.input):
        lines.append(
            f"The input is read channels first: {net.input[0]} channels of {format_shape(net.input[1:])}."
        )
    if any(r.times > 1 for r in shown):
        lines.append("xN: N rows in a run, each with the numbers shown; the RF is the last one's.")
    shared = [r for r in shown if r.shares]
    if shared and params:
        lines.append(
            "0 parameters, shared: "
            + ", ".join(f"{r.name} with {r.shares}" for r in shared[:8])
            + (" and so on." if len(shared) > 8 else ".")
        )
    if any(r.field.gated for r in shown) and not textbook:
        lines.append(
            "RF: receptive fields leave out gates (squeeze-and-excitation), which see the whole"
            " input."
        )
    reasons = dict.fromkeys(r.field.note for r in shown if r.field.note)
    lines.extend(f"RF: {reason}." for reason in reasons)
    left_out = sum(1 for n in net.graph.nodes if n.training_only)
    if left_out and not training:
        what = (
            "1 node that is there in training only is"
            if left_out == 1
            else (f"{left_out} nodes that are there in training only are")
        )
        lines.append(f"As at inference; {what} left out.")
    if net.graph.unfit:
        lines.append(
            "Layers that are there in training only do not fit this input; --training says which."
        )
    return lines


def titled(net: NetworkCosts, body: str, format: str, lines: list[str], textbook: bool) -> str:
    """A table under its network's title, above its notes."""
    graph = net.graph
    head = f"{graph.title} ({graph.name})" + (f", {graph.year}" if graph.year else "")
    several = len(graph.inputs) > 1
    inputs = "; ".join(
        f"{n.name} {format_shape(n.output)}" if several else format_shape(n.output)
        for n in graph.inputs
    )
    given = f"Input {inputs}. {graph.source}".strip()
    if format == "html":
        escape = ESCAPES[format]
        foot = "".join(f"<p>{escape(line)}</p>\n" for line in lines)
        caption = f"<caption><strong>{escape(head)}</strong><br>{escape(given)}</caption>"
        return body.replace("<table>", f'<table class="cnnspec">\n{caption}', 1) + (
            "\n" + foot if foot else ""
        )
    return add_title_and_notes(body, lines, format, (head, given))
