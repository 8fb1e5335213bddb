"""Padding: values added before and after each spatial dimension; W becomes W + P + Q.

The values are a constant (zeros, unless ``value`` is given), the input mirrored at its border
(reflect; the border itself is not repeated, so P and Q must be less than W), the value at the
border (replicate), or the values of the other end (circular). Position y reads y - P.

Source: ``torch.nn.functional.pad``; ``torch.nn.ConstantPad2d``, ``ReflectionPad2d``,
``ReplicationPad2d`` and ``CircularPad2d``."""

from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes, paddings
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.fields import OperatorError, choice_field, number_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import Padding, sides_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Reach, Window, sides_per_dimension, single_offset
from cnnspec.units import Shape


class Pad(Operator):
    title = "Padding"
    values_show_settings = True

    padding: Padding = sides_field(
        "P and Q, what is added on each side: a number, one for each dimension, or a pair "
        "[before, after] for each"
    )
    mode: str = choice_field(
        "what is added: a constant, the input mirrored, its border repeated, or its other end",
        "constant",
        "reflect",
        "replicate",
        "circular",
        default="constant",
    )
    value: float = number_field("the constant", default=0.0, minimum=-1e9)

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("pad", x)
        pairs = sides_per_dimension(self.padding, len(sizes))
        for w, pair in zip(sizes, pairs, strict=True):
            paddings.require_enough_to_pad(w, pair, self.mode, "padding")
        if self.value and self.mode != "constant":
            raise OperatorError(
                "L003",
                f'value has a meaning for constants only, but mode is "{self.mode}"',
                'mode = "constant"',
                "value",
            )
        return (channels, *(w + sum(pair) for w, pair in zip(sizes, pairs, strict=True)))

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(
            Window(1, 1, (single_offset(-before),))
            for before, _ in sides_per_dimension(self.padding, len(x) - 1)
        )

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        parts = list(zip(x[1:], sides_per_dimension(self.padding, len(x) - 1), y[1:], strict=True))
        sizes = [
            Step(f"output {name}", "W + P + Q", {"W": w, "P": p, "Q": q}, size)
            for name, (w, (p, q), size) in group_equal_axes(parts)
        ]
        return [*sizes, elements_step(y)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        sides = sides_per_dimension(self.padding, len(x) - 1)
        return paddings.pad_functions(x, sides, self.mode)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        kinds = {"constant": "Constant", "reflect": "Reflection", "replicate": "Replication"}
        kind = kinds.get(self.mode, "Circular")
        cls = modules.class_for_dimensions(torch, f"{kind}Pad", len(x) - 1)
        flat = [
            size
            for pair in reversed(sides_per_dimension(self.padding, len(x) - 1))
            for size in pair
        ]
        return cls(flat, self.value) if self.mode == "constant" else cls(flat)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        sides = [(0, 0), *sides_per_dimension(self.padding, len(y) - 1)]
        return onnx_nodes.pad(onnx, x, sides, self.mode, self.value)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        sides = sides_per_dimension(self.padding, len(y) - 1)
        if self.mode not in ("constant", "reflect"):
            raise keras.refuse(f"Keras pads with constants and reflections, not {self.mode}")
        how = {"mode": "reflect"} if self.mode == "reflect" else {}
        value = {"constant_values": self.value} if self.value else {}
        return keras.pad(x, sides, **how, **value)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.ZeroPad2d: nn.ZeroPad2d(2) makes 3x3 7x7",
            ((1, 3, 3),),
            {"padding": 2},
            (1, 7, 7),
            work={},
        ),
        Example(
            "PyTorch's documentation of torch.nn.ReflectionPad2d: (1, 1, 2, 0), which is left,"
            " right, top, bottom, makes 3x3 5x5",
            ((1, 3, 3),),
            {"padding": [[2, 0], [1, 1]], "mode": "reflect"},
            (1, 5, 5),
            work={},
        ),
        Example(
            "PyTorch's documentation of torch.nn.ConstantPad2d: nn.ConstantPad2d(2, 3.5) on 4x4",
            ((1, 4, 4),),
            {"padding": 2, "value": 3.5},
            (1, 8, 8),
        ),
        Example(
            "PyTorch's documentation of torch.nn.CircularPad2d: nn.CircularPad2d(2) makes 3x3 7x7",
            ((1, 3, 3),),
            {"padding": 2, "mode": "circular"},
            (1, 7, 7),
        ),
    )
