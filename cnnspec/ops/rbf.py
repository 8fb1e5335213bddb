"""Radial basis functions: each output is the squared distance of the input from a fixed vector.

y_i = sum of (x_j - w_ij)^2. The k vectors of length n are set by hand and not trained: n*k values
in buffers. An output costs n subtractions, which count as additions, n multiplications and n - 1
additions.

Source: LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document
recognition, equation 7."""

from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.fields import size_field
from cnnspec.ops.kit.input_checks import require_vector
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class Rbf(Operator):
    title = "Fully Connected"
    is_composite = True
    activation_title = "RBF"
    short_title = "RBF-{channels}"
    is_dense = True

    out_features: int = size_field("k, the number of outputs")

    def output(self, x: Shape) -> Shape:
        require_vector("rbf", x)
        return (self.out_features,)

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return {"weight": (self.out_features, *x)}

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {"additions": y[0] * (2 * x[0] - 1), "multiplications": y[0] * x[0]}

    def count_connections(self, x: Shape, y: Shape) -> int:
        return x[0] * y[0]

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        values = {"n": x[0], "k": y[0]}
        return [
            Step("outputs", "k", {"k": y[0]}, y[0]),
            Step("buffers", "n*k", values, x[0] * y[0]),
            Step("multiplications", "n*k", values, x[0] * y[0]),
            Step("additions", "n*k + (n - 1)*k", values, y[0] * (2 * x[0] - 1)),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n, previous = x[0] * y[0], (memory.PREVIOUS,)
        return (
            memory.Function(n),
            memory.Function(n, saves=(0,), inputs=previous, backward=memory.Backward(peak=3 * n)),
            memory.Function(y[0], inputs=previous, gradient=memory.STRIDED_VIEW),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        """Return a module with random vectors of -1 and 1, like the paper's bitmaps."""
        vectors = torch.randint(0, 2, self.buffers(x)["weight"]) * 2.0 - 1.0
        return modules.make_module(
            torch,
            "Rbf",
            lambda module, x: (x[:, None] - module.weight).square().sum(-1),
            buffers={"weight": vectors},
        )

    python_class = '''class RBF(nn.Module):
    """Squared distances of a vector from fixed ones, as in LeNet-5."""

    weight: torch.Tensor

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        vectors = torch.randint(0, 2, (out_features, in_features)) * 2.0 - 1.0
        self.register_buffer("weight", vectors)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x[:, None] - self.weight).square().sum(-1)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": x[0], "out_features": y[0]}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        rows = onnx.Unsqueeze(x, [1])
        difference = onnx.Sub(rows, onnx.parameter("weight"))
        return onnx.ReduceSum(onnx.Mul(difference, difference), [2], keepdims=0)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.own_layer("RBF", x, self.out_features, weights={"weight": "weight"})

    examples = (
        Example(
            "LeCun et al. (1998), section II.B: 10 RBF units, one a class, with 84 inputs each;"
            " their parameters are fixed",
            ((84,),),
            {"out_features": 10},
            (10,),
            buffers=840,
        ),
    )
