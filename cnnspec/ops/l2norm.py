"""L2 normalization: the channels at each position are divided by their norm and scaled by weights.

y_c = weight_c * x_c / sqrt(sum of x_j^2), with C weights. Each position takes C squares, C - 1
additions, one square root and C divisions, and C multiplications for the weights.

Source: Liu, Rabinovich & Berg (2015), ParseNet, arXiv 1506.04579, section 3.3; Liu et al. (2016),
SSD, arXiv 1512.02325, section 3.1, which starts the weights at 20."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class L2Norm(Elementwise):
    title = "L2 Norm"
    abbreviation = "l2"
    is_composite = True
    role = "norm"

    scale: float = number_field("the weights' initial value", default=20.0)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": x[:1]}

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        size, positions = prod(y), prod(y[1:])
        return {
            "multiplications": 2 * size,
            "additions": size - positions,
            "square_roots": positions,
            "divisions": size,
        }

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(y), Step("parameters", "C", {"C": x[0]}, x[0])]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n, positions, previous = prod(y), prod(y[1:]), (memory.PREVIOUS,)
        return (
            memory.Function(
                positions,
                saves=(0, memory.OUTPUT),
                backward=memory.Backward(bytes=positions, peak=2 * n),
            ),
            memory.Function(
                positions,
                saves=(0,),
                inputs=previous,
                backward=memory.Backward(bytes=positions, constants=1),
            ),
            memory.Function(
                n,
                inputs=previous,
                aliases=True,
                layout=memory.Layout(strided=memory.WITHIN_EXAMPLES),
            ),
            memory.Function(
                n,
                saves=(0, 1),
                inputs=(0, memory.PREVIOUS),
                backward=memory.Backward(peak=4 * n),
            ),
            memory.Function(
                n,
                saves=(0,),
                inputs=previous,
                gradient=memory.PRODUCT,
                parameters=("weight",),
            ),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def forward(module: Any, x: Any) -> Any:
            return modules.view_per_channel(module.weight, x) * torch.nn.functional.normalize(
                x, dim=1
            )

        return modules.make_module(
            torch, "L2Norm", forward, {"weight": torch.full(x[:1], self.scale)}
        )

    python_class = '''class L2Norm(nn.Module):
    """Scale each position's channels to length 1, then each channel by a weight."""

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), scale))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight.view(-1, *[1] * (x.dim() - 2))
        return weight * F.normalize(x, dim=1)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": x[0], "scale": self.scale}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        length = onnx.Max(onnx.ReduceL2(x, [1], keepdims=1), 1e-12)
        weight = onnx_nodes.parameter_per_channel(onnx, "weight", x)
        return onnx.Mul(onnx.Div(x, length), weight)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        normed = keras.op("normalize", x, axis=-1, epsilon=1e-12)
        return keras.own_layer(
            "LearnedScale", normed, x.shape[:1], init=self.scale, weights={"weight": "weight"}
        )

    examples = (
        Example(
            "torchvision's ssd300_vgg16, backbone.scale_weight: 512 weights of 20 for conv4_3,"
            " 38x38",
            ((512, 38, 38),),
            {},
            (512, 38, 38),
            params=512,
        ),
    )
