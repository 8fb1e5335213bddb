"""Frozen batch normalization: (x - mean) / sqrt(var + eps) * weight + bias, with nothing trained.

weight, bias, running mean and running variance are all buffers (4*C), as in networks that are
fine-tuned on few images at a time. Each element takes one multiplication and one addition, because
scale and shift are computed beforehand.

Source: ``torchvision.ops.FrozenBatchNorm2d``; Ioffe & Szegedy (2015), Batch normalization, arXiv
1502.03167."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class FrozenBatchNorm(Elementwise):
    title = "Frozen Batch Norm"
    abbreviation = "frozen_bn"
    is_composite = True
    role = "norm"
    per_element = {"multiplications": 1, "additions": 1}
    is_affine = True

    eps: float = number_field("added to the variance", default=1e-5)

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), x[:1])

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [
            elements_step(y),
            Step("parameters", "0", {}, 0),
            Step("buffers", "4*C", {"C": x[0]}, 4 * x[0]),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        vector = memory.Function(x[0], inputs=(), without_batch=True)
        return (
            vector.replace(saved=memory.Saved(scalar=True)),
            vector,
            vector.replace(held_for=4),
            vector,
            vector.replace(held_for=2),
            memory.Function(prod(y), saves=(1,), inputs=(0, -3), gradient=memory.PRODUCT),
            memory.Function(prod(y), inputs=(memory.PREVIOUS,), gradient=memory.INCOMING),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def forward(module: Any, x: Any) -> Any:
            scale = module.weight * (module.running_var + self.eps).rsqrt()
            shift = module.bias - module.running_mean * scale
            return x * modules.view_per_channel(scale, x) + modules.view_per_channel(shift, x)

        first = {"weight": 1.0, "bias": 0.0, "running_mean": 0.0, "running_var": 1.0}
        buffers = {name: torch.full(shape, first[name]) for name, shape in self.buffers(x).items()}
        return modules.make_module(torch, "FrozenBatchNorm", forward, buffers=buffers)

    python_class = '''class FrozenBatchNorm(nn.Module):
    """Batch normalization whose weights and statistics are not trained."""

    weight: torch.Tensor
    bias: torch.Tensor
    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(channels))
        self.register_buffer("bias", torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        ones = [1] * (x.dim() - 2)
        return x * scale.view(-1, *ones) + shift.view(-1, *ones)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {"": x[0], "eps": self.eps}

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        names = ("weight", "bias", "running_mean", "running_var")
        given = [onnx.parameter(name) for name in names]
        return onnx.BatchNormalization(x, *given, epsilon=self.eps)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        names = {"gamma": "weight", "beta": "bias"}
        names |= {"moving_mean": "running_mean", "moving_variance": "running_var"}
        return keras.layer(
            "BatchNormalization", x, epsilon=self.eps, trainable=False, weights=names
        )

    examples = (
        Example(
            "torchvision's pretrained fasterrcnn_resnet50_fpn, backbone.body.bn1: weight, bias,"
            " running_mean and running_var of 64",
            ((64, 112, 112),),
            {},
            (64, 112, 112),
            buffers=256,
            work={"additions": 64 * 112 * 112, "multiplications": 64 * 112 * 112},
        ),
    )
