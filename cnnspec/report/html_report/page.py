"""Filling the template: what it shows of a network, every name escaped."""

import re
from pathlib import Path

from cnnspec.analyses.memory.network_memory import NetworkMemory, plan_memory
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.problems import RequestError
from cnnspec.report import table
from cnnspec.report.columns import COLUMNS, row_label
from cnnspec.report.diagram.draw import draw_network
from cnnspec.report.formats import escape_html
from cnnspec.report.html_report import charts, tree
from cnnspec.report.timeline import render_network_timeline
from cnnspec.units import format_bytes, format_count, format_prefixed, format_shape

HEADS = (
    ("Layer", "name"),
    ("Op", "op"),
    ("Output", "shape"),
    ("Params", "number"),
    ("MACs", "number"),
    ("Allocated, bytes", "number"),
    ("Receptive field", "field"),
)
SIZE = 4  # bytes of a weight


def render_html_report(net: NetworkCosts, batch: int = 1, optimizer: str = "adam") -> str:
    """A network on one page of HTML; ``batch`` and ``optimizer`` are those of its memory. Raises
    RequestError."""
    rows, depth = tree.shown(net)
    plan, why = planned(net, batch, optimizer)
    made = tree.lines(rows, depth, allocated(plan))
    graph = net.graph
    template = (Path(__file__).parent / "template.html").read_text(encoding="utf-8")
    values = {
        "title": escape_html(f"{graph.title} ({graph.name})"),
        "about": escape_html(", ".join(filter(None, (str(graph.year or ""), graph.source)))),
        "cards": cards(net, plan),
        "diagram": picture(net),
        "plots": "".join(plots(made, plan)),
        "timelines": (
            f'<p class="none">{escape_html(why)}</p>'
            if plan is None
            else "".join(
                f"<figure>{render_network_timeline(plan, mode, 'svg')}</figure>"
                for mode in ("inference", "training")
            )
        ),
        "heads": "".join(
            f'<th scope="col" aria-sort="none" class="{kind}"><button'
            f' type="button">{name}</button></th>'
            for name, kind in HEADS
        ),
        "rows": "\n".join(row(line, plan is not None) for line in made),
        "folded": folded(net, depth),
        "notes": "".join(f"<li>{escape_html(note)}</li>" for note in notes(net, plan)),
    }
    return re.sub(
        r"{{(\w+)}}", lambda marker: values[marker[1]], template
    )  # in one go: a title may hold a marker


def planned(net: NetworkCosts, batch: int, optimizer: str) -> tuple[NetworkMemory | None, str]:
    """The memory of a network, or why nobody knows it."""
    if batch < 1:
        raise RequestError(f"a batch has at least one example, not {batch}")
    try:
        return plan_memory(net.graph, batch, optimizer=optimizer), ""
    except RequestError as error:
        return None, f"The memory of this network is not planned: {error}."


def picture(net: NetworkCosts) -> str:
    """The diagram, or what kept it from being drawn."""
    try:
        return f"<figure>{draw_network(net)}</figure>"
    except RequestError as error:
        return f'<p class="none">{escape_html(str(error))}</p>'


def allocated(plan: NetworkMemory | None) -> dict[str, int]:
    """The bytes that the forward pass of training allocates at each node."""
    found: dict[str, int] = {}
    for event in plan.logs["training"].events if plan else ():
        if event.phase == "forward" and event.bytes > 0:
            found[event.node] = found.get(event.node, 0) + event.bytes
    return found


def cards(net: NetworkCosts, plan: NetworkMemory | None) -> str:
    """The figures of the whole network."""
    sums = net.totals
    said = [
        (
            "Input",
            " + ".join(format_shape(n.output) for n in net.graph.inputs),
            "channels first, without the batch",
        ),
        ("Output", " + ".join(format_shape(n.output) for n in net.graph.outputs), ""),
        ("Parameters", format_count(sums.params), f"{format_bytes(SIZE * sums.params)} in float32"),
        ("MACs", format_count(sums.macs), f"{format_prefixed(sums.flops, 'FLOPs')} at 2 a MAC"),
        ("Activations", format_count(sums.activations), "elements of all layers' outputs"),
    ]
    if plan is not None:
        asked = f"batch {format_count(plan.batch)}, {plan.dtype}"
        said += [
            ("Inference peak", format_bytes(plan.inference_peak), asked),
            ("Training peak", format_bytes(plan.training_peak), f"{asked}, {plan.optimizer}"),
        ]
    return "".join(
        f"<div><dt>{name}</dt><dd>{escape_html(value)}<small>{escape_html(more)}</small></dd></div>"
        for name, value, more in said
    )


def plots(made: list[tree.Line], plan: NetworkMemory | None) -> list[str]:
    """The bars of parameters and MACs, and of memory where it is planned."""
    found = [charts.bars(made, 0, "Parameters", "parameters"), charts.bars(made, 1, "MACs", "MACs")]
    if plan is not None:
        title = f"Memory that training's forward pass allocates, batch {plan.batch}"
        found.append(charts.bars(made, 2, title, "bytes"))
    return [f"<figure>{svg}</figure>" for svg in found]


def row(line: tree.Line, planned: bool) -> str:
    """A line of the table; that of a block has a button which folds it."""
    params, macs, bytes_ = map(format_count, line.counts)
    r = line.row
    name = escape_html(line.name if line.block else row_label(r))
    first = f'<button type="button" aria-expanded="true">{name}</button>' if line.block else name
    field = "" if line.block else escape_html(COLUMNS["receptive_field"].cell(r, "chw"))
    cells = "".join(
        [
            (
                '<th scope="row"'
                f' style="--level:{line.level}">{first}</th><td>{escape_html(line.block or r.op)}</td>'
            ),
            (
                f'<td data-v="{r.activation_size}">{escape_html(format_shape(r.output))}</td><td>{params}</td><td>{macs}</td>'
            ),
            f'<td>{bytes_ if planned else "–"}</td><td data-v="{reach(line)}">{field}</td>',
        ]
    )
    up = f' data-up="{line.up}"' if line.up >= 0 else ""
    block = ' class="block"' if line.block else ""
    return f"<tr{block}{up}>{cells}</tr>"


def reach(line: tree.Line) -> int:
    """By what receptive fields are sorted: their positions, the whole input last."""
    size = line.row.field.size
    product = 1
    for n in size or ():
        product *= n if isinstance(n, int) else 1
    return product if size else 2**53


def folded(net: NetworkCosts, depth: int | None) -> str:
    """What the table leaves out."""
    if depth is None:
        return ""
    return escape_html(
        f"{format_count(len(net.layers))} layers: what stands more than {depth - 1} levels deep is folded"
        " into its block here, and equal ones in a row into xN, to keep the page small; cnnspec"
        f" table {net.name} has all."
    )


def notes(net: NetworkCosts, plan: NetworkMemory | None) -> list[str]:
    """What a reader of the numbers has to know."""
    said = table.table_notes(net, net.layers, False, False, True)
    if plan is not None:
        said.append(
            "Allocated: what the forward pass of training allocates at a layer, as PyTorch 2.13"
            " does on a CPU. Peaks are sums of the tensors alive, without the workspace of kernels."
        )
    return said
