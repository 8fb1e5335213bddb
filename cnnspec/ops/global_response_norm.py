"""Global response norm: x + weight * x * g / (mean of g + eps) + bias, g each channel's L2 norm.

g = sqrt(sum of x^2) over the positions of a channel, and the mean is over the channels: a channel
that responds more than others grows. There are C weights and C biases, which start at 0. Of n
elements, the squares, the product with g and the weights take n multiplications each; the sums of
squares, the mean, eps, the bias and the addition of x take 3n additions; there are C square roots,
and C + 1 divisions.

Source: Woo et al. (2023), ConvNeXt V2, arXiv 2301.00808, section 3 and algorithm 1;
``timm.layers.GlobalResponseNorm``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import number_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class GlobalResponseNorm(Elementwise):
    title = "Global Response Norm"
    abbreviation = "grn"
    role = "norm"
    is_composite = True
    counts_as_layer = False

    eps: float = number_field("added to the mean of the channels' norms", default=1e-6)

    def output(self, x: Shape) -> Shape:
        require_feature_map("global_response_norm", x)
        return x

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": x[:1], "bias": x[:1]}

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        n, channels = prod(y), y[0]
        return {
            "multiplications": 3 * n,
            "additions": 3 * n,
            "divisions": channels + 1,
            "square_roots": channels,
        }

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(y), Step("parameters", "2*C", {"C": x[0]}, 2 * x[0])]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n, channels = prod(y), x[0]
        norms = memory.Function(
            channels,
            saves=(0, memory.OUTPUT),
            held_for=6,
            backward=memory.Backward(bytes=channels, peak=2 * n),
        )
        mean = memory.Function(1, inputs=(memory.PREVIOUS,), divides=True)
        shifted = memory.Function(1, inputs=(memory.PREVIOUS,), gradient=memory.INCOMING)
        ratio = memory.Function(channels, (0, 1), (-3, memory.PREVIOUS), memory.QUOTIENT)
        product = memory.Function(n, (0, 1), (0, memory.PREVIOUS), memory.PRODUCT)
        scaled = memory.Function(
            n,
            saves=(0,),
            inputs=(memory.PREVIOUS,),
            gradient=memory.MATMUL,  # which saves the product only if the weight needs a gradient
            parameters=("weight", "bias"),
            backward=memory.Backward(elements=n, peak=2 * n),
        )
        added = memory.Function(n, inputs=(0, memory.PREVIOUS), gradient=memory.INCOMING)
        return norms, mean, shifted, ratio.replace(held_for=4), product, scaled, added

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        dims = tuple(range(2, len(x) + 1))

        def forward(module: Any, x: Any) -> Any:
            norms = x.norm(p=2, dim=dims, keepdim=True)
            ratio = norms / (norms.mean(dim=1, keepdim=True) + self.eps)
            weight, bias = (modules.view_per_channel(v, x) for v in (module.weight, module.bias))
            return x + torch.addcmul(bias, weight, x * ratio)

        zeros = {name: torch.zeros(shape) for name, shape in self.parameters(x).items()}
        return modules.make_module(torch, "GlobalResponseNorm", forward, zeros)

    python_class = '''class GlobalResponseNorm(nn.Module):
    """Scale each channel by its norm over the positions, relative to the mean of all channels."""

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ones = [1] * (x.dim() - 2)
        norms = x.norm(p=2, dim=tuple(range(2, x.dim())), keepdim=True)
        ratio = norms / (norms.mean(dim=1, keepdim=True) + self.eps)
        scaled = torch.addcmul(
            self.bias.view(-1, *ones), self.weight.view(-1, *ones), x * ratio
        )
        return x + scaled
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": x[0], "eps": self.eps}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        norms = onnx.ReduceL2(x, [*range(2, len(y) + 1)], keepdims=1)
        mean = onnx.Add(onnx.ReduceMean(norms, [1], keepdims=1), self.eps)
        weight, bias = (
            onnx_nodes.parameter_per_channel(onnx, name, x) for name in ("weight", "bias")
        )
        scaled = onnx.Mul(weight, onnx.Mul(x, onnx.Div(norms, mean)))
        return onnx.Add(x, onnx.Add(scaled, bias))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        weights = {name: name for name in ("weight", "bias")}
        return keras.own_layer("GlobalResponseNorm", x, epsilon=self.eps, weights=weights)

    examples = (
        Example(
            "timm's convnextv2_atto, stages.0.blocks.0.mlp.grn: 160 channels at 56x56",
            ((160, 56, 56),),
            {},
            (160, 56, 56),
            params=320,
            work={
                "multiplications": 3 * 160 * 3136,
                "additions": 3 * 160 * 3136,
                "divisions": 161,
                "square_roots": 160,
            },
        ),
    )
