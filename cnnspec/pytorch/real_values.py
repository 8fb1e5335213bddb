"""Values of any dtype as real numbers: their sums, and how far two tensors are apart."""

from math import isfinite

import torch


def as_real(x: torch.Tensor) -> torch.Tensor:
    """Return any values as real numbers in double precision."""
    return (torch.view_as_real(x.resolve_conj()) if x.is_complex() else x).double()


def zero_infinities(x: torch.Tensor) -> torch.Tensor:
    """Return real values with zeros for infinities, with which max pools are padded."""
    x = as_real(x)
    return x.masked_fill(x.isinf(), 0.0)


def sum_finite(x: torch.Tensor) -> tuple[float, float]:
    """Return the sum of all finite values, and the sum of their sizes."""
    x = as_real(x)
    size = x.abs().sum().item()
    if not isfinite(size):  # it takes copies, so only where needed
        x = zero_infinities(x)
        size = x.abs().sum().item()
    return x.sum().item(), size


def relative_difference(a: torch.Tensor, b: torch.Tensor) -> float:
    """Return the largest difference of two tensors, relative to their largest finite value.

    Infinities must be the same. Another shape and values that are not a number count as infinite.
    """
    a, b = as_real(a), as_real(b)
    if a.shape != b.shape:
        return float("inf")
    if not a.numel():
        return 0.0
    largest = max(largest_finite(a), largest_finite(b))
    off = (a - b).abs_().masked_fill_(a == b, 0.0).max().item() / (largest or 1.0)
    return off if off == off else float("inf")


def largest_finite(x: torch.Tensor) -> float:
    """Return the largest magnitude of real values without infinities; NaN if one is."""
    sizes = x.abs()
    return sizes.masked_fill_(sizes.isinf(), 0.0).max().item()
