"""Drawing a network: from the graph to the SVG."""

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.problems import visible
from cnnspec.report.diagram.page import page, titled
from cnnspec.report.diagram.picture import about, caption, contents
from cnnspec.report.diagram.svg import svg


class Picture(str):
    """The text of an SVG, which a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def draw_network(net: NetworkCosts, depth: int | None = None) -> Picture:
    """The architecture of a network as SVG.

    With ``depth`` blocks are opened so many levels deep (1: none), else as deep as a page holds,
    and each kind of block that stays folded is shown in a panel. Raises RequestError where a
    picture would have too many boxes."""
    made = contents(net, depth)
    title = f"{visible(net.graph.title)} ({visible(net.name)})"
    drawn = titled(page(made), title, caption(net, made))
    return Picture(svg(drawn, title, about(net, made), net.graph, net.costs, made.letter))
