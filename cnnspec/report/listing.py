"""The list of the networks that there are."""

from collections.abc import Iterable
from typing import Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import render_csv, render_grid
from cnnspec.units import format_count, format_shape

HEADINGS = ("Network", "Family", "Year", "Input", "Params", "MACs")


def render_network_list(networks: Iterable[NetworkCosts], format: str) -> str:
    """One line a network: its family, year, input, parameters and MACs."""
    if format == "json":
        return encode_json(
            {"version": 1, "networks": [network_entry(n) for n in networks]}, indent=2
        )
    if format == "csv":
        return render_csv(
            [h.lower() for h in HEADINGS], [list(network_cells(n, raw=True)) for n in networks]
        )
    right = (False, False, True, True, True, True)
    return render_grid(
        HEADINGS, [[str(v) for v in network_cells(n)] for n in networks], right, format
    )


def network_cells(net: NetworkCosts, raw: bool = False) -> tuple[Any, ...]:
    graph, sums = net.graph, params_and_macs(net)
    return (
        graph.name,
        graph.family,
        graph.year or "",
        format_shape(net.input),
        *(sums if raw else map(format_count, sums)),
    )


def network_entry(net: NetworkCosts) -> dict[str, Any]:
    graph, (params, macs) = net.graph, params_and_macs(net)
    return {
        "network": graph.name,
        "title": graph.title,
        "family": graph.family,
        "year": graph.year,
        "input": list(net.input),
        "params": params,
        "macs": macs,
    }


def params_and_macs(net: NetworkCosts) -> tuple[int, int]:
    """The totals of all that a list shows: rows have receptive fields too, which take as long as
    costs again."""
    costs = [net.costs[n.index] for n in net.graph.layers()]
    return sum([c.params for c in costs]), sum([c.macs for c in costs])
