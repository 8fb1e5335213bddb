"""Constant factor and offset: every element times a constant, plus another; neither is learned.

y_c = factor_c * x_c + offset_c. ``factor`` and ``offset`` are one number for all channels, or a
list with a number for each; a list is a buffer of C elements. To subtract a mean and divide by a
standard deviation, as (x - mean) / std, is factor = 1 / std and offset = -mean / std. A factor
other than 1 takes one multiplication for each element, an offset other than 0 one addition.

Source: Szegedy, Ioffe, Vanhoucke & Alemi (2016), Inception-v4, Inception-ResNet and the impact of
residual connections on learning, arXiv 1602.07261, section 3.3; ``torch.mul`` and ``torch.add``
with a number; ``torchvision.transforms.Normalize`` for a list."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.list_fields import PerChannel, channel_numbers_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape, format_plural, format_shape

NUMBER = memory.Saved(scalar=True)  # PyTorch makes a tensor of a Python number


class Scale(Elementwise):
    title = "Scaling"
    is_composite = True
    autocast = "follows"
    values_show_settings = True
    counts_as_layer = False
    is_affine = True

    factor: PerChannel = channel_numbers_field("the constant factor", default=1.0, minimum=-1e9)
    offset: PerChannel = channel_numbers_field(
        "the constant that is added", default=0.0, minimum=-1e9
    )

    @property
    def fixed_buffers(self) -> dict[str, tuple[float, ...]]:
        given = {"factor": self.factor, "offset": self.offset}
        return {name: value for name, value in given.items() if isinstance(value, tuple)}

    def output(self, x: Shape) -> Shape:
        for name, values in self.fixed_buffers.items():
            if len(values) != x[0]:
                raise OperatorError(
                    "D003",
                    f"{name} has {format_plural(len(values), 'value')}, but $0 is"
                    f" {format_shape(x)}",
                    f"one number, or a list of {x[0]}: one for each channel",
                    name,
                )
        return x

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return dict.fromkeys(self.fixed_buffers, x[:1])

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        work = {"multiplications": self.factor != 1, "additions": self.offset != 0}
        return {kind: prod(y) for kind, done in work.items() if done}

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        lists = len(self.fixed_buffers)
        if not lists:
            return [elements_step(y)]
        formula = "2*C" if lists == 2 else "C"
        return [elements_step(y), Step("buffers", formula, {"C": x[0]}, lists * x[0])]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        fixed = self.fixed_buffers
        saved = {n: memory.NOTHING_SAVED if n in fixed else NUMBER for n in ("factor", "offset")}
        product = memory.Function(prod(y), saved=saved["factor"])
        total = memory.Function(prod(y), gradient=memory.INCOMING, saved=saved["offset"])
        if self.factor != 1 and self.offset:
            return product, total.replace(inputs=(memory.PREVIOUS,))
        if self.offset:
            return (total,)
        return (product,) if self.factor != 1 else ()

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        fixed = self.fixed_buffers

        def constant(module: Any, name: str, x: Any) -> Any:
            if name in fixed:
                return modules.view_per_channel(getattr(module, name), x)
            return getattr(self, name)

        def forward(module: Any, x: Any) -> Any:
            scaled = x * constant(module, "factor", x) if self.factor != 1 else x
            return scaled + constant(module, "offset", x) if self.offset else scaled

        if not fixed:
            return modules.make_stateless_module(torch, "Scale", lambda x: forward(None, x))
        buffers = {name: torch.tensor(values) for name, values in fixed.items()}
        return modules.make_module(torch, "Scale", forward, buffers=buffers)

    @property
    def python_class(self) -> str:
        return PYTHON_CLASS if self.fixed_buffers else ""

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": self.factor, "offset": self.offset}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        def number(name: str, value: PerChannel) -> Any:
            if isinstance(value, tuple):
                return onnx_nodes.parameter_per_channel(onnx, name, x)
            return float(value)

        factor, offset = number("factor", self.factor), number("offset", self.offset)
        return onnx.Add(onnx.Mul(x, factor), offset)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        def spread(value: PerChannel) -> Any:
            return list(value) if isinstance(value, tuple) else value

        return keras.layer("Rescaling", x, spread(self.factor), offset=spread(self.offset))

    examples = (
        Example(
            "Szegedy et al. (2016), figure 20, and timm's inception_resnet_v2, repeat.0: residuals"
            " of 320 channels of 35x35 are scaled by 0.17 before they are added",
            ((320, 35, 35),),
            {"factor": 0.17},
            (320, 35, 35),
            work={"multiplications": 320 * 35 * 35},
        ),
        Example(
            "torchvision's GoogLeNet, _transform_input, of the channel red: x * (0.229 / 0.5) +"
            " (0.485 - 0.5) / 0.5",
            ((1, 224, 224),),
            {"factor": 0.458, "offset": -0.03},
            (1, 224, 224),
        ),
        Example(
            "torchvision's GoogLeNet, _transform_input, of all channels",
            ((3, 224, 224),),
            {"factor": [0.458, 0.448, 0.45], "offset": [-0.03, -0.088, -0.188]},
            (3, 224, 224),
            buffers=6,
        ),
    )


PYTHON_CLASS = '''class Scale(nn.Module):
    """Multiply by a constant and add another, for all channels or for each."""

    def __init__(
        self,
        factor: float | tuple[float, ...] = 1.0,
        offset: float | tuple[float, ...] = 0.0,
    ) -> None:
        super().__init__()
        self.numbers = {"factor": factor, "offset": offset}
        for name, value in self.numbers.items():
            if isinstance(value, tuple):
                self.register_buffer(name, torch.tensor(value))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        factor, offset = self.constant("factor", x), self.constant("offset", x)
        return x * factor + offset

    def constant(self, name: str, x: torch.Tensor) -> float | torch.Tensor:
        value = self.numbers[name]
        if isinstance(value, tuple):
            return self.get_buffer(name).view(-1, *[1] * (x.dim() - 2))
        return value
'''
