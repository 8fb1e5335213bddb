"""The totals of a network: the sums of its rows, and nothing else."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from cnnspec.costs import NodeCost


class Totals(NamedTuple):
    """Sums over all nodes for one example. ``flops`` is 2 * ``macs``; elementwise work is kept apart, by kind."""

    params: int
    buffers: int
    macs: int
    flops: int
    activations: int
    elementwise: dict[str, int]


def totals(costs: Iterable[NodeCost]) -> Totals:
    """The totals of the given costs."""
    params = buffers = macs = activations = 0
    work: Counter[str] = Counter()
    for cost in costs:
        params += cost.params
        buffers += cost.buffers
        macs += cost.macs
        activations += cost.activation_size
        work.update(cost.elementwise)
    return Totals(params, buffers, macs, 2 * macs, activations, dict(sorted(work.items())))
