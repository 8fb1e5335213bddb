"""The precision in which a model is compared: float64, or float32 for models that need it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from cnnspec.records import Record


class Precision(Record):
    """A dtype, and how much values and gradients may differ in it.

    ``values`` is relative to the largest value of a tensor, ``gradients`` to its largest gradient.
    """

    dtype: torch.dtype
    values: float
    gradients: float

    @property
    def name(self) -> str:
        return str(self.dtype).removeprefix("torch.")


FLOAT64 = Precision(torch.float64, 1e-9, 1e-6)
# Where the model computed some of its fixed numbers in float32.
FLOAT64_ROUNDED = Precision(torch.float64, 1e-5, 1e-3)
FLOAT32 = Precision(torch.float32, 1e-4, 1e-2)


@contextmanager
def using_default_dtype(tensors: tuple[torch.Tensor, ...]) -> Iterator[None]:
    """Let tensors that a model makes have the dtype of these, where they are float64.

    A model that makes a grid of coordinates, for instance, expects the dtype of its inputs.
    """
    before = torch.get_default_dtype()
    if any(t.dtype == torch.float64 for t in tensors):
        torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
