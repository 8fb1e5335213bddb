"""Learned tokens: n vectors of C learned values, concatenated with the positions of a sequence.

C x L becomes C x (n + L), or C x (L + n) with ``after``: n*C parameters, and nothing is computed.
The first position of the output, as a class token, is ``crop`` with offset 0 and size 1.

Source: Dosovitskiy et al. (2021), An image is worth 16x16 words, arXiv 2010.11929, equation 1;
Darcet et al. (2024), Vision transformers need registers, arXiv 2309.16588, for several."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError, flag_field, size_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Reach, Window, single_offset
from cnnspec.units import Shape, format_shape


class Tokens(Operator):
    title = "Learned Tokens"
    symbols = {"N": "number of tokens"}
    is_composite = True
    counts_as_layer = False

    count: int = size_field("n, the number of tokens", default=1)
    after: bool = flag_field("whether they come after the positions", default=False)

    def output(self, x: Shape) -> Shape:
        if len(x) != 2:
            raise OperatorError(
                "D001",
                "tokens takes channels and one dimension of positions, but $0 is"
                f" {format_shape(x)}",
                "a reshape to [0, -1] before it makes one dimension of all positions",
            )
        return (x[0], x[1] + self.count)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": (x[0], self.count)}

    def window(self, x: Shape, y: Shape) -> Reach:
        return (Window(1, 1, (single_offset(0 if self.after else -self.count),)),)

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        n = self.count
        return [
            Step("output length", "L_in + N", {"L_in": x[1], "N": n}, y[1]),
            elements_step(y),
            Step("parameters", "N*C", {"N": n, "C": x[0]}, n * x[0]),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), gradient=memory.STRIDED_VIEW, parameters=("weight",)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        """Return a module whose values are drawn from a normal distribution with deviation 0.02."""

        def forward(module: Any, x: Any) -> Any:
            tokens = module.weight.expand(len(x), -1, -1)
            return torch.cat((x, tokens) if self.after else (tokens, x), 2)

        tensors = {n: torch.randn(shape) * 0.02 for n, shape in self.parameters(x).items()}
        return modules.make_module(torch, "Tokens", forward, tensors)

    python_class = '''class Tokens(nn.Module):
    """Add learned positions before or after those of a sequence."""

    def __init__(self, shape: tuple[int, ...], after: bool = False) -> None:
        super().__init__()
        self.after = after
        self.weight = nn.Parameter(torch.randn(shape) * 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.weight.expand(x.shape[0], -1, -1)
        return torch.cat((x, tokens) if self.after else (tokens, x), 2)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": self.parameters(x)["weight"], "after": self.after}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        batch = onnx.Shape(x, start=0, end=1)
        shape = onnx.Concat(batch, [x.shape[0], self.count], axis=0)
        tokens = onnx.Expand(onnx.parameter("weight"), shape)
        return onnx.Concat(*((x, tokens) if self.after else (tokens, x)), axis=2)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        weights = {"weight": ("weight", (1, 0))}
        return keras.own_layer("Tokens", x, self.count, after=self.after, weights=weights)

    examples = (
        Example(
            "timm's vit_base_patch16_224, cls_token: (1, 1, 768), before 196 patches",
            ((768, 196),),
            {},
            (768, 197),
            params=768,
        ),
        Example(
            "timm's vit_small_patch16_dinov3, reg_token: (1, 4, 384), of 196 patches",
            ((384, 196),),
            {"count": 4},
            (384, 200),
            params=1536,
        ),
    )
