"""Compare a network with its budgets, from its spec and from pyproject.toml."""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from cnnspec.analyses.memory.network_memory import plan_memory
from cnnspec.analyses.memory.request import DTYPES
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.analyses.receptive_field.receptive_field import find_last_partial_fields
from cnnspec.gate.config import Config
from cnnspec.graph.model import Graph
from cnnspec.problems import Problem, RequestError, visible
from cnnspec.records import Record
from cnnspec.spec.budgets import Limit
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.source import Source
from cnnspec.units import format_bytes, format_count, format_shape

NAMED = 3  # the layers with most of a quantity that a message names


class BudgetQuantity(Record):
    """A quantity that a budget limits: its value, unit, the share of each layer, and conditions.

    ``conditions`` are words for the message, such as the batch and dtype of a memory peak."""

    value: int
    unit: str
    layers: list[tuple[str, int]] = []
    conditions: str = ""


def check_network_budgets(graph: Graph, spec: NetworkSpec, config: Config) -> Iterator[Problem]:
    """Return a problem for each limit that a network exceeds, or that cannot be computed."""
    net = NetworkCosts(graph)
    for source, budget in find_budgets(graph, spec, config):
        quantities = BudgetQuantities(net, budget)
        for limit in budget["limits"]:
            try:
                quantity = getattr(quantities, limit.quantity)()
            except RequestError as error:
                message = (
                    f"{limit.quantity} of {visible(graph.name)} cannot be compared with its"
                    f" budget: {error}"
                )
                where = source.where(limit.path)
                yield Problem(where, "B002", message, "remove it from the budget")
                continue
            too_much = limit.most and quantity.value > limit.value
            too_little = not limit.most and quantity.value < limit.value
            if too_much or too_little:
                yield report_exceeded(source, graph, limit, quantity)


def find_budgets(
    graph: Graph, spec: NetworkSpec, config: Config
) -> Iterator[tuple[Source, dict[str, Any]]]:
    """Return the budgets of a network, each with the file that states it."""
    for name, budget in spec.budgets.items():
        if name == graph.name or (name == spec.name and name not in spec.variants):
            yield spec.source, budget
    for pattern, budget in config.budgets.items():
        if config.source and fnmatch(graph.name, pattern):
            yield config.source, budget


def report_exceeded(
    source: Source, graph: Graph, limit: Limit, quantity: BudgetQuantity
) -> Problem:
    """Return the problem of an exceeded limit: by how much, and the layers that have most of it."""
    unit = quantity.unit
    allowed = format_quantity(limit.value, unit)
    if limit.text not in allowed:
        allowed += f" ({visible(limit.text)})"
    excess = abs(quantity.value - limit.value)
    over, at_most = ("over", "at most") if limit.most else ("under", "at least")
    message = (
        f"{limit.quantity} of {visible(graph.name)}{quantity.conditions} is"
        f" {format_quantity(quantity.value, unit)}: {format_quantity(excess, unit)}"
        f"{format_percent(excess, limit.value)} {over} the budget of {at_most} {allowed}"
    )
    largest = sorted([layer for layer in quantity.layers if layer[1]], key=lambda layer: -layer[1])
    names = [f"{visible(name)} {format_quantity(n, unit)}" for name, n in largest[:NAMED]]
    hint = f"most of it: {', '.join(names)}" if names else ""
    return Problem(source.where(limit.path), "B001", message, hint)


def format_quantity(n: int, unit: str) -> str:
    """Return a number with its unit."""
    return format_bytes(n) if unit == "bytes" else f"{format_count(n)} {unit}".strip()


def format_percent(excess: int, limit: int) -> str:
    """Return an excess as a percentage of the limit, in parentheses; nothing for a limit of 0."""
    share = 100 * excess / limit if limit else 0.0
    if not share:
        return ""
    return f" ({share:.3g}%)" if share < 1000 else f" ({share:,.0f}%)"


class BudgetQuantities:
    """The quantities that budgets limit, one method each; memory as the budget's settings say."""

    def __init__(self, net: NetworkCosts, budget: dict[str, Any]):
        self.net = net
        self.dtype = budget.get("dtype", "float32")
        self.batch, self.optimizer = budget.get("batch", 1), budget.get("optimizer", "none")

    def params(self) -> BudgetQuantity:
        layers = [(row.name, row.params) for row in self.net.layers]
        return BudgetQuantity(sum(n for _, n in layers), "", layers)

    def macs(self) -> BudgetQuantity:
        layers = [(row.name, row.macs) for row in self.net.layers]
        return BudgetQuantity(sum(n for _, n in layers), "MACs", layers)

    def layers(self) -> BudgetQuantity:
        return BudgetQuantity(len(self.net.layers), "rows of the table")

    def weights(self) -> BudgetQuantity:
        """Bytes of parameters and buffers."""
        size = DTYPES[self.dtype]
        layers = [(row.name, (row.params + row.buffers) * size) for row in self.net.layers]
        total = sum(n for _, n in layers)
        return BudgetQuantity(total, "bytes", layers, f" ({self.dtype}, with buffers)")

    def inference_peak(self) -> BudgetQuantity:
        return self.memory_peak("inference")

    def training_peak(self) -> BudgetQuantity:
        return self.memory_peak("training")

    def memory_peak(self, mode: str) -> BudgetQuantity:
        """Peak memory in bytes; the layers are those with the largest outputs."""
        found = plan_memory(self.net.graph, self.batch, self.dtype, self.optimizer)
        size = DTYPES[self.dtype] * self.batch
        layers = [(row.name, row.activation_size * size) for row in self.net.layers]
        optimizer = f", {self.optimizer}" if mode == "training" and self.optimizer != "none" else ""
        peak, at = getattr(found, f"{mode}_peak"), getattr(found, f"{mode}_at")
        conditions = f" (batch {self.batch}, {self.dtype}{optimizer}; at {visible(at)})"
        return BudgetQuantity(peak, "bytes", layers, conditions)

    def receptive_field(self) -> BudgetQuantity:
        """Shorter side of the receptive field of the last layers that see part of the input."""
        fields = find_last_partial_fields(self.net.graph, self.net.fields)
        if not fields:
            raise RequestError("no layer sees only a part of the input")
        node, size = min(fields, key=lambda found: min(found[1]))
        conditions = f" ({format_shape(size)} at {visible(node.name)})"
        return BudgetQuantity(min(size), "", conditions=conditions)
