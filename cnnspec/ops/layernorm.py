"""Layer normalization: (x - mean) / sqrt(var + eps) * weight + bias, over each example.

The mean and variance are taken at each position over its channels (2*C parameters), as in ConvNeXt
and transformers, or once over the whole shape (2*C*H*W). A set of n elements costs 3n - 1
additions, n multiplications, n + 2 divisions and one square root, and n additions and n
multiplications more for weight and bias. A vector is normalised over its n elements.

Source: Ba, Kiros & Hinton (2016), Layer normalization, arXiv 1607.06450, equation 3;
``torch.nn.LayerNorm``; ``torchvision.models.convnext.LayerNorm2d`` for the channels."""

from math import prod
from typing import Any

from cnnspec.ops.kit import elementwise, memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import choice_field, flag_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.windows import SAME, WHOLE, Reach
from cnnspec.units import Shape

CHANNELS_CLASS = '''class ChannelLayerNorm(nn.LayerNorm):
    """Layer normalization of each position's channels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
'''


class LayerNorm(Elementwise):
    title = "Layer Norm"
    abbreviation = "ln"
    role = "norm"
    autocast = "statistics"

    over: str = choice_field(
        "what is normalised: the channels at each position, or the whole shape",
        "channels",
        "all",
        default="channels",
    )
    eps: float = number_field(
        "added to the variance; 1e-6 as in ConvNeXt and ViT, where torch.nn.LayerNorm has 1e-5",
        default=1e-6,
    )
    affine: bool = flag_field("whether there are a weight and a bias", default=True)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return elementwise.weight_and_bias_shapes(
            x[:1] if self.over == "channels" else x, self.affine
        )

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return elementwise.count_standardising_work(
            y, prod(y[1:]) if self.over == "channels" else 1, self.affine
        )

    def window(self, x: Shape, y: Shape) -> Reach:
        return SAME if self.over == "channels" else WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        size = elements_step(y)
        if not self.affine:
            return [size, Step("parameters", "0", {}, 0)]
        if self.over == "channels":
            return [size, Step("parameters", "2*C", {"C": x[0]}, 2 * x[0])]
        return [size, Step("parameters", f"2*{size.formula}", size.values, 2 * size.result)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        parameters = sum(map(prod, self.parameters(x).values()))
        norm = memory.Function(
            prod(y),
            saves=(0,),
            parameters=("weight", "bias"),
            saved=memory.Saved(example_statistics=1),
            backward=memory.Backward(constants=parameters),
            layout=memory.Layout(copies=memory.COPIES_ALL),
        )
        if self.over == "all":
            return (norm,)
        statistics = memory.Saved(example_statistics=prod(x[1:]))
        if 1 in (x[0], prod(x[1:])):  # the channels are the last dimension already
            return (norm.replace(saved=statistics),)
        move = memory.Function(
            prod(y), gradient=memory.VIEW, aliases=True, layout=memory.Layout(channels="last")
        )
        back = move.replace(inputs=(memory.PREVIOUS,), layout=memory.Layout(channels="first"))
        return move, norm.replace(inputs=(memory.PREVIOUS,), saved=statistics), back

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        cls = torch.nn.LayerNorm
        if self.over == "all":
            return cls(x, self.eps, self.affine)
        norm = modules.with_forward(
            cls, lambda module, x: cls.forward(module, x.movedim(1, -1)).movedim(-1, 1)
        )
        return norm(x[0], self.eps, self.affine)

    @property
    def python_class(self) -> str:
        return CHANNELS_CLASS if self.over == "channels" else ""

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": x[0], "eps": self.eps, "elementwise_affine": self.affine}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        n, channels = len(x.shape), self.over == "channels"
        moved = onnx_nodes.move_channels_last(onnx, x, n) if channels else x
        shape = x.shape[:1] if channels else x.shape
        if self.affine:
            given = [onnx.parameter(name) for name in ("weight", "bias")]
        else:
            given = [onnx.Expand(value, [*shape]) for value in (1.0, 0.0)]
        normed = onnx.LayerNormalization(
            moved, *given, axis=-1 if channels else 1, epsilon=self.eps
        )
        return onnx_nodes.move_channels_first(onnx, normed, n) if channels else normed

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        if self.over == "channels" or len(x.shape) == 1:
            return keras.norm(x, "LayerNormalization", self)
        raise keras.refuse("it is not written in Keras over a whole map")

    examples = (
        Example(
            "torchvision's convnext_tiny, features.0.1: LayerNorm2d of 96",
            ((96, 56, 56),),
            {},
            (96, 56, 56),
            params=192,
        ),
        Example(
            "PyTorch documentation, LayerNorm, image example: normalised over [5, 10, 10],"
            " elementwise affine",
            ((5, 10, 10),),
            {"over": "all", "eps": 1e-5},
            (5, 10, 10),
            params=1000,
        ),
    )
