"""The totals of a network: the sums of its rows, and nothing else."""

from collections.abc import Iterable

from cnnspec.analyses.rows import Row
from cnnspec.costs import summed
from cnnspec.records import Record


class Totals(Record):
    """Sums over all rows for one example. ``flops`` is 2 * ``macs``; elementwise work is kept
    apart, by kind.

    ``activations`` are the elements of the rows' outputs: after a layer's norm and activation,
    which add none."""

    params: int
    buffers: int
    macs: int
    flops: int
    activations: int
    elementwise: dict[str, int]


def totals(rows: Iterable[Row]) -> Totals:
    """The totals of the given rows."""
    params = buffers = macs = activations = 0
    work: list[dict[str, int]] = []
    for row in rows:
        params += row.params
        buffers += row.buffers
        macs += row.macs
        activations += row.activation_size
        work.append(row.elementwise)
    return Totals(params, buffers, macs, 2 * macs, activations, dict(sorted(summed(work).items())))
