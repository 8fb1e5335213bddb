"""Mean squared error: the mean of (x - t)^2 over all n elements.

The target t comes from outside or as a second input. Counted: n subtractions and n - 1 additions,
together 2*n - 1 additions, n multiplications and one division.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, equation 5.4; ``torch.nn.MSELoss``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.input_checks import require_same_shape
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class MeanSquaredError(Operator):
    title = "Mean Squared Error"
    is_composite = True
    role = "loss"
    arity = (1, 2)

    def output(self, *xs: Shape) -> Shape:
        require_same_shape("mse", xs)
        return (1,)

    def elementwise(self, *xs: Shape, y: Shape) -> dict[str, int]:
        n = prod(xs[0])
        return {"additions": 2 * n - 1, "multiplications": n, "divisions": 1}

    def window(self, *xs: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, *xs: Shape, y: Shape) -> list[Step]:
        return [elements_step(y), elements_step(xs[0], "multiplications")]

    def memory(self, *xs: Shape, y: Shape, training: bool) -> memory.Functions:
        n, previous = prod(xs[0]), (memory.PREVIOUS,)
        mean = (
            memory.view_of((n,), inputs=previous),
            memory.Function(1, inputs=previous, divides=True),
        )
        if len(xs) == 2:
            return memory.Function(n, saves=(0, 1), inputs=(0, 1)), *mean
        zeros = memory.Function(n, inputs=(), held_for=4)
        return zeros, memory.Function(n, saves=(0, 1), inputs=(0, memory.PREVIOUS)), *mean

    def build(self, torch: Any, *xs: Shape, y: Shape) -> Any:
        """Return a module that gives the error of each example; without a target, from zero."""

        def forward(x: Any, target: Any = None) -> Any:
            true = torch.zeros_like(x) if target is None else target
            return (
                torch.nn.functional.mse_loss(x, true, reduction="none")
                .flatten(1)
                .mean(1, keepdim=True)
            )

        return modules.make_stateless_module(torch, "MeanSquaredError", forward)

    def write_onnx(self, onnx: Any, *xs: Any, y: Shape) -> Any:
        if len(xs) == 1:
            squares = onnx.Mul(xs[0], xs[0])
        else:
            difference = onnx.Sub(*xs)
            squares = onnx.Mul(difference, difference)
        return onnx.ReduceMean(onnx.Flatten(squares), [1], keepdims=1)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.MSELoss: two tensors of torch.randn(3, 5) give a"
            " scalar",
            ((5,), (5,)),
            {},
            (1,),
        ),
    )
