"""A network on one page of HTML that needs nothing else: the values put into the template."""

import re
from pathlib import Path

from cnnspec.analyses.memory.network_memory import NetworkMemory, plan_memory
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.problems import RequestError
from cnnspec.report.cells import op_with_parts, row_label
from cnnspec.report.columns import COLUMNS
from cnnspec.report.diagram.draw import draw_network
from cnnspec.report.formats import escape_html
from cnnspec.report.html_rows import PageRow, draw_bars, nest_rows, rows_that_fit
from cnnspec.report.table import table_notes
from cnnspec.report.timeline import render_network_timeline
from cnnspec.units import format_bytes, format_count, format_prefixed, format_shape

TEMPLATE = Path(__file__).parent / "html_page.template.html"
BASE_STYLE = Path(__file__).parent / "page_base.css"  # of all pages: colours, figures, buttons
HEADINGS = (  # with the class that says how a column is sorted
    ("Layer", "name"),
    ("Op", "op"),
    ("Output", "shape"),
    ("Params", "number"),
    ("MACs", "number"),
    ("Allocated, bytes", "number"),
    ("Receptive field", "field"),
)
WEIGHT = 4  # bytes of a weight in float32
WHOLE_INPUT = 2**53  # sorts after every receptive field


def render_html_report(
    net: NetworkCosts, batch: int = 1, optimizer: str = "none", links: str = ""
) -> str:
    """The page of a network; ``batch`` and ``optimizer`` are those of its memory.

    ``links`` is HTML above the title, such as links to other pages of a site.
    Raises RequestError for a batch below 1 or an unknown optimizer."""
    rows, depth = rows_that_fit(net)
    plan, reason = plan_or_reason(net, batch, optimizer)
    lines = nest_rows(rows, depth, allocated_bytes(plan))
    graph = net.graph
    values = {
        "title": escape_html(f"{graph.title} ({graph.name})"),
        "base": BASE_STYLE.read_text(encoding="utf-8"),
        "links": links,
        "about": escape_html(", ".join(filter(None, (str(graph.year or ""), graph.source)))),
        "cards": cards_html(net, plan),
        "diagram": diagram_html(net),
        "plots": "".join(plots_html(lines, plan)),
        "timelines": timelines_html(plan) if plan else f'<p class="none">{escape_html(reason)}</p>',
        "heads": "".join(
            f'<th scope="col" aria-sort="none" class="{kind}"><button'
            f' type="button">{name}</button></th>'
            for name, kind in HEADINGS
        ),
        "rows": "\n".join(row_html(line, plan is not None) for line in lines),
        "folded": escape_html(describe_folding(net, depth)),
        "notes": "".join(f"<li>{escape_html(note)}</li>" for note in page_notes(net, plan)),
    }
    template = TEMPLATE.read_text(encoding="utf-8")
    # All markers are replaced at once, because a title may contain the text of a marker.
    return re.sub(r"{{(\w+)}}", lambda marker: values[marker[1]], template)


def describe_optimizer(plan: NetworkMemory) -> str:
    """Return the optimizer's name, or that there is none."""
    return "no optimizer" if plan.optimizer == "none" else plan.optimizer


def plan_or_reason(
    net: NetworkCosts, batch: int, optimizer: str
) -> tuple[NetworkMemory | None, str]:
    """The memory of a network, or None and why it is not known."""
    if batch < 1:
        raise RequestError(f"a batch has at least one example, not {batch}")
    try:
        return plan_memory(net.graph, batch, optimizer=optimizer), ""
    except RequestError as error:
        return None, f"The memory of this network is not planned: {error}."


def allocated_bytes(plan: NetworkMemory | None) -> dict[str, int]:
    """The bytes that the forward pass of training allocates at each node."""
    found: dict[str, int] = {}
    for event in plan.logs["training"].events if plan else ():
        if event.phase == "forward" and event.bytes > 0:
            found[event.node] = found.get(event.node, 0) + event.bytes
    return found


def diagram_html(net: NetworkCosts) -> str:
    """The diagram, or why it could not be drawn."""
    try:
        return f"<figure>{draw_network(net)}</figure>"
    except RequestError as error:
        return f'<p class="none">{escape_html(str(error))}</p>'


