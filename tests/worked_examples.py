"""The worked examples of operators, on inputs that are small enough to run."""

from typing import Any

import torch
from torch import Tensor

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.records import Record
from cnnspec.units import Shape

# Maps are cut to the first of these sides that the operator accepts, or replaced by SMALLER.
SIDES = (12, 24, 48, 10_000)
SMALLER: dict[str, tuple[Shape, ...]] = {
    "attention-0": ((48, 20, 17),),
    "attention-1": ((48, 9, 7),),
    "conv_transpose-0": ((64, 9, 9),),
    "matmul-0": ((12, 16), (16, 12)),
    "scaled_dot_product_attention-1": ((12, 14, 21),) * 3,
    "crop-0": ((512, 16, 16), (512, 14, 14)),
    "crop-1": ((21, 44, 64), (3, 25, 32)),
    "roi_align-0": ((3, 40, 40), (3, 20, 20), (3, 10, 10), (3, 5, 5)),
}
EXAMPLES = [(name, i) for name in OPERATORS for i in range(len(load_operator(name).examples))]


class Case(Record):
    """An operator with the shapes of its inputs and its output."""

    op: Operator
    inputs: tuple[Shape, ...]
    y: Shape

    def build(self) -> Any:
        return self.op.build(torch, *self.inputs, y=self.y)

    def tensors(self, batch: int, dtype: torch.dtype = torch.float32) -> list[Tensor]:
        """Return random inputs; for an unpooling, with the indices of the pool."""
        if not self.op.undoes:
            return [torch.randn(batch, *x, dtype=dtype) for x in self.inputs]
        op: Any = self.op
        pool = op.pool.build(torch, op.size, y=self.inputs[1], return_indices=True)
        _, indices = pool(torch.randn(batch, *op.size, dtype=dtype))
        return [torch.randn(batch, *self.inputs[0], dtype=dtype), indices]


def case(name: str, number: int, whole: bool = False) -> Case:
    """Return a worked example; if it is large, with the same fields on smaller inputs."""
    example = load_operator(name).examples[number]
    op, inputs = load_operator(name).of(example), example.inputs
    if not whole:
        inputs = SMALLER.get(f"{name}-{number}") or cut_maps(op, inputs)
    return Case(op, inputs, op.output(*inputs))


def cut_maps(op: Operator, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return the shapes with the shortest sides that the operator accepts."""
    for side in SIDES:
        cut = tuple((x[0], *(min(w, side) for w in x[1:])) for x in inputs)
        try:
            op.output(*cut)
        except OperatorError:
            continue
        return cut
    raise AssertionError(f"{type(op).__name__} does not take the inputs of its example")
