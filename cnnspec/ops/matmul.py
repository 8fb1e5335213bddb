"""Matrix product: of two computed values; a sum over the columns of one and the rows of the other.

A of ... x n x k times B of ... x k x m gives ... x n x m; the dimensions before the last two are
those of a batch, and equal in both. Every output is a sum of k products: ...*n*k*m
multiply-accumulates. Without parameters.

Source: ``torch.matmul``; Wang, Girshick, Gupta & He (2018), Non-local neural networks, arXiv
1711.07971, figure 2."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import BackwardMacs, Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape, format_shape


class Matmul(Operator):
    title = "Matrix Product"
    onnx_type = "MatMul"
    symbols = {
        "a_i": "size i of the first input",
        "m": "columns of the second input",
    }
    role = "join"
    arity = (2, 2)
    values_show_settings = True

    def output(self, a: Shape, b: Shape) -> Shape:
        if len(a) != len(b) or len(a) < 2 or a[:-2] != b[:-2] or a[-1] != b[-2]:
            wanted = format_shape((*a[:-2], a[-1])) if len(a) > 1 else "a matrix"
            raise OperatorError(
                "D003",
                f"matmul: $0 is {format_shape(a)} but $1 is {format_shape(b)}",
                f"the second input is {wanted}x(any size): its rows are the columns of $0"
                if len(a) > 1
                else "both must be matrices, as a reshape gives",
            )
        return (*a[:-1], b[-1])

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def macs(self, a: Shape, b: Shape, y: Shape) -> int:
        return prod(a) * b[-1]

    def backward_macs(
        self, a: Shape, b: Shape, *, needed: tuple[bool, ...], trained: bool, y: Shape
    ) -> BackwardMacs:
        return BackwardMacs(self.macs(a, b, y) * sum(needed))

    def window(self, a: Shape, b: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, a: Shape, b: Shape, y: Shape) -> list[Step]:
        sizes = {f"a_{i}": size for i, size in enumerate(a, 1)}
        formula = "*".join((*sizes, "m"))
        return [
            elements_step(y),
            Step("multiply-accumulates", formula, {**sizes, "m": b[-1]}, self.macs(a, b, y)),
        ]

    def memory(self, a: Shape, b: Shape, y: Shape, training: bool) -> memory.Functions:
        copies = [
            memory.as_contiguous(x).replace(inputs=(i,), held_for=2 - i)
            for i, x in enumerate((a, b))
        ]
        product = memory.Function(
            prod(y),
            saves=(0, 1),
            inputs=(-2, -1),
            gradient=memory.MATMUL,
            layout=memory.Layout(contiguous=True),
        )
        return *copies, product

    def build(self, torch: Any, a: Shape, b: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(
            torch, "Matmul", lambda a, b: a.contiguous() @ b.contiguous()
        )

    def write_keras(self, keras: Any, a: Any, b: Any, y: Shape) -> Any:
        first = [keras.move_channels_first(x) for x in (a, b)]
        return keras.move_channels_last(keras.op("matmul", *first), len(y))

    examples = (
        Example(
            "Wang et al. (2018), figure 2, for one frame of 14x14 positions and 512 channels:"
            " theta times phi gives 196x196 weights",
            ((196, 512), (512, 196)),
            {},
            (196, 196),
            macs=19_668_992,
        ),
        Example(
            "PyTorch's documentation of torch.matmul: a batch of 10 matrices of 3x4 times 4x5",
            ((10, 3, 4), (10, 4, 5)),
            {},
            (10, 3, 5),
            macs=600,
        ),
    )
