"""The base class of joins that combine inputs element by element: sums, products, maxima, ..."""

from collections.abc import Callable
from functools import reduce
from math import prod
from typing import Any, ClassVar

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.input_checks import require_gates_or_same_shape
from cnnspec.ops.kit.operator import Operator
from cnnspec.units import Shape


class ElementwiseJoin(Operator):
    """The first input combined with the second, the result with the third, and so on.

    All inputs have one shape, or are gates: in some dimensions they have size 1, and one value
    serves for all positions there. N inputs take N - 1 operations for each element."""

    role = "join"
    arity = (2, 64)
    autocast = "follows"
    values_show_settings = True
    work: ClassVar[str] = "additions"  # what combining two elements counts as
    gradient: ClassVar[str] = memory.INCOMING
    saves: ClassVar[tuple[int, ...]] = ()

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def output(self, *xs: Shape) -> Shape:
        return require_gates_or_same_shape(self.name, xs)

    def elementwise(self, *xs: Shape, y: Shape) -> dict[str, int]:
        return {self.work: (len(xs) - 1) * prod(y)}

    def derivation(self, *xs: Shape, y: Shape) -> list[Step]:
        size = elements_step(y)
        values = {"N": len(xs), **size.values}
        return [
            size,
            Step(
                self.work, f"(N - 1)*{size.formula}", values, self.elementwise(*xs, y=y)[self.work]
            ),
        ]

    def memory(self, *xs: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.join_pairwise(y, len(xs), self.saves, self.gradient)

    def combine(self, torch: Any) -> Callable[[Any, Any], Any]:
        """Return the function of two tensors that combines them."""
        raise NotImplementedError

    def build(self, torch: Any, *xs: Shape, y: Shape) -> Any:
        combine = self.combine(torch)
        return modules.make_stateless_module(
            torch, type(self).__name__, lambda *xs: reduce(combine, xs)
        )

    def write_onnx(self, onnx: Any, *xs: Any, y: Shape) -> Any:
        return reduce(getattr(onnx, self.onnx_type), xs)

    def write_keras(self, keras: Any, *xs: Any, y: Shape) -> Any:
        if self.keras_layer:
            return keras.layer(self.keras_layer, [*xs])
        return reduce(lambda a, b: keras.op(self.keras_op, a, b), xs)


class SelectingJoin(ElementwiseJoin):
    """A join whose elements are those of one input: the largest or the smallest.

    The operator has the name of PyTorch's function of two tensors."""

    is_commutative = True
    work = "comparisons"
    gradient = memory.SELECTED
    saves = (0, 1)

    def combine(self, torch: Any) -> Callable[[Any, Any], Any]:
        select: Callable[[Any, Any], Any] = getattr(torch, self.name)
        return select
