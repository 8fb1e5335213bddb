"""Reshape: the same elements in the same order, read as another shape.

A size of 0 is the input's size at the same place: [0, -1] makes one dimension of all positions. A
size of -1 follows from the others: it is the number of elements divided by the product of the other
sizes.

Source: ``torch.reshape``; ``torch.nn.Unflatten``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.list_fields import shape_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import SAME, WHOLE, Reach
from cnnspec.units import Shape, format_count, format_shape


class Reshape(Operator):
    title = "Reshape"
    symbols = {"a_i": "given size i"}
    role = "shape"
    autocast = "follows"
    keeps_values = True
    is_affine = True

    shape: tuple[int, ...] = shape_field(
        "the new shape, channels first; 0 keeps the input's size there, and one size may be -1 and"
        " follows from the others"
    )

    def sizes(self, x: Shape) -> tuple[int, ...]:
        """Return the given sizes, with the input's for 0. Raises OperatorError (D005)."""
        if 0 in self.shape[len(x) :]:
            raise OperatorError(
                "D005",
                f"a size of 0 is the input's at that place, but $0 is {format_shape(x)}",
                f"0 among the first {len(x)} sizes only",
                "shape",
            )
        return tuple([s or x[i] for i, s in enumerate(self.shape)])

    def output(self, x: Shape) -> Shape:
        sizes = self.sizes(x)
        known, n = prod(s for s in sizes if s > 0), prod(x)
        if n % known or (-1 not in sizes and n != known):
            raise OperatorError(
                "D005",
                "reshape keeps the number of elements, but $0 has"
                f" {format_shape(x)} = {format_count(n)} and the sizes of shape give"
                f" {format_count(known)}{' times a whole number' * (-1 in self.shape)}",
                f"sizes whose product is {format_count(n)}, or one of them -1",
                "shape",
            )
        return tuple(s if s > 0 else n // known for s in sizes)

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def window(self, x: Shape, y: Shape) -> Reach:
        return SAME if x == y else WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        if -1 not in self.shape:
            return [elements_step(y)]
        others = {f"a_{i}": s for i, s in enumerate(self.sizes(x)) if s > 0}
        left = Step(
            "size of -1",
            "/".join(("n", *others)),
            {"n": prod(x), **others},
            prod(x) // prod(others.values()),
        )
        return [left, elements_step(y)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        view = memory.view_of(y)
        if len(y) > 1 and x[0] == y[0]:  # the positions are in order in channels_last, too
            view_if = (*view.layout.view_if, memory.CHANNELS_LAST)
            view = view.replace(layout=memory.Layout(view_if=view_if, keeps_last=False))
        return (view,)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(torch, "Reshape", lambda x: x.reshape(x.shape[0], *y))

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx_nodes.reshape(onnx, x, y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.reshape(x, y)

    examples = (
        Example(
            "timm's vit_base_patch16_224, patch_embed: flatten(2) of 768x14x14 gives 196 patches",
            ((768, 14, 14),),
            {"shape": [0, -1]},
            (768, 196),
        ),
        Example(
            "PyTorch's documentation of torch.nn.Unflatten: a vector of 50 becomes 2x5x5",
            ((50,),),
            {"shape": [2, 5, 5]},
            (2, 5, 5),
            work={},
        ),
        Example(
            "PyTorch's documentation of torch.reshape: (-1,) reads a 2x2 tensor as a vector of 4",
            ((2, 2),),
            {"shape": [-1]},
            (4,),
        ),
    )
