"""Channel padding: channels of zeros before and after, so that a shortcut needs no parameters.

The output has before + C + after channels.

Source: He, Zhang, Ren & Sun (2016), Deep residual learning for image recognition, section 3.3,
option A."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import count_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class PadChannels(Operator):
    title = "Channel Padding"
    symbols = {"before": "zero channels before", "after": "zero channels after"}
    is_composite = True
    autocast = "follows"

    before: int = count_field("channels of zeros before", default=0)
    after: int = count_field("channels of zeros after", default=0)

    def output(self, x: Shape) -> Shape:
        return (self.before + x[0] + self.after, *x[1:])

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        values = {"before": self.before, "C": x[0], "after": self.after}
        return [Step("output channels", "before + C + after", values, y[0]), elements_step(y)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        layout = memory.Layout(gradient_as_incoming=True)
        return (memory.Function(prod(y), layout=layout),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        sides = [0, 0] * (len(x) - 1) + [self.before, self.after]
        return modules.make_stateless_module(
            torch, "PadChannels", lambda x: torch.nn.functional.pad(x, sides)
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        sides = [(self.before, self.after), *[(0, 0)] * (len(y) - 1)]
        return onnx_nodes.pad(onnx, x, sides, "constant")

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        sides = (*[(0, 0)] * len(y), (self.before, self.after))
        return keras.op("pad", x, sides)

    examples = (
        Example(
            "He et al. (2016), section 4.2: for CIFAR-10, all shortcuts are option A; the first of"
            " them takes 16 filters to 32 at 16x16",
            ((16, 16, 16),),
            {"after": 16},
            (32, 16, 16),
            work={},
        ),
    )
