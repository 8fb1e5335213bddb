"""Cross entropy: log(sum over j of exp(x_j)) - x_t for the true class t, averaged over positions.

The logits are a vector of n classes, or n channels at each position. The true classes come from
outside, or as a second input: one channel of class numbers, or, in the logits' shape, a probability
p for each class. Then the loss is the sum of p_i * (log(sum over j of exp(x_j)) - x_i). Counted for
each of P positions: n exponentials, n - 1 additions, one logarithm and one subtraction; with
probabilities n subtractions, n multiplications and n - 1 additions instead of the one subtraction;
then P - 1 additions and one division.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.2.2.3;
``torch.nn.CrossEntropyLoss``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape, format_shape


class CrossEntropy(Operator):
    title = "Cross Entropy"
    is_composite = True
    role = "loss"
    arity = (1, 2)

    def output(self, x: Shape, target: Shape | None = None) -> Shape:
        classes = (1, *x[1:])
        if target not in (None, classes, x):
            raise OperatorError(
                "D003",
                f"cross_entropy: $0 is {format_shape(x)} but $1 is {format_shape(target)}",
                f"{format_shape(classes)} for class numbers, or {format_shape(x)} for a"
                " probability for each class",
            )
        return (1,)

    def elementwise(self, x: Shape, target: Shape | None = None, *, y: Shape) -> dict[str, int]:
        n, positions, probable = prod(x), prod(x[1:]), target == x and x[0] > 1
        additions = (n - positions) + (2 * n - positions if probable else positions) + positions - 1
        work = {"exponentials": n, "additions": additions, "logarithms": positions, "divisions": 1}
        return work | ({"multiplications": n} if probable else {})

    def window(self, x: Shape, target: Shape | None = None, *, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, target: Shape | None = None, *, y: Shape) -> list[Step]:
        return [elements_step(y), elements_step(x, "exponentials")]

    def memory(
        self, x: Shape, target: Shape | None = None, *, y: Shape, training: bool
    ) -> memory.Functions:
        n, positions, previous = prod(x), prod(x[1:]), (memory.PREVIOUS,)
        log_softmax = memory.Function(
            n,
            saves=(memory.OUTPUT,),
            inputs=previous,
            layout=memory.Layout(copies=memory.COPIES_GRADIENT, contiguous=True),
        )
        mean = (
            memory.view_of((positions,), inputs=previous),
            memory.Function(1, inputs=previous, divides=True),
        )
        if target == x and x[0] > 1:
            return (
                memory.as_contiguous(x),
                log_softmax.replace(held_for=3),
                memory.Function(
                    n,
                    saves=(0, 1),
                    inputs=(memory.PREVIOUS, 1),
                    gradient=memory.PRODUCT,
                    held_for=2,
                ),
                memory.Function(positions, inputs=previous, gradient=memory.STRIDED_VIEW),
                memory.Function(positions, inputs=previous),
                *mean,
            )
        zeros = () if target else (memory.Function(positions, inputs=(), held_for=6),)
        classes = memory.Function(positions, inputs=(), int64=True, held_for=3)
        losses = memory.Function(
            positions,
            saves=(0, 1),
            inputs=(memory.PREVIOUS, -3),
            saved=memory.Saved(constants=1),
        )
        return *zeros, classes, memory.as_contiguous(x), log_softmax, losses, *mean

    def build(self, torch: Any, x: Shape, target: Shape | None = None, *, y: Shape) -> Any:
        """Return a module that gives the loss of each example.

        Without a target, the true class is the first one everywhere."""
        probable = target == x and x[0] > 1

        def forward(x: Any, target: Any = None) -> Any:
            true = torch.zeros_like(x[:, :1]) if target is None else target
            loss = torch.nn.functional.cross_entropy(
                x, true if probable else true[:, 0].long(), reduction="none"
            )
            return loss.reshape(x.shape[0], -1).mean(1, keepdim=True)

        return modules.make_stateless_module(torch, "CrossEntropy", forward)

    def write_onnx(self, onnx: Any, *xs: Any, y: Shape) -> Any:
        raise OperatorError("L003", "losses of classes are not written in ONNX")

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.CrossEntropyLoss: torch.randn(3, 5) and class"
            " probabilities give a scalar",
            ((5,), (5,)),
            {},
            (1,),
        ),
    )
