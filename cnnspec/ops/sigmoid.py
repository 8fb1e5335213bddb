"""Sigmoid, the logistic function: 1 / (1 + exp(-x)).

Counted for each element: one exponential, one addition and one division. A change of sign is free.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.2.2.2; ``torch.nn.Sigmoid``.
"""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Sigmoid(Activation):
    title = "Sigmoid"
    keras_op = "sigmoid"
    onnx_type = "Sigmoid"
    per_element = {"exponentials": 1, "additions": 1, "divisions": 1}
    autocast = "follows"

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_output(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Sigmoid()

    examples = (
        Example(
            "Hu, Shen & Sun (2018), Squeeze-and-excitation networks, arXiv 1709.01507, figure 3 and"
            " table 1: the gates of the first stage are 1x1x256",
            ((256, 1, 1),),
            {},
            (256, 1, 1),
            work={"exponentials": 256, "additions": 256, "divisions": 256},
        ),
    )
