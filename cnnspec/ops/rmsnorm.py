"""RMS normalization: x / sqrt(mean of squares + eps) * weight, over the channels at each position.

Unlike layer normalization it subtracts no mean and has no bias: C parameters, or none without
``affine``. A set of n elements costs n multiplications for the squares, n - 1 additions and one for
eps, one division and a square root, n divisions, and n multiplications more for the weight.

Source: Zhang & Sennrich (2019), Root mean square layer normalization, arXiv 1910.07467, equation 4;
``torch.nn.RMSNorm``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import flag_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class RmsNorm(Elementwise):
    title = "RMS Norm"
    abbreviation = "rms"
    role = "norm"
    is_composite = True

    eps: float = number_field("added to the mean of squares", default=1e-6)
    affine: bool = flag_field("whether there is a weight", default=True)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": x[:1]} if self.affine else {}

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        size, positions = prod(y), prod(y[1:])
        return {
            "multiplications": (1 + self.affine) * size,
            "additions": size,
            "divisions": size + positions,
            "square_roots": positions,
        }

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        formula, values = ("C", {"C": x[0]}) if self.affine else ("0", {})
        return [elements_step(y), Step("parameters", formula, values, x[0] * self.affine)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n, positions, previous = prod(y), prod(y[1:]), (memory.PREVIOUS,)
        moved = memory.Layout(keeps_moved=True)
        in_order = 1 in (x[0], positions)  # the channels are the last dimension already
        move = memory.Function(
            n, gradient=memory.VIEW, aliases=True, layout=memory.Layout(channels="last")
        )
        squares = memory.Function(
            n, saves=(0,), held_for=2, backward=memory.Backward(elements=2 * n), layout=moved
        )
        mean = memory.Function(positions, inputs=previous, divides=True)
        root = memory.Function(
            positions,
            saves=(memory.OUTPUT,),
            inputs=previous,
            held_for=5,  # until the end
            backward=memory.Backward(elements=2 * positions),
        )
        rows = 0 if in_order else -4  # position of what is normalised, for the product
        product = memory.Function(n, (0, 1), (rows, memory.PREVIOUS), memory.PRODUCT, layout=moved)
        weighted = memory.Function(n, (0,), previous, memory.PRODUCT, ("weight",), layout=moved)
        norm = (squares, mean, root, product, *(weighted,) * self.affine)
        if in_order:
            return norm
        copy = memory.as_contiguous(y).replace(inputs=previous)
        back = move.replace(inputs=previous, layout=memory.Layout(channels="first"))
        return (move.replace(held_for=4), *memory.reads_previous(norm), copy, back)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        cls = torch.nn.RMSNorm
        norm = modules.with_forward(
            cls, lambda module, x: cls.forward(module, x.movedim(1, -1)).movedim(-1, 1)
        )
        return norm(x[0], self.eps, self.affine)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        squares = onnx.ReduceMean(onnx.Mul(x, x), [1], keepdims=1)
        normed = onnx.Div(x, onnx.Sqrt(onnx.Add(squares, self.eps)))
        if not self.affine:
            return normed
        return onnx.Mul(normed, onnx_nodes.parameter_per_channel(onnx, "weight", x))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        if not self.affine:
            return keras.op("rms_normalization", x, scale=None, axis=-1, epsilon=self.eps)
        return keras.layer("RMSNormalization", x, epsilon=self.eps, weights={"scale": "weight"})

    examples = (
        Example(
            "timm's vit_medium_patch16_rope_reg1_gap_256 with norm_layer=RmsNorm: 512 channels, 257"
            " tokens",
            ((512, 257),),
            {},
            (512, 257),
            params=512,
            work={
                "multiplications": 2 * 512 * 257,
                "additions": 512 * 257,
                "divisions": 512 * 257 + 257,
                "square_roots": 257,
            },
        ),
    )
