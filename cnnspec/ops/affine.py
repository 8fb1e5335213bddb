"""Learned scale and bias: y = weight * x + bias, with values for the layer, channels, or positions.

``per`` says what has a value of its own: the whole "layer" (1 parameter), each "channel" (C), each
"position" (H*W), or each "element" (C*H*W). ``weight`` and ``bias`` switch either off; with both
there are twice as many parameters. The weight takes one multiplication for each element, the bias
one addition.

Source: Bachlechner et al. (2021), ReZero is all you need, arXiv 2003.04887, equation 2, for a
layer; Touvron et al. (2021), ResMLP, arXiv 2105.03404, equation 1, for channels; Dosovitskiy et al.
(2021), An image is worth 16x16 words, arXiv 2010.11929, equation 1, for elements."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import OperatorError, choice_field, flag_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Affine(Elementwise):
    title = "Learned Scale and Bias"
    short_title = "Affine"
    is_composite = True
    counts_as_layer = False
    is_affine = True

    per: str = choice_field(
        "what has a value of its own: the layer, each channel, each position or each element",
        "layer",
        "channel",
        "position",
        "element",
        default="channel",
    )
    weight: bool = flag_field("whether there is a weight", default=True)
    bias: bool = flag_field("whether there is a bias", default=True)
    init: float = number_field("the weight's initial value", default=1.0, minimum=-1e9)

    def output(self, x: Shape) -> Shape:
        if not (self.weight or self.bias):
            raise OperatorError(
                "L003",
                "affine without weight and bias changes nothing",
                "weight = true or bias = true",
                "weight",
            )
        return x

    def values_shape(self, x: Shape) -> Shape:
        """Return the shape of the weight and of the bias."""
        ones = tuple([1] * (len(x) - 1))
        shapes = {"layer": (1,), "channel": x[:1], "position": (1, *x[1:]), "element": x}
        return shapes[self.per] if len(x) > 1 or self.per != "position" else (1, *ones)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        names = [name for name in ("weight", "bias") if getattr(self, name)]
        return dict.fromkeys(names, self.values_shape(x))

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        work = {"multiplications": self.weight, "additions": self.bias}
        return {kind: prod(y) for kind, done in work.items() if done}

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        size = elements_step(x)
        names = list(size.values)
        one = {
            "layer": ["1"],
            "channel": names[:1],
            "position": names[1:] or ["1"],
            "element": names,
        }[self.per]
        formula = "*".join((["2"] if self.weight and self.bias else []) + one)
        values = {name: size.values[name] for name in one if name != "1"}
        total = sum(map(prod, self.parameters(x).values()))
        return [elements_step(y), Step("parameters", formula, values, total)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        functions: memory.Functions = ()
        if self.weight:
            functions = (
                memory.Function(
                    prod(y), saves=(0,), gradient=memory.PRODUCT, parameters=("weight",)
                ),
            )
        if not self.bias:
            return functions
        before = (memory.PREVIOUS if functions else 0,)
        shift = memory.Function(
            prod(y), inputs=before, gradient=memory.INCOMING, parameters=("bias",)
        )
        return *functions, shift

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def spread(values: Any, x: Any) -> Any:
            return modules.view_per_channel(values, x) if self.per == "channel" else values

        def forward(module: Any, x: Any) -> Any:
            scaled = x * spread(module.weight, x) if self.weight else x
            return scaled + spread(module.bias, x) if self.bias else scaled

        first = {"weight": self.init, "bias": 0.0}
        tensors = {n: torch.full(shape, first[n]) for n, shape in self.parameters(x).items()}
        return modules.make_module(torch, "Affine", forward, tensors)

    python_class = '''class Affine(nn.Module):
    """Multiply by a learned weight, and add a learned bias."""

    def __init__(
        self,
        shape: tuple[int, ...],
        init: float = 1.0,
        weight: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full(shape, init)) if weight else None
        self.bias = nn.Parameter(torch.zeros(shape)) if bias else None
        self.per_channel = len(shape) == 1 and shape != (1,)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shape = [-1, *[1] * (x.dim() - 2)] if self.per_channel else [-1]
        if self.weight is not None:
            x = x * (self.weight.view(shape) if self.per_channel else self.weight)
        if self.bias is not None:
            x = x + (self.bias.view(shape) if self.per_channel else self.bias)
        return x
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {
            "": self.values_shape(x),
            "init": self.init,
            "weight": self.weight,
            "bias": self.bias,
        }

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        def spread(name: str) -> Any:
            each = self.per == "channel"
            return onnx_nodes.parameter_per_channel(onnx, name, x) if each else onnx.parameter(name)

        scaled = onnx.Mul(x, spread("weight")) if self.weight else x
        return onnx.Add(scaled, spread("bias")) if self.bias else scaled

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        shapes = self.parameters(x.shape)
        (shape,) = {*shapes.values()}
        n = len(shape)
        order = (*range(1, n), 0)
        if self.per == "position" and n < len(x.shape):
            raise keras.refuse("a value for each position is not written in Keras")
        weights = {name: (name, order) for name in shapes}
        turned = tuple(shape[d] for d in order)
        return keras.own_layer(
            "LearnedScale",
            x,
            turned,
            weight=self.weight,
            bias=self.bias,
            init=self.init,
            weights=weights,
        )

    examples = (
        Example(
            "Bachlechner et al. (2021), equation 2: one parameter for a residual branch; any map",
            ((256, 56, 56),),
            {"per": "layer", "bias": False},
            (256, 56, 56),
            params=1,
        ),
        Example(
            "timm's resmlp_12_224, blocks.0.norm1: alpha and beta of 384 channels, 196 patches",
            ((384, 196),),
            {},
            (384, 196),
            params=768,
        ),
        Example(
            "timm's vit_base_patch16_224, pos_embed: (1, 197, 768), channels last",
            ((768, 197),),
            {"per": "element", "weight": False},
            (768, 197),
            params=151_296,
        ),
    )
