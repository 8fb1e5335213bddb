"""PReLU: x where it is positive, a * x elsewhere, with a learned coefficient a.

The coefficient a is learned: one for each channel (C parameters), or one for the whole layer.
Counted as if every element were negative: one comparison and one multiplication for each element.

Source: He, Zhang, Ren & Sun (2015), Delving deep into rectifiers, arXiv 1502.01852, equation 1;
``torch.nn.PReLU``, whose default is the shared coefficient."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import flag_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class PRelu(Activation):
    title = "PReLU"
    per_element = {"comparisons": 1, "multiplications": 1}
    recorded_from = ("_prelu_kernel",)

    shared: bool = flag_field("whether all channels share one coefficient", default=False)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": (1,) if self.shared else x[:1]}

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        (n,) = self.parameters(x)["weight"]
        return [
            elements_step(y),
            Step("parameters", "1" if self.shared else "C", {} if self.shared else {"C": n}, n),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        scratch = memory.Backward(peak=2 * prod(y), elements=prod(y))
        return (
            memory.Function(prod(y), saves=(0,), parameters=("weight", "bias"), backward=scratch),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.PReLU(1 if self.shared else x[0])

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.PRelu(x, onnx_nodes.parameter_per_channel(onnx, "weight", x))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        axes = [*range(1, len(x.shape) + self.shared)]
        return keras.layer("PReLU", x, shared_axes=tuple(axes) or None, weights={"alpha": "weight"})

    examples = (
        Example(
            "He et al. (2015), table 1: conv1 has 64 filters and, channel-wise, a coefficient for"
            " each; any map of 64 channels",
            ((64, 112, 112),),
            {},
            (64, 112, 112),
            params=64,
            work={"comparisons": 64 * 112 * 112, "multiplications": 64 * 112 * 112},
        ),
        Example(
            "PyTorch's documentation of torch.nn.PReLU: without arguments a single parameter a, on"
            " torch.randn(2)",
            ((2,),),
            {"shared": True},
            (2,),
            params=1,
        ),
    )
