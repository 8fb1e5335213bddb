"""Whether a network keeps its budgets: those of its spec, and those of the configuration that fit
its name."""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from cnnspec.analyses.memory.answer import DTYPES, memory
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.analyses.receptive_field.receptive_field import find_last_partial_fields
from cnnspec.gate.config import Config
from cnnspec.graph.model import Graph
from cnnspec.problems import Problem, RequestError, visible
from cnnspec.spec.budgets import Limit
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.source import Source
from cnnspec.units import format_bytes, format_count, format_shape

COSTLY = 3  # layers that a breach names


class Measured:
    """A quantity of a network: its value, the unit, and the layers that have most of it, if any,
    with their part."""

    def __init__(
        self, value: int, unit: str, parts: list[tuple[str, int]] | None = None, note: str = ""
    ):
        self.value, self.unit, self.note = value, unit, note
        self.most = sorted([part for part in parts or [] if part[1]], key=lambda part: -part[1])[
            :COSTLY
        ]


def check_budgets(graph: Graph, spec: NetworkSpec, config: Config) -> Iterator[Problem]:
    """The breaches of one network's budgets."""
    net = NetworkCosts(graph)
    for source, budget in budgets_of(graph, spec, config):
        book = Book(net, budget)
        for limit in budget["limits"]:
            where = source.where(limit.path)
            try:
                found = getattr(book, limit.quantity)()
            except RequestError as error:
                message = (
                    f"{limit.quantity} of {visible(graph.name)} cannot be held against its budget:"
                    f" {error}"
                )
                yield Problem(where, "B002", message, "leave it out of the budget")
                continue
            if found.value > limit.value if limit.most else found.value < limit.value:
                yield breach(source, graph, limit, found)


def budgets_of(
    graph: Graph, spec: NetworkSpec, config: Config
) -> Iterator[tuple[Source, dict[str, Any]]]:
    """The budgets that bind a network, each with the file that states it."""
    for name, budget in spec.budgets.items():
        if name == graph.name or (name == spec.name and name not in spec.variants):
            yield spec.source, budget
    for pattern, budget in config.budgets.items():
        if config.source and fnmatch(graph.name, pattern):
            yield config.source, budget


def breach(source: Source, graph: Graph, limit: Limit, found: Measured) -> Problem:
    """What is said of a limit that is not kept: by how much, and which layers cost most."""
    written = printed(limit.value, found.unit)
    if limit.text not in written:
        written += f" ({visible(limit.text)})"
    off = abs(found.value - limit.value)
    share = 100 * off / limit.value if limit.value else 0.0
    percent = "" if not share else f" ({share:.3g}%)" if share < 1000 else f" ({share:,.0f}%)"
    side = ("over", "at most") if limit.most else ("under", "at least")
    message = (
        f"{limit.quantity} of {visible(graph.name)}{found.note} is"
        f" {printed(found.value, found.unit)}, {printed(off, found.unit)}{percent} {side[0]} its"
        f" budget of {side[1]} {written}"
    )
    named = ", ".join(f"{visible(name)} {printed(n, found.unit)}" for name, n in found.most)
    hint = f"most of it: {named}" if named else ""
    return Problem(source.where(limit.path), "B001", message, hint)


def printed(n: int, unit: str) -> str:
    """A number with its unit."""
    return format_bytes(n) if unit == "bytes" else f"{format_count(n)} {unit}".strip()


class Book:
    """The quantities that budgets limit, of one network; the memory for the budget's batch, dtype
    and optimizer."""

    def __init__(self, net: NetworkCosts, budget: dict[str, Any]):
        self.net = net
        self.dtype = budget.get("dtype", "float32")
        self.batch, self.optimizer = budget.get("batch", 1), budget.get("optimizer", "none")

    def params(self) -> Measured:
        parts = [(r.name, r.params) for r in self.net.layers]
        return Measured(sum(n for _, n in parts), "", parts)

    def macs(self) -> Measured:
        parts = [(r.name, r.macs) for r in self.net.layers]
        return Measured(sum(n for _, n in parts), "MACs", parts)

    def layers(self) -> Measured:
        return Measured(len(self.net.layers), "rows of the table")

    def weights(self) -> Measured:
        size = DTYPES[self.dtype]
        parts = [(r.name, (r.params + r.buffers) * size) for r in self.net.layers]
        return Measured(
            sum(n for _, n in parts), "bytes", parts, f" in {self.dtype}, with buffers,"
        )

    def inference_peak(self) -> Measured:
        return self.peak("inference")

    def training_peak(self) -> Measured:
        return self.peak("training")

    def peak(self, mode: str) -> Measured:
        """A peak of memory; named are the largest outputs."""
        found = memory(self.net.graph, self.batch, self.dtype, self.optimizer)
        size = DTYPES[self.dtype] * self.batch
        parts = [(r.name, r.activation_size * size) for r in self.net.layers]
        optimizer = f", {self.optimizer}" if mode == "training" and self.optimizer != "none" else ""
        value, at = getattr(found, f"{mode}_peak"), getattr(found, f"{mode}_at")
        return Measured(
            value,
            "bytes",
            parts,
            f" (batch {self.batch}, {self.dtype}{optimizer}; at {visible(at)})",
        )

    def receptive_field(self) -> Measured:
        """The field of the last layers that do not see the whole input, along its shorter side."""
        last = find_last_partial_fields(self.net.graph, self.net.fields)
        if not last:
            raise RequestError("it has no layer with a field of its own")
        node, size = min(last, key=lambda found: min(found[1]))
        return Measured(min(size), "", note=f" ({format_shape(size)} at {visible(node.name)})")
