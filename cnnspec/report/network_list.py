"""The list of networks: family, year, input, parameters and MACs of each."""

from collections.abc import Iterable
from typing import Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import render_csv, render_grid
from cnnspec.units import format_count, format_shape

LIST_HEADINGS = ("Network", "Family", "Year", "Input", "Params", "MACs")
LIST_ALIGNED_RIGHT = (False, False, True, True, True, True)


def render_network_list(networks: Iterable[NetworkCosts], format: str) -> str:
    """A line for each network: its family, year, input, parameters and MACs."""
    if format == "json":
        entries = [network_entry(net) for net in networks]
        return encode_json({"version": 1, "networks": entries}, indent=2)
    rows = [network_values(net) for net in networks]
    if format == "csv":
        return render_csv([heading.lower() for heading in LIST_HEADINGS], rows)
    cells = [[*map(str, row[:4]), *map(format_count, row[4:])] for row in rows]
    return render_grid(LIST_HEADINGS, cells, LIST_ALIGNED_RIGHT, format)


def network_values(net: NetworkCosts) -> list[Any]:
    """The values of a network's line in the order of LIST_HEADINGS."""
    graph = net.graph
    year = graph.year or ""
    return [graph.name, graph.family, year, format_shape(net.input), *params_and_macs(net)]


def network_entry(net: NetworkCosts) -> dict[str, Any]:
    """A network as plain data."""
    params, macs = params_and_macs(net)
    return {
        "network": net.graph.name,
        "title": net.graph.title,
        "family": net.graph.family,
        "year": net.graph.year,
        "input": list(net.input),
        "params": params,
        "macs": macs,
    }


def params_and_macs(net: NetworkCosts) -> tuple[int, int]:
    """The totals that a list shows, without receptive fields, which take as long again."""
    costs = [net.costs[n.index] for n in net.graph.layers()]
    return sum([c.params for c in costs]), sum([c.macs for c in costs])
