"""What is worked out of a network's nodes, each answer once and when it is first asked for."""

from functools import cached_property

from cnnspec.analyses.receptive_field.receptive_field import Field, receptive_fields
from cnnspec.analyses.rows import Row, rows
from cnnspec.analyses.totals import Totals, totals
from cnnspec.costs import NodeCost, by_index
from cnnspec.garbage import kept
from cnnspec.graph.model import Graph
from cnnspec.units import Shape


class NetworkCosts:
    """The costs and receptive fields of a network by node, its rows, and their totals."""

    def __init__(self, graph: Graph):
        self.graph = graph

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def input(self) -> Shape:
        """The shape of the (first) input, without the batch: (C, H, W)."""
        return self.graph.inputs[0].output

    @cached_property
    def costs(self) -> dict[int, NodeCost]:
        """The cost of every node, training-only ones too, by the node's index."""
        with kept():
            return by_index(self.graph.nodes)

    @cached_property
    def fields(self) -> dict[int, Field]:
        """The receptive field of every node, by the node's index."""
        with kept():
            return receptive_fields(self.graph.nodes)

    @cached_property
    def layers(self) -> list[Row]:
        """The rows of the table at full depth, as at inference, in execution order."""
        with kept():
            return rows(self.graph.layers(), self.costs, self.fields)

    @cached_property
    def totals(self) -> Totals:
        """The sums of the rows, as at inference."""
        return totals(self.layers)

    def rows(self, depth: int | None = None, training: bool = False) -> list[Row]:
        """The rows of the table; ``depth`` folds blocks, ``training`` adds what is there in
        training only."""
        if depth is None and not training:
            return [*self.layers]
        with kept():
            return rows(self.graph.layers(training), self.costs, self.fields, depth)

    def sums(self, training: bool = False) -> Totals:
        """The totals; with ``training`` those of everything that is there in training."""
        return totals(self.rows(training=True)) if training else self.totals
