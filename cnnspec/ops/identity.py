"""Identity: the output is the input.

Source: ``torch.nn.Identity``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Identity(Elementwise):
    title = "Identity"
    keras_layer = "Identity"
    onnx_type = "Identity"
    autocast = "follows"
    keeps_values = True
    is_affine = True

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.NO_FUNCTIONS

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Identity()

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.Identity: torch.randn(128, 20), 128 vectors of 20,"
            " keeps its size",
            ((20,),),
            {},
            (20,),
            work={},
        ),
    )
