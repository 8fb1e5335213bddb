"""Permutation: the dimensions of a value in another order; nothing is computed.

Dimension i of the output is dimension ``order[i]`` of the input, counted without the batch: the
channels are 0. [1, 0] makes C x L a map of L channels and C positions, on which a 1x1 convolution
mixes the positions. Where the order of elements in memory changes, they are copied.

Source: ``torch.permute``; Tolstikhin et al. (2021), MLP-Mixer, arXiv 2105.01601, equation 1,
transposes so."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.list_fields import dims_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import SAME, WHOLE, Reach
from cnnspec.units import Shape, format_shape


class Permute(Operator):
    title = "Permutation"
    role = "shape"
    keeps_values = True
    is_affine = True
    values_show_settings = True

    order: tuple[int, ...] = dims_field(
        "for each dimension of the output that of the input, counted from 0 for the channels"
    )

    def output(self, x: Shape) -> Shape:
        if sorted(self.order) != list(range(len(x))):
            raise OperatorError(
                "D001",
                f"order = {list(self.order)} is no order of the {len(x)} dimensions of $0, which is"
                f" {format_shape(x)}",
                f"each of {', '.join(map(str, range(len(x))))} once",
                "order",
            )
        return tuple(x[d] for d in self.order)

    def keeps_order(self, x: Shape) -> bool:
        """Tell whether only dimensions of size 1 move, so that elements keep their order."""
        longer = [d for d in self.order if x[d] > 1]
        return longer == sorted(longer)

    def mixes_channels(self, x: Shape) -> bool:
        return self.order[0] != 0

    def window(self, x: Shape, y: Shape) -> Reach:
        return SAME if list(self.order) == sorted(self.order) else WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(y)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n = prod(y)
        if self.keeps_order(x):
            return (memory.view_of(y),)
        layout = memory.Layout(strided=memory.WITHIN_EXAMPLES)
        rest = [d for d in range(len(x)) if d]
        if list(self.order) == [*rest, 0]:
            layout = memory.Layout(channels="last")
        if list(self.order) == [rest[-1], 0, *rest[:-1]]:
            layout = memory.Layout(channels="first")
        move = memory.Function(n, gradient=memory.STRIDED_VIEW, aliases=True, layout=layout)
        copy = memory.as_contiguous(y).replace(inputs=(memory.PREVIOUS,))
        return move, copy

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        order = (0, *(d + 1 for d in self.order))
        return modules.make_stateless_module(
            torch, "Permute", lambda x: x.permute(order).contiguous()
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Transpose(x, perm=[0, *(d + 1 for d in self.order)])

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        order = [keras.find_axis(d, y) for d in self.order]
        return keras.layer("Permute", x, (*order[1:], order[0]))

    examples = (
        Example(
            "Tolstikhin et al. (2021), table 1: Mixer-B/16 mixes 196 tokens of 768 channels",
            ((768, 196),),
            {"order": [1, 0]},
            (196, 768),
        ),
        Example(
            "PyTorch's documentation of torch.permute: 2x3x5 with (2, 0, 1) gives 5x2x3",
            ((2, 3, 5),),
            {"order": [2, 0, 1]},
            (5, 2, 3),
        ),
    )
