"""The totals of many settings of one spec, with what they have in common summed once.

Costs are kept by operator and shapes, and totals by the call of a block, from candidate to
candidate. A measure that needs more than totals needs the whole graph."""

from math import prod
from typing import Any

from cnnspec.analyses.network_costs import NetworkCosts, Totals
from cnnspec.costs import NodeCost, compute_node_cost, sum_elementwise
from cnnspec.graph.model import Graph, Node
from cnnspec.graph.summed_calls import CallTotals, SummedCalls
from cnnspec.spec.model import NetworkSpec

MAX_COSTS = 100_000  # operators and shapes: about 60 MB


class TotalsCache(SummedCalls):
    """The costs of operators and the totals of calls that candidates of a spec have had so far."""

    def __init__(self, spec: NetworkSpec):
        super().__init__(spec, self.sum_totals)
        self.costs: dict[Any, NodeCost] = {}

    def sum_totals(self, nodes: list[Node]) -> Totals:
        """Return the totals of nodes at inference, as NetworkCosts.totals does for a network."""
        params = buffers = macs = activations = 0
        work: list[dict[str, int]] = []
        row, size = "", 0  # the row so far, and the size of its last node's output
        for node in nodes:
            if node.training_only:
                continue
            if type(node.op) is CallTotals:
                cost = node.op.totals
                activations += size + cost.activations
                row, size = "", 0
            else:
                cost = self.cost_of(node)
                if node.row != row:
                    activations += size
                row, size = node.row, prod(node.output)
            params += cost.params
            buffers += cost.buffers
            macs += cost.macs
            work.append(cost.elementwise)
        elementwise = dict(sorted(sum_elementwise(work).items()))
        return Totals(params, buffers, macs, 2 * macs, activations + size, elementwise)

    def cost_of(self, node: Node) -> NodeCost:
        """Return the cost of a node, which may have the name of another node."""
        if node.shares:
            return compute_node_cost(node)
        key = (node.op, node.shapes)
        if key not in self.costs:
            if len(self.costs) >= MAX_COSTS:
                self.costs.clear()
            self.costs[key] = compute_node_cost(node)
        return self.costs[key]


class SummedCosts(NetworkCosts):
    """The totals of a graph in which calls may be one node. Nothing else can be asked for."""

    def __init__(self, graph: Graph, cache: TotalsCache):
        super().__init__(graph)
        self.totals = cache.sum_totals([*graph.layers()])
