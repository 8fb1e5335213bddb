"""Read changes of the order of dimensions: views, channel shuffles, and all others."""

from math import prod

import torch

from cnnspec.pytorch.recording.readers import VIEW, Fields, Reading
from cnnspec.units import Shape


def read_permute(given: Fields, output: torch.Tensor) -> Reading:
    x = given["self"]
    order = list(range(x.dim()))
    if "dims" in given:
        order = [d % x.dim() for d in given["dims"]]
    else:
        a, b = given["dim0"] % x.dim(), given["dim1"] % x.dim()
        order[a], order[b] = order[b], order[a]
    return permutation_reading(order, tuple(x.shape))


def permutation_reading(order: list[int], shape: Shape) -> Reading:
    """Return what it is to bring the dimensions of a shape, with the batch, into an order."""
    order, shape = join_neighbours(order, shape)
    longer = [d for d in order if shape[d] > 1]  # dimensions of 1 can move freely
    if longer == sorted(longer) or order in channel_moves(len(shape)):
        return VIEW, {}
    kept = [d for d, n in enumerate(shape) if not d or n > 1]
    if len(kept) < len(shape):
        left = [kept.index(d) for d in order if d in kept]
        return permutation_reading(left, tuple([shape[d] for d in kept]))
    if len(order) > 3 and order == [0, 2, 1, *range(3, len(shape))]:
        return "channel_shuffle", {"groups": shape[1]}
    return "permute", {"dims": tuple(order), "of": shape[1:]}


def join_neighbours(order: list[int], shape: Shape) -> tuple[list[int], Shape]:
    """Join dimensions that stay side by side, except the batch: as one they move in the same way.

    Returns the order and the shape with one dimension for each run of them.
    """
    runs: list[list[int]] = []
    for d in order:
        if runs and d == runs[-1][-1] + 1 and d > 1:
            runs[-1].append(d)
        else:
            runs.append([d])
    starts = sorted(run[0] for run in runs)
    sizes = {run[0]: prod(shape[d] for d in run) for run in runs}
    return [starts.index(run[0]) for run in runs], tuple([sizes[d] for d in starts])


def channel_moves(n: int) -> list[list[int]]:
    """Return the orders that only move the channels to the last dimension, or back.

    Later operations work on the channels in either place.
    """
    return [[0, *range(2, n), 1], [0, n - 1, *range(1, n - 1)]]
