"""Roll: the positions of a map move along their dimensions, and re-enter at the other end.

Position y reads (y - shift) mod W; nothing is computed. A negative shift moves positions to the
front.

Source: ``torch.roll``; Liu et al. (2021), Swin transformer, arXiv 2103.14030, figure 4, shifts its
windows so."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.list_fields import dims_field
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class Roll(Elementwise):
    title = "Roll"
    role = "layer"
    counts_as_layer = False
    is_affine = True
    values_show_settings = True

    shifts: tuple[int, ...] = dims_field(
        "by how many positions each spatial dimension moves", minimum=-(2**31)
    )

    def output(self, x: Shape) -> Shape:
        if len(self.shifts) != len(x) - 1:
            raise OperatorError(
                "D001",
                f"shifts has {len(self.shifts)} values, but $0 has {len(x) - 1} spatial dimensions",
                "one for each, or 0",
                "shifts",
            )
        return x

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(y)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        """Declare one roll for each dimension; their results live until the last one is over."""
        n, count = prod(y), len(self.shifts)
        layout = memory.Layout(contiguous=True)
        first = memory.Function(n, gradient=memory.VIEW, layout=layout, held_for=count)
        rolls = [first.replace(inputs=(memory.PREVIOUS if i else 0,)) for i in range(count)]
        last = rolls.pop().replace(
            gradient=memory.NEW, backward=memory.Backward(peak=count * n), held_for=1
        )
        return *rolls, last

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        dims = tuple(range(2, len(x) + 1))
        return modules.make_stateless_module(
            torch, "Roll", lambda x: torch.roll(x, self.shifts, dims)
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        rolled = x
        for dim, shift in enumerate(self.shifts, 2):
            size = x.shape[dim - 1]
            cut = -shift % size
            if cut:
                bounds = ((cut, size), (0, cut))
                parts = [onnx.Slice(rolled, [first], [end], [dim]) for first, end in bounds]
                rolled = onnx.Concat(*parts, axis=dim)
        return rolled

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.op("roll", x, self.shifts, axis=tuple(range(1, len(y))))

    examples = (
        Example(
            "torchvision's swin_t, features.1.1.attn: 96 channels of 56x56 move by -3",
            ((96, 56, 56),),
            {"shifts": [-3, -3]},
            (96, 56, 56),
            work={},
        ),
    )
