"""Max unpooling: each value returns to where the max pooling found it; the rest is zero.

The output has the size of the pool's input. The second input is the pool, which gives the indices,
so the values must have the shape of its output. There are no parameters. Each value takes one
lookup. A position y reads every x whose window contains it: y = x*S - P + j with j from 0 to K - 1.

Source: Zeiler & Fergus (2014), Visualizing and understanding convolutional networks, arXiv
1311.2901, section 2.1; Badrinarayanan, Kendall & Cipolla (2017), SegNet, arXiv 1511.00561;
``torch.nn.MaxUnpool2d``."""

from math import prod
from typing import Any, Self

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Reach, per_dimension
from cnnspec.ops.maxpool import MaxPool
from cnnspec.units import Shape, format_shape


class MaxUnpool(Operator):
    title = "Max Unpooling"
    recorded_from = ("max_unpool2d", "max_unpool3d")
    arity = (2, 2)
    undoes = "maxpool"
    pool: MaxPool
    size: Shape

    @classmethod
    def of(cls, example: Example) -> Self:
        assert example.undone is not None
        fields, size = example.undone
        return cls(**example.fields).undoing(MaxPool(**fields), size)

    def undoing(self, pool: MaxPool, size: Shape) -> Self:
        """Return a copy that undoes ``pool``, whose input has the shape ``size``; call it first."""
        return self._with(pool=pool, size=size)

    def output(self, x: Shape, pooled: Shape) -> Shape:
        if x != pooled:
            raise OperatorError(
                "D003",
                "maxunpool takes values of the shape of the pool that it undoes, but $0 is "
                f"{format_shape(x)} and $1 is {format_shape(pooled)}",
                f"$0 needs the shape {format_shape(pooled)}",
            )
        if set(per_dimension("dilation", self.pool.dilation, len(x) - 1)) != {1}:
            raise OperatorError(
                "D002",
                "PyTorch does not undo a max pooling with dilation",
                "a pool without dilation",
            )
        return self.size

    def elementwise(self, x: Shape, pooled: Shape, y: Shape) -> dict[str, int]:
        return {"lookups": prod(x)}

    def window(self, x: Shape, pooled: Shape, y: Shape) -> Reach:
        return tuple(a.transposed for a in self.pool.axes(self.size))

    def derivation(self, x: Shape, pooled: Shape, y: Shape) -> list[Step]:
        sizes = [Step(f"output {name}", "W", {"W": w}, w) for name, w in group_equal_axes(y[1:])]
        return [*sizes, elements_step(y), elements_step(x, "lookups")]

    def memory(self, x: Shape, pooled: Shape, *, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), saved=memory.Saved(pool_indices=True)),)

    def build(self, torch: Any, x: Shape, pooled: Shape, y: Shape) -> Any:
        """Return a module of the values and of the indices that the pool returns."""
        cls, window = modules.sliding_class(torch, "MaxUnpool", self.pool.axes(self.size))
        return modules.with_forward(
            cls, lambda module, x, indices: cls.forward(module, x, indices, y[1:])
        )(**window)

    def write_onnx(self, onnx: Any, x: Any, indices: Any, y: Shape) -> Any:
        batch = onnx.Shape(x, start=0, end=1)
        shape = onnx.Concat(batch, [*y], axis=0)
        axes = self.pool.axes(self.size)
        return onnx.MaxUnpool(
            x, indices, shape, **onnx_nodes.window_attributes(axes, dilated=False)
        )

    examples = (
        Example(
            "PyTorch documentation, MaxUnpool2d: a 4x4 input, pooled by 2 to 2x2, is 4x4 again",
            ((1, 2, 2), (1, 2, 2)),
            {},
            (1, 4, 4),
            undone=({"kernel_size": 2, "stride": 2}, (1, 4, 4)),
        ),
        Example(
            "PyTorch documentation, MaxUnpool2d: so is a 4x5 input, whose last column the pool"
            " left out",
            ((1, 2, 2), (1, 2, 2)),
            {},
            (1, 4, 5),
            undone=({"kernel_size": 2, "stride": 2}, (1, 4, 5)),
        ),
    )
