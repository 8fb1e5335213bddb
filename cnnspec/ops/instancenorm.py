"""Instance normalization: (x - mean) / sqrt(var + eps) * weight + bias, each channel by itself.

A channel takes its statistics over all positions of one example, in training and at inference.
This is group normalization of single channels. By default there is nothing to learn; ``affine``
adds a weight and a bias a channel, 2*C parameters. A channel of n elements costs 3n - 1 additions,
n multiplications, n + 2 divisions and one square root, and n additions and n multiplications more
for weight and bias.

With ``track_running_stats``, inference uses a running mean and variance instead, which training
updates by ``momentum``: 2*C buffers, and one subtraction, one multiplication and one addition for
each element, as in a batch norm.

Source: Ulyanov, Vedaldi & Lempitsky (2016), Instance normalization, arXiv 1607.08022, equation 4;
``torch.nn.InstanceNorm2d`` for the defaults and for running statistics.
"""

from math import prod
from typing import Any

from cnnspec.ops.kit import elementwise, memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import OperatorError, flag_field, number_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.windows import SAME, WHOLE, Reach
from cnnspec.units import Shape, format_shape


class InstanceNorm(Elementwise):
    title = "Instance Norm"
    abbreviation = "in"
    role = "norm"
    autocast = ""  # the weight that is repeated for each example stays in float32

    eps: float = number_field("added to the variance", default=1e-5)
    affine: bool = flag_field("whether there are a weight and a bias", default=False)
    track_running_stats: bool = flag_field(
        "whether inference uses a running mean and variance", default=False
    )
    momentum: float = number_field(
        "the weight of a new batch in the running statistics", default=0.1, maximum=1.0
    )

    def output(self, x: Shape) -> Shape:
        require_feature_map("instancenorm", x)
        if prod(x[1:]) == 1:
            raise OperatorError(
                "D001",
                "instancenorm takes channels of several positions, but $0 is"
                f" {format_shape(x)}, and one value has no variance",
                "a layer before it that leaves more positions",
            )
        return x

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return elementwise.weight_and_bias_shapes(x[:1], self.affine)

    def buffers(self, x: Shape) -> dict[str, Shape]:
        names = ("running_mean", "running_var") if self.track_running_stats else ()
        return dict.fromkeys(names, x[:1])

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        if self.track_running_stats:
            return {"additions": 2 * prod(y), "multiplications": prod(y)}
        return elementwise.count_standardising_work(y, x[0], self.affine)

    def window(self, x: Shape, y: Shape) -> Reach:
        return SAME if self.track_running_stats else WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        def step(quantity: str, there: bool) -> Step:
            values = {"C": x[0]} if there else {}
            return Step(quantity, "2*C" if there else "0", values, 2 * x[0] * there)

        steps = [elements_step(y), step("parameters", self.affine)]
        return [*steps, step("buffers", True)] if self.track_running_stats else steps

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        """Declare batch normalization of one example whose channels are those of all examples.

        Weight, bias and running statistics are repeated for each example; two more vectors live
        while it runs. Training averages the statistics over the batch.
        """
        updates = self.track_running_stats and training
        vector = memory.Function(x[0], inputs=())
        repeated = [vector.replace(parameters=(name,)) for name in self.parameters(x)]
        repeated += [vector] * len(self.buffers(x))
        norm_at = 1 + len(repeated) + 2
        before = [memory.as_contiguous(x), *repeated, vector, vector]
        held = [norm_at + updates * (0 < i <= len(repeated)) - i for i in range(norm_at)]
        inputs = tuple(range(-norm_at, -2))
        own = self.track_running_stats and not training
        norm = memory.Function(
            prod(y),
            saves=(0, *[i for i in range(1, len(inputs)) if i != 2 or not self.affine]),
            inputs=inputs,
            held_for=1 + updates,
            saved=memory.Saved() if own else memory.Saved(example_statistics=x[0]),
            backward=memory.Backward(gradient_elements=prod(y)),
        )
        mean = memory.Function(x[0], inputs=(), without_batch=True, divides=True)
        read = (memory.PREVIOUS - updates,)
        view = memory.Function(prod(y), (), read, memory.RESHAPED, aliases=True)
        functions = [f.replace(held_for=n) for f, n in zip(before, held, strict=True)]
        return *functions, norm, *[mean] * updates, view

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        norm = modules.class_for_dimensions(torch, "InstanceNorm", len(x) - 1)
        return norm(
            x[0],
            self.eps,
            self.momentum,
            affine=self.affine,
            track_running_stats=self.track_running_stats,
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        if self.affine:
            given = [onnx.parameter(name) for name in ("weight", "bias")]
        else:
            given = [onnx.constant([value] * x.shape[0]) for value in (1.0, 0.0)]
        if self.track_running_stats:
            given += map(onnx.parameter, self.buffers(x.shape))
            return onnx.BatchNormalization(x, *given, epsilon=self.eps)
        return onnx.InstanceNormalization(x, *given, epsilon=self.eps)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        if self.track_running_stats:
            raise keras.refuse("Keras has no instance normalization with running statistics")
        return keras.norm(x, "GroupNormalization", self, x.shape[0])

    examples = (
        Example(
            "PyTorch documentation, InstanceNorm2d: 100 channels of 35x45, with learnable"
            " parameters",
            ((100, 35, 45),),
            {"affine": True},
            (100, 35, 45),
            params=200,
        ),
        Example(
            "PyTorch's torch.nn.InstanceNorm2d(100, track_running_stats=True): running_mean and"
            " running_var of 100",
            ((100, 35, 45),),
            {"track_running_stats": True},
            (100, 35, 45),
            buffers=200,
            work={"additions": 2 * 100 * 35 * 45, "multiplications": 100 * 35 * 45},
        ),
    )
