"""Modules as operators build them, with random inputs and tensors, in double precision."""

from typing import Any

import torch
from torch import Tensor

from cnnspec.ops.registry import load_operator
from tests.ops.draws import Shape

Fields = dict[str, Any]


def built(name: str, fields: Fields, *inputs: Shape) -> Any:
    """Return the module in evaluation and double precision, with random tensors from 0.5 to 1.5."""
    op = load_operator(name)(**fields)
    module = op.build(torch, *inputs, y=op.output(*inputs)).double().eval()
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.uniform_(0.5, 1.5)
    return module


def random(*x: int) -> Tensor:
    return torch.randn(2, *x, dtype=torch.float64)
