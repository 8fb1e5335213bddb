"""Padding: values added before and after each spatial dimension; W becomes W + P + Q.

The values are zeros, the input mirrored at its border (reflect; the border itself is not repeated,
so P and Q must be less than W), or the value at the border (replicate). Position y reads y - P.

Source: ``torch.nn.functional.pad``; ``torch.nn.ZeroPad2d``, ``ReflectionPad2d`` and
``ReplicationPad2d``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.fields import OperatorError, choice_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import Padding, sides_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Reach, Window, sides_per_dimension, single_offset
from cnnspec.units import Shape


class Pad(Operator):
    title = "Padding"

    padding: Padding = sides_field(
        "P and Q, what is added on each side: a number, one for each dimension, or a pair "
        "[before, after] for each"
    )
    mode: str = choice_field(
        "what is added: zeros, the input mirrored, or its border repeated",
        "constant",
        "reflect",
        "replicate",
        default="constant",
    )

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("pad", x)
        pairs = sides_per_dimension(self.padding, len(sizes))
        for w, pair in zip(sizes, pairs, strict=True):
            if self.mode == "reflect" and max(pair) >= w:
                raise OperatorError(
                    "D002",
                    f"a reflection of {max(pair)} does not fit into {w}: it does not repeat the"
                    f" border, so there are {w - 1} positions to mirror",
                    f"a padding of at most {w - 1}",
                    "padding",
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
        if self.mode == "constant":
            return (memory.Function(prod(y)),)
        layout = memory.Layout(copies=memory.COPIES_STRIDED)
        return (memory.Function(prod(y), saves=(0,), layout=layout),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        kind = {"constant": "Constant", "reflect": "Reflection", "replicate": "Replication"}[
            self.mode
        ]
        cls = modules.class_for_dimensions(torch, f"{kind}Pad", len(x) - 1)
        flat = [
            size
            for pair in reversed(sides_per_dimension(self.padding, len(x) - 1))
            for size in pair
        ]
        return cls(flat, 0.0) if self.mode == "constant" else cls(flat)

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
        ),
    )
