"""Position embedding: a learned value for each element of the input, added to it.

Without it, attention cannot distinguish positions. There are C*H*W parameters, and one addition for
each element.

Source: Dosovitskiy et al. (2021), An image is worth 16x16 words, arXiv 2010.11929, equation 1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class PositionEmbedding(Elementwise):
    title = "Position Embedding"
    is_composite = True
    per_element = {"additions": 1}
    counts_as_layer = False

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": x}

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(y), elements_step(x, "parameters")]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), gradient=memory.INCOMING, parameters=("weight",)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        """Return a module whose values are drawn from a normal distribution with deviation 0.02."""
        return modules.make_module(
            torch,
            "PositionEmbedding",
            lambda module, x: x + module.weight,
            {"weight": torch.randn(x) * 0.02},
        )

    python_class = '''class PositionEmbedding(nn.Module):
    """Add a learned value to each element."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape) * 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.weight
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": x}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Add(x, onnx.parameter("weight"))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        n = len(x.shape)
        order = (*range(1, n), 0)
        shape = tuple(x.shape[d] for d in order)
        weights = {"bias": ("weight", order)}
        return keras.own_layer("LearnedScale", x, shape, weight=False, bias=True, weights=weights)

    examples = (
        Example(
            "timm's samvit_base_patch16, pos_embed: (1, 64, 64, 768), channels last",
            ((768, 64, 64),),
            {},
            (768, 64, 64),
            params=3_145_728,
            work={"additions": 768 * 64 * 64},
        ),
    )
