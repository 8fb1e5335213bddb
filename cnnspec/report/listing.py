"""The list of the networks that there are."""

from typing import TYPE_CHECKING, Any

from cnnspec.report.contract import encoded
from cnnspec.report.formats import csv_text, grid
from cnnspec.units import count, shape

if TYPE_CHECKING:
    from cnnspec.api import Network

HEADINGS = ("Network", "Family", "Year", "Input", "Params", "MACs")


def listing(networks: "list[Network]", format: str) -> str:
    """One line a network: its family, year, input, parameters and MACs."""
    if format == "json":
        return encoded({"version": 1, "networks": [entry(n) for n in networks]}, indent=2)
    if format == "csv":
        return csv_text([h.lower() for h in HEADINGS], [list(line(n, raw=True)) for n in networks])
    right = (False, False, True, True, True, True)
    return grid(HEADINGS, [[str(v) for v in line(n)] for n in networks], right, format)


def line(net: "Network", raw: bool = False) -> tuple[Any, ...]:
    graph, sums = net.graph, net.totals
    params, macs = (sums.params, sums.macs) if raw else (count(sums.params), count(sums.macs))
    return (graph.name, graph.family, graph.year or "", shape(net.input), params, macs)


def entry(net: "Network") -> dict[str, Any]:
    graph, sums = net.graph, net.totals
    return {"network": graph.name, "title": graph.title, "family": graph.family, "year": graph.year,
            "input": list(net.input), "params": sums.params, "macs": sums.macs}
