"""Local response normalization: a channel is damped where its neighbours are active.

b_c = a_c / (k + alpha/n * sum of a_j^2)^beta, with the sum over the n channels around c, as far as
they exist. AlexNet's paper does not divide alpha by n, but PyTorch and Caffe do: the paper's alpha
of 1e-4 is 5e-4 there, with n = 5. Each element takes one square and one product with alpha/n, n - 1
additions for the sum and one for k, one power and one division; missing channels count as zeros.
There are no parameters.

Source: Krizhevsky, Sutskever & Hinton (2012), section 3.3; ``torch.nn.LocalResponseNorm`` for the
defaults."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import number_field
from cnnspec.ops.kit.fields import size_field as positive
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape

# The layouts in which the positions of a channel are evenly spaced, so that flattening is a view.
EVENLY_SPACED = (
    *(memory.CONTIGUOUS, memory.CHANNELS_LAST),
    *(memory.STRIDED_BATCH, memory.STRIDED_CHANNELS),
)


class LocalResponseNorm(Elementwise):
    title = "Local Response Norm"
    is_composite = True
    role = "norm"
    autocast = "follows"
    short_title = "LRN"

    size: int = positive("n, the channels that are summed over", default=5)
    alpha: float = number_field("the factor of the sum, divided by n", default=1e-4)
    beta: float = number_field("the exponent", default=0.75)
    k: float = number_field("added to the sum", default=1.0)

    def output(self, x: Shape) -> Shape:
        require_feature_map("lrn", x)
        return x

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        per_element = {"multiplications": 2, "additions": self.size, "powers": 1, "divisions": 1}
        return {kind: n * prod(y) for kind, n in per_element.items()}

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n, padded = prod(y), prod(y) // x[0] * (x[0] + self.size - 1)
        previous, scalar = (memory.PREVIOUS,), memory.Saved(scalar=True)
        twice = memory.Backward(elements=2 * n)
        one_dimension = sum(w > 1 for w in x[1:]) < 2  # which is always evenly spaced
        return (
            memory.Function(
                n,
                gradient=memory.VIEW,
                aliases=True,
                held_for=8,
                layout=memory.Layout(view_if=() if one_dimension else EVENLY_SPACED),
            ),
            memory.Function(n, saves=(0, 1), inputs=(memory.PREVIOUS, memory.PREVIOUS)),
            memory.Function(padded, inputs=previous),
            memory.Function(
                n,
                saves=(0,),
                inputs=previous,
                held_for=3,
                layout=memory.Layout(copies=memory.COPIES_STRIDED),
            ),
            memory.Function(n, inputs=previous, saved=scalar),
            memory.Function(n, inputs=previous, gradient=memory.INCOMING, saved=scalar),
            memory.Function(n, saves=(0,), inputs=previous, backward=twice),
            memory.Function(n, saves=(0, 1), inputs=(-7, memory.PREVIOUS), backward=twice),
            memory.Function(n, inputs=previous, gradient=memory.VIEW, aliases=True),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        """Return torch.nn.LocalResponseNorm on flattened positions.

        On a CPU it runs in bfloat16 only if the positions are one dimension."""
        cls = torch.nn.LocalResponseNorm
        norm = modules.with_forward(
            cls, lambda module, x: cls.forward(module, x.flatten(2)).view(x.shape)
        )
        return norm(self.size, self.alpha, self.beta, self.k)

    def build_as_written(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.LocalResponseNorm(self.size, self.alpha, self.beta, self.k)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.LRN(x, size=self.size, alpha=self.alpha, beta=self.beta, bias=self.k)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.own_function(
            "local_response_norm", x, self.size, alpha=self.alpha, beta=self.beta, k=self.k
        )

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 3.3: k = 2, n = 5, beta = 0.75 and"
            " alpha = 1e-4, here 5e-4 as it is divided by n; the first layer's 96 kernels have"
            " outputs of 55x55",
            ((96, 55, 55),),
            {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0},
            (96, 55, 55),
        ),
    )
