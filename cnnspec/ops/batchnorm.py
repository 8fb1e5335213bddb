"""Batch normalization: (x - mean) / sqrt(var + eps) * weight + bias, each per channel.

weight and bias are trained (2*C parameters). The running mean and variance are buffers (2*C):
training updates them, inference uses them. PyTorch's scalar ``num_batches_tracked`` is not counted.
At inference each element takes one subtraction, one multiplication and one addition, because the
scale is computed beforehand.

Source: Ioffe & Szegedy (2015), Batch normalization, arXiv 1502.03167, algorithm 1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import OperatorError, flag_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class BatchNorm(Elementwise):
    title = "Batch Norm"
    abbreviation = "bn"
    role = "norm"
    per_element = {"additions": 2, "multiplications": 1}
    autocast = "statistics"
    is_affine = True
    uses_batch_statistics = True

    eps: float = number_field("added to the variance", default=1e-5)
    momentum: float = number_field(
        "the weight of a new batch in the running statistics", default=0.1, maximum=1.0
    )
    affine: bool = flag_field("whether there are a weight and a bias", default=True)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": x[:1], "bias": x[:1]} if self.affine else {}

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return {"running_mean": x[:1], "running_var": x[:1]}

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        trained = sum(map(prod, self.parameters(x).values()))
        return [
            elements_step(y),
            (
                Step("parameters", "2*C", {"C": x[0]}, trained)
                if self.affine
                else Step("parameters", "0", {}, 0)
            ),
            Step("buffers", "2*C", {"C": x[0]}, sum(map(prod, self.buffers(x).values()))),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (
            memory.Function(
                prod(y),
                saves=(0,),
                parameters=("weight", "bias"),
                saved=memory.Saved(channel_statistics=x[0]),
                layout=memory.Layout(one_position=prod(y) == x[0]),
            ),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        if not self.eps:
            raise OperatorError(
                "L003",
                "eps is 0, but PyTorch trains a batch norm only with an eps above 0",
                "give eps a small value, such as 1e-12",
                "eps",
            )
        norm = modules.class_for_dimensions(torch, "BatchNorm", max(len(x) - 1, 1))
        return norm(x[0], self.eps, self.momentum, self.affine)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        names = ("weight", "bias", "running_mean", "running_var")
        if not self.affine:
            ones = [onnx.constant([first] * x.shape[0]) for first in (1.0, 0.0)]
            given = [*ones, *map(onnx.parameter, names[2:])]
        else:
            given = [onnx.parameter(name) for name in names]
        return onnx.BatchNormalization(x, *given, epsilon=self.eps)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        weights = {"gamma": "weight", "beta": "bias"} if self.affine else {}
        return keras.layer(
            "BatchNormalization",
            x,
            momentum=round(1 - self.momentum, 12),
            epsilon=self.eps,
            center=self.affine,
            scale=self.affine,
            weights={**weights, "moving_mean": "running_mean", "moving_variance": "running_var"},
        )

    examples = (
        Example(
            "torchvision's resnet50, bn1: weight, bias, running_mean and running_var of 64",
            ((64, 112, 112),),
            {},
            (64, 112, 112),
            params=128,
            buffers=128,
            work={"additions": 2 * 64 * 112 * 112, "multiplications": 64 * 112 * 112},
        ),
    )
