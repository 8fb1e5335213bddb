"""The list of the zoo's networks, which can be searched, and a page for each network."""

from collections.abc import Iterator

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.report.formats import escape_html
from cnnspec.report.html_page import render_html_report
from cnnspec.report.pages.zoo import load_families, size_cells
from cnnspec.site.frame import render_frame, render_links
from cnnspec.units import format_shape

HEADINGS = ("Network", "Title", "Family", "Year", "Task", "Input", "Params", "MACs", "Depth")
LIST = "networks.html"


def render_zoo() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of the list of networks, then of each network's page."""
    families = load_families()
    yield LIST, render_list(families)
    for nets in families.values():
        for net in nets:
            yield network_path(net.name), render_html_report(net, links=network_links(net))


def network_path(name: str) -> str:
    """Return the path of a network's page on the site."""
    return f"networks/{name}.html"


def network_links(net: NetworkCosts) -> str:
    """Return the links from a network's page to the playground, its family and the site."""
    path, name = network_path(net.name), escape_html(net.name)
    return (
        f'<nav class="site" aria-label="Site">{render_links(path)}</nav>\n<p>'
        f'<a href="../playground.html#network={name}">Change {name} in the playground</a>;'
        f' <a href="../specs/{net.graph.family}.toml.html">its spec</a>;'
        f' <a href="../reports/families/{net.graph.family}.html">what was compared</a></p>\n'
    )


def render_list(families: dict[str, list[NetworkCosts]]) -> str:
    """Return the list of all networks with a field to search it."""
    count = sum(map(len, families.values()))
    heads = "".join(f'<th scope="col">{name}</th>' for name in HEADINGS)
    rows = "\n".join(list_row(family, net) for family, nets in families.items() for net in nets)
    body = f"""<h1>The networks of the zoo</h1>
<p>{count} networks in {len(families)} families. Params are trainable parameters; MACs are
multiply-accumulates for one input, at inference; depth is the number of layers with weights on the
longest path.</p>
<p id="search" hidden><label>Search <input type="search" id="pattern" autocomplete="off"></label>
<span id="found" role="status"></span></p>
<div class="scroll" role="region" aria-label="Networks" tabindex="0">
<table id="networks">
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>"""
    return render_frame(LIST, "Networks", body, '<script defer src="static/search.js"></script>\n')


def list_row(family: str, net: NetworkCosts) -> str:
    """Return the row of a network in the list."""
    graph, name = net.graph, escape_html(net.name)
    cells = [
        escape_html(graph.title),
        f'<a href="reports/families/{family}.html">{escape_html(family)}</a>',
        str(graph.year or ""),
        escape_html(graph.task),
        escape_html(" + ".join(format_shape(node.output) for node in graph.inputs)),
        *size_cells(net).split(" | "),
    ]
    inner = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row"><a href="{network_path(name)}">{name}</a></th>{inner}</tr>'
