"""Channel scale: each channel is multiplied by a learned factor, and can get a learned bias.

y_c = weight_c * x_c + bias_c: C parameters, or 2*C with ``bias``. Each element takes one
multiplication, and one addition with ``bias``. One factor for the whole map is ``affine`` with
``per = "layer"``.

Source: Touvron, Cord, Sablayrolles, Synnaeve & Jégou (2021), Going deeper with image transformers,
arXiv 2103.17239, section 2 (LayerScale); Liu et al. (2022), A ConvNet for the 2020s, arXiv
2201.03545, which starts it at 1e-6."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import flag_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class ChannelScale(Elementwise):
    title = "Channel Scale"
    is_composite = True
    counts_as_layer = False
    is_affine = True

    init: float = number_field("the weights' initial value", default=1e-6)
    bias: bool = flag_field("whether each channel has a bias", default=False)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": x[:1]} | ({"bias": x[:1]} if self.bias else {})

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {"multiplications": prod(y)} | ({"additions": prod(y)} if self.bias else {})

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [
            elements_step(y),
            Step("parameters", "2*C" if self.bias else "C", {"C": x[0]}, x[0] * (1 + self.bias)),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        scaled = memory.Function(
            prod(y), saves=(0,), gradient=memory.PRODUCT, parameters=("weight",)
        )
        if not self.bias:
            return (scaled,)
        shifted = memory.Function(
            prod(y), inputs=(memory.PREVIOUS,), gradient=memory.INCOMING, parameters=("bias",)
        )
        return scaled, shifted

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def forward(module: Any, x: Any) -> Any:
            scaled = modules.view_per_channel(module.weight, x) * x
            return scaled + modules.view_per_channel(module.bias, x) if self.bias else scaled

        first = {"weight": self.init, "bias": 0.0}
        parameters = {
            name: torch.full(shape, first[name]) for name, shape in self.parameters(x).items()
        }
        return modules.make_module(torch, "ChannelScale", forward, parameters)

    python_class = '''class ChannelScale(nn.Module):
    """Multiply each channel by a weight, and perhaps add a bias."""

    def __init__(self, channels: int, init: float = 1.0, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), init))
        self.bias = nn.Parameter(torch.zeros(channels)) if bias else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        ones = [1] * (x.dim() - 2)
        x = self.weight.view(-1, *ones) * x
        return x if self.bias is None else x + self.bias.view(-1, *ones)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": x[0], "init": self.init, "bias": self.bias}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        scaled = onnx.Mul(x, onnx_nodes.parameter_per_channel(onnx, "weight", x))
        if not self.bias:
            return scaled
        return onnx.Add(scaled, onnx_nodes.parameter_per_channel(onnx, "bias", x))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        weights = {name: name for name in self.parameters(x.shape)}
        return keras.own_layer(
            "LearnedScale", x, x.shape[:1], bias=self.bias, init=self.init, weights=weights
        )

    examples = (
        Example(
            "torchvision's convnext_tiny, features.1.0.layer_scale: 96 factors",
            ((96, 56, 56),),
            {},
            (96, 56, 56),
            params=96,
        ),
    )
