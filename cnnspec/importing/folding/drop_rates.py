"""Rates of stochastic depth: ``rate * i / n`` where they grow evenly from layer to layer."""

from itertools import pairwise
from math import isclose
from typing import Any

from cnnspec.importing.folding.bodies import Body
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.ops.registry import load_operator
from cnnspec.records import Record

CLOSE = 1e-6  # relative: some libraries calculate the rates in float32
MOST = 400  # layers


DROP_RATE = "drop_rate"  # the argument of the network
INDEX = "p:index"  # the key of a line that has the index of a layer in place of its rate


class DropRates(Record):
    """The rule of a network's rates: layer ``i`` has ``rate * i / count``."""

    rate: float
    count: int

    def index_of(self, p: float) -> int | None:
        """Return the index whose rate is ``p``; None if there is none."""
        index = round(p * self.count / self.rate)
        return index if isclose(self.rate * index / self.count, p, rel_tol=CLOSE) else None


def number_drop_rates(body: Body, rates: DropRates) -> None:
    """Replace the rates of all lines by the indices of their layers."""
    for inner in body.bodies():
        for line in inner.lines:
            p = drop_rate(line.kind, line.fields)
            index = None if p is None else rates.index_of(p)
            if index is not None:
                line.fields = {INDEX if k == "p" else k: v for k, v in line.fields.items()}
                line.fields[INDEX] = index


def find_drop_rates(graph: ImportedGraph) -> DropRates | None:
    """Return the rule that all rates of stochastic depth follow, if they grow evenly."""
    rates = sorted({p for node in graph.nodes if (p := drop_rate(node.kind, node.fields))})
    if len(rates) < 3:
        return None
    step = min(rates[0], *(b - a for a, b in pairwise(rates)))
    last = round(rates[-1] / step)
    for count in range(last, min(last + 3, MOST)):
        rate = float(f"{step * count:.3g}")
        rule = DropRates(rate, count)
        if isclose(rate, step * count, rel_tol=CLOSE) and rate == float(f"{rate:.2g}"):
            return rule if all(rule.index_of(p) is not None for p in rates) else None
    return None


def drop_rate(kind: str, fields: dict[str, Any]) -> float | None:
    """Return the rate of an operator that drops a whole branch, None for others."""
    if kind in ("", "input"):
        return None
    op = load_operator(kind)
    whole = op.role == "regulariser" and not op.drops_elements
    return float(fields["p"]) if whole else None
