"""Box rows: a detector's A*K channels at H x W positions become H*W*A rows of K values.

The channels hold A boxes for each position, and each box has its K values together. The rows run
over the positions, line by line, and at each position over its boxes. So the rows of all maps of a
pyramid can be concatenated. Nothing is computed.

Source: Liu et al. (2016), SSD, arXiv 1512.02325, section 2.2; ``permute_and_flatten`` of
``torchvision.models.detection.rpn``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import SYMBOLS, Step, axis_symbols, elements_step
from cnnspec.ops.kit.fields import OperatorError, size_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class BoxRows(Operator):
    title = "Box Rows"
    symbols = {"K": "values for each box"}
    is_composite = True
    role = "shape"
    keeps_values = True
    is_affine = True

    values: int = size_field("K, the values of a box")

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("box_rows", x)
        if channels % self.values:
            raise OperatorError(
                "D005",
                f"$0 has {channels} channels, which do not divide into boxes of"
                f" {self.values} values",
                f"values that divides {channels}",
                "values",
            )
        return (prod(sizes) * (channels // self.values), self.values)

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        names = axis_symbols(SYMBOLS, len(x) - 1)
        values = {"C": x[0], "K": self.values}
        return [
            Step("boxes a position", "C/K", values, x[0] // self.values),
            Step(
                "rows",
                "*".join((*names, "C/K")),
                dict(zip(names, x[1:], strict=True)) | values,
                y[0],
            ),
            Step("activation size", "*".join(("C", *names)), elements_step(x).values, prod(y)),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        if prod(x[1:]) == 1:
            return (memory.view_of(y),)
        several = self.values < x[0]
        moved = memory.Layout(channels="last", strided_gradient_of_one=several)
        rows = memory.Function(prod(y), gradient=memory.VIEW, aliases=True, layout=moved)
        view = memory.view_of(y, inputs=(memory.PREVIOUS,))
        return (rows, view) if several else (rows,)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def forward(x: Any) -> Any:
            boxes = x.unflatten(1, (-1, self.values))
            return boxes.movedim((1, 2), (-2, -1)).reshape(x.shape[0], -1, self.values)

        return modules.make_stateless_module(torch, "BoxRows", forward)

    python_class = '''class BoxRows(nn.Module):
    """Turn a map with the values of several boxes at each position into rows of boxes."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.values = values

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        boxes = x.reshape(x.shape[0], -1, self.values, *x.shape[2:])
        boxes = boxes.movedim((1, 2), (-2, -1))
        return boxes.reshape(x.shape[0], -1, self.values)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": self.values}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        boxes = onnx.Reshape(x, [0, -1, self.values, prod(x.shape[1:])])
        rows = onnx.Transpose(boxes, perm=[0, 3, 1, 2])
        return onnx_nodes.reshape(onnx, rows, y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        rows = keras.layer("Reshape", x, (y[0], self.values))
        return keras.layer("Permute", rows, (2, 1))

    examples = (
        Example(
            "Liu et al. (2016), figure 2: conv4_3 of SSD300 has 4 boxes at each of 38x38 positions,"
            " 5,776 of the 8,732, with 4 offsets each",
            ((16, 38, 38),),
            {"values": 4},
            (5776, 4),
            work={},
        ),
    )