def timelines_html(plan: NetworkMemory) -> str:
    """The timelines of an inference pass and of a training step."""
    return "".join(
        f"<figure>{render_network_timeline(plan, mode, 'svg')}</figure>"
        for mode in ("inference", "training")
    )


def cards_html(net: NetworkCosts, plan: NetworkMemory | None) -> str:
    """The figures of the whole network, each with a remark."""
    sums = net.totals
    cards = [
        (
            "Input",
            " + ".join(format_shape(n.output) for n in net.graph.inputs),
            "channels first, without the batch",
        ),
        ("Output", " + ".join(format_shape(n.output) for n in net.graph.outputs), ""),
        (
            "Parameters",
            format_count(sums.params),
            f"{format_bytes(WEIGHT * sums.params)} in float32",
        ),
        ("MACs", format_count(sums.macs), f"{format_prefixed(sums.flops, 'FLOPs')} at 2 a MAC"),
        ("Activations", format_count(sums.activations), "elements of all layers' outputs"),
    ]
    if plan is not None:
        setting = f"batch {format_count(plan.batch)}, {plan.dtype}"
        cards += [
            ("Inference peak", format_bytes(plan.inference_peak), setting),
            (
                "Training peak",
                format_bytes(plan.training_peak),
                f"{setting}, {describe_optimizer(plan)}",
            ),
        ]
    return "".join(
        f"<div><dt>{name}</dt><dd>{escape_html(value)}<small>{escape_html(more)}</small></dd></div>"
        for name, value, more in cards
    )


def plots_html(lines: list[PageRow], plan: NetworkMemory | None) -> list[str]:
    """The bars of parameters and MACs, and of memory if it is planned."""
    plots = [
        draw_bars(lines, 0, "Parameters", "parameters"),
        draw_bars(lines, 1, "MACs", "MACs"),
    ]
    if plan is not None:
        title = f"Memory allocated by the forward pass of training, batch {plan.batch}"
        plots.append(draw_bars(lines, 2, title, "bytes"))
    return [f"<figure>{svg}</figure>" for svg in plots]


def row_html(line: PageRow, planned: bool) -> str:
    """A line of the table; the line of a block has a button that folds it."""
    params, macs, allocated = map(format_count, line.counts)
    row = line.row
    name = escape_html(line.name if line.block else row_label(row))
    first = f'<button type="button" aria-expanded="true">{name}</button>' if line.block else name
    field = "" if line.block else escape_html(COLUMNS["receptive_field"].cell(row, "chw"))
    cells = [
        f'<th scope="row" style="--level:{line.level}">{first}</th>',
        f"<td>{escape_html(line.block or op_with_parts(row))}</td>",
        f'<td data-v="{row.activation_size}">{escape_html(format_shape(row.output))}</td>',
        f"<td>{params}</td><td>{macs}</td>",
        f'<td>{allocated if planned else "–"}</td><td data-v="{field_size(line)}">{field}</td>',
    ]
    up = f' data-up="{line.up}"' if line.up >= 0 else ""
    block = ' class="block"' if line.block else ""
    return f"<tr{block}{up}>{''.join(cells)}</tr>"


def field_size(line: PageRow) -> int:
    """The number by which receptive fields are sorted: their positions, the whole input last."""
    size = line.row.field.size
    product = 1
    for n in size or ():
        product *= n if isinstance(n, int) else 1
    return product if size else WHOLE_INPUT


def describe_folding(net: NetworkCosts, depth: int | None) -> str:
    """What the table does not show, or ""."""
    if depth is None:
        return ""
    return (
        f"{format_count(len(net.layers))} layers: to keep the page small, layers more than"
        f" {depth - 1} levels deep are folded into their block, and equal rows into xN; cnnspec"
        f" table {net.name} shows all."
    )


def page_notes(net: NetworkCosts, plan: NetworkMemory | None) -> list[str]:
    """What a reader of the numbers needs to know."""
    notes = table_notes(net, net.layers, False, False, ["params", "receptive_field"])
    if plan is not None:
        notes.append(
            "Allocated: what the forward pass of training allocates at a layer, as PyTorch 2.13"
            " does on a CPU. Peaks are sums of the tensors alive, without the workspace of kernels."
        )
    return notes
