"""Reduction: the mean, sum, largest or smallest value over any dimensions.

``dims`` are counted without the batch: 0 are the channels. With ``keepdim`` they remain, with
size 1. n values take n - 1 additions or comparisons, a mean one division more. ``global_avgpool``
and ``global_maxpool`` reduce all positions, ``channel_pool`` groups of channels.

Source: ``torch.mean``, ``torch.sum``, ``torch.amax`` and ``torch.amin``; Woo et al. (2018), CBAM,
arXiv 1807.06521, equation 3, reduces the channels so."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError, choice_field, flag_field
from cnnspec.ops.kit.list_fields import dims_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import SAME, WHOLE, Reach
from cnnspec.units import Shape, format_shape


class ReduceDims(Operator):
    title = "Reduction"
    symbols = {"n": "elements of the input", "O": "elements of the output"}
    is_composite = True
    counts_as_layer = False

    kind: str = choice_field(
        "what is made of the values", "mean", "sum", "max", "min", default="mean"
    )
    dims: tuple[int, ...] = dims_field("the dimensions that are reduced, 0 for the channels")
    keepdim: bool = flag_field("whether the dimensions remain, with size 1", default=True)

    def output(self, x: Shape) -> Shape:
        if len(set(self.dims)) < len(self.dims) or max(self.dims) >= len(x):
            raise OperatorError(
                "D001",
                f"dims = {list(self.dims)} does not fit $0, which is {format_shape(x)}",
                f"each of {', '.join(map(str, range(len(x))))} at most once",
                "dims",
            )
        if self.keepdim:
            return tuple(1 if i in self.dims else n for i, n in enumerate(x))
        return tuple(n for i, n in enumerate(x) if i not in self.dims) or (1,)

    def mixes_channels(self, x: Shape) -> bool:
        return 0 in self.dims

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        steps, n = prod(x) - prod(y), prod(y)
        if self.kind == "mean":
            return {"additions": steps, "divisions": n}
        return {"additions" if self.kind == "sum" else "comparisons": steps}

    def window(self, x: Shape, y: Shape) -> Reach:
        return SAME if self.dims == (0,) and self.keepdim else WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        sizes = {"n": prod(x), "O": prod(y)}
        kind, steps = next(iter(self.elementwise(x, y).items()))
        return [elements_step(y), Step(kind, "n - O", sizes, steps)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        if self.kind == "sum":
            return (memory.Function(prod(y), gradient=memory.STRIDED_VIEW),)
        if self.kind == "mean":
            return (memory.Function(prod(y), divides=True),)
        n, m = prod(x), prod(y)
        scratch = memory.Backward(elements=n + m, bytes=n + 8 * m)  # where the largest values are
        return (memory.Function(m, saves=(0, memory.OUTPUT), backward=scratch),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        name = {"max": "amax", "min": "amin"}.get(self.kind, self.kind)
        dims = tuple(d + 1 for d in self.dims)
        function = getattr(torch, name)
        alone = len(self.dims) == len(x) and not self.keepdim  # one value for each example

        def forward(x: Any) -> Any:
            reduced = function(x, dims, keepdim=self.keepdim)
            return reduced.unsqueeze(1) if alone else reduced

        return modules.make_stateless_module(torch, "ReduceDims", forward)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        kind = {"mean": "ReduceMean", "sum": "ReduceSum", "max": "ReduceMax", "min": "ReduceMin"}
        reduce = getattr(onnx, kind[self.kind])
        reduced = reduce(x, [d + 1 for d in self.dims], keepdims=int(self.keepdim))
        return onnx_nodes.reshape(onnx, reduced, y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        axes = tuple(keras.find_axis(d, x.shape) for d in self.dims)
        kept = keras.op(self.kind, x, axis=axes, keepdims=True)
        shape = tuple(1 if d in self.dims else n for d, n in enumerate(x.shape))
        return kept if self.keepdim else keras.reshape(kept.replace(shape=shape), y)

    examples = (
        Example(
            "Woo et al. (2018), equation 3: the mean of 64 channels at each of 56x56 positions",
            ((64, 56, 56),),
            {"dims": [0]},
            (1, 56, 56),
        ),
        Example(
            "PyTorch's documentation of torch.amax: of 4x4, the largest of dimension 1",
            ((4, 4),),
            {"kind": "max", "dims": [1], "keepdim": False},
            (4,),
        ),
    )
