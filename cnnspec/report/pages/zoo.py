"""The networks that the pages show, loaded once and kept while pages are rendered."""

from collections.abc import Iterable
from functools import cache

from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings, find_measure
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.build import load_zoo_graphs
from cnnspec.report.comparison import cell
from cnnspec.report.formats import grid, markdown

SMALL, LARGE = (
    ComparisonSettings(1, "float32", "none"),
    ComparisonSettings(32, "float32", "adam"),
)  # what memory is shown for


@cache
def families() -> dict[str, list[NetworkCosts]]:
    """The networks of the zoo by the names of their files, in the zoo's order."""
    found: dict[str, list[NetworkCosts]] = {}
    for network in map(NetworkCosts, load_zoo_graphs()):
        found.setdefault(network.graph.family, []).append(network)
    return found


@cache
def subject(net: NetworkCosts, setting: ComparisonSettings = SMALL) -> ComparedNetwork:
    """A network as a subject of comparison; what was worked out for it once is kept."""
    return ComparedNetwork(net, setting)


def side_by_side(nets: Iterable[NetworkCosts], keys: tuple[str, ...]) -> str:
    """A Markdown table of networks by measures."""
    measures = [find_measure(key) for key in keys]
    rows = [[cell(m, subject(net).value(m.key)) for m in measures] for net in nets]
    return grid(
        [m.heading for m in measures],
        rows,
        [m.kind not in ("text", "year") for m in measures],
        "markdown",
    )


def memory(nets: Iterable[NetworkCosts]) -> str:
    """A Markdown table of the memory of networks at both settings, and why some of it is not
    known."""
    infer, train = find_measure("inference_peak"), find_measure("training_peak")
    asked = ((infer, SMALL), (infer, LARGE), (train, SMALL), (train, LARGE))
    nets = [*nets]
    rows = [[net.name, *(cell(m, subject(net, s).value(m.key)) for m, s in asked)] for net in nets]
    heads = [
        "Network",
        "Inference, batch 1",
        "Inference, batch 32",
        "Training, batch 1, no optimizer",
        "Training, batch 32, Adam",
    ]
    table = grid(heads, rows, [False, True, True, True, True], "markdown")
    reasons: dict[str, list[str]] = {}
    for net in nets:
        if "memory" in (unknown := subject(net).unknown):
            reasons.setdefault(unknown["memory"], []).append(net.name)
    lines = [f"–: {markdown(why)} ({markdown(', '.join(of))})." for why, of in reasons.items()]
    return "\n\n".join([table, *lines])
