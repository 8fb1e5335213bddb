"""Concatenation: the channels of all inputs in order, at the same positions; vectors end to end.

The output has C_1 + C_2 + ... channels; nothing is computed.

Source: Szegedy et al. (2015), Going deeper with convolutions, arXiv 1409.4842, section 4;
``torch.cat``, dim 1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.input_checks import require_same_sizes
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class Concat(Operator):
    title = "Concatenation"
    symbols = {"C_i": "channels of input i"}
    role = "join"
    arity = (2, 256)
    autocast = "follows"
    values_show_settings = True

    def output(self, *xs: Shape) -> Shape:
        return (sum(x[0] for x in xs), *require_same_sizes("concat", xs))

    def derivation(self, *xs: Shape, y: Shape) -> list[Step]:
        channels = {f"C_{i}": x[0] for i, x in enumerate(xs, 1)}
        return [
            Step(
                "output channels" if len(y) > 1 else "outputs", " + ".join(channels), channels, y[0]
            ),
            elements_step(y),
        ]

    def memory(self, *xs: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), inputs=tuple(range(len(xs))), gradient=memory.VIEW),)

    def build(self, torch: Any, *xs: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(torch, "Concat", lambda *xs: torch.cat(xs, 1))

    def write_onnx(self, onnx: Any, *xs: Any, y: Shape) -> Any:
        return onnx.Concat(*xs, axis=1)

    def write_keras(self, keras: Any, *xs: Any, y: Shape) -> Any:
        return keras.layer("Concatenate", [*xs])

    examples = (
        Example(
            "Szegedy et al. (2015), table 1: inception (3a) joins 64, 128, 32 and 32 channels of"
            " 28x28",
            ((64, 28, 28), (128, 28, 28), (32, 28, 28), (32, 28, 28)),
            {},
            (256, 28, 28),
            work={},
        ),
    )
