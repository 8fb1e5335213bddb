"""The body of the function for one call of a block, and the names of layers in Keras."""

import re
from collections.abc import Collection, Iterable
from typing import Any

from cnnspec.exporting.keras.recorded_keras import CallItem, LayerName, NextLine, Open, Previous
from cnnspec.exporting.pytorch.instances import BlockInstance, LayerInstance
from cnnspec.exporting.pytorch.operator_code import OperatorCode, WrittenCall
from cnnspec.exporting.pytorch.recorded_torch import InputName, Part, Parts
from cnnspec.exporting.pytorch.statements import BodyWriter


class FunctionBodyWriter(BodyWriter):
    """Writes the body of the function for one call of a block."""

    makes_where_run = True
    argument = ""  # the name of the last one

    def take_literal(self, label: str, part: Any) -> Any:
        if isinstance(part, CallItem):
            self.argument = part.label or part.name
        return super().take_literal(f"{label}_{self.argument}".rstrip("_"), part)

    def write_layer(self, layer: LayerInstance) -> tuple[WrittenCall | None, Parts]:
        parts: list[Part] = [*layer.codes[0].parts]
        for node, code in zip(layer.nodes[1:], layer.codes[1:], strict=True):
            parts.append(NextLine())
            for part in code.parts:
                if isinstance(part, InputName):
                    parts.append(Previous())
                elif isinstance(part, LayerName):
                    parts.append(LayerName(f"_{node.part}"))
                else:
                    parts.append(part)
        return None, tuple(parts)


def join_name(name: str, reserved: Collection[str] = ()) -> str:
    """Return the name of a Keras layer: the spec's, with _ in the place of dots.

    A name that Keras gives itself, one of ``reserved`` with or without a number, gets an ending."""
    made = re.sub(r"\W", "_", name)
    return f"{made}_layer" if re.sub(r"_\d+$", "", made) in reserved else made


def find_automatic_names(codes: Iterable[OperatorCode]) -> set[str]:
    """Return the names that Keras gives to layers and operations without one."""
    opened = [part.text for code in codes for part in code.parts if isinstance(part, Open)]
    names = [text.rpartition(".")[2].removesuffix("(") for text in opened]
    plain = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", n) for n in names]
    return {name.lower() for name in (*names, *plain)}


def find_keras_names(instance: BlockInstance) -> dict[str, Any]:
    """Return the names that the layers of a network have in Keras, with their nodes' codes."""
    names: dict[str, Any] = {}
    for call in instance.blocks():
        for child in call.children:
            if isinstance(child, LayerInstance):
                for node, code in zip(child.nodes, child.codes, strict=True):
                    names[node.name] = code
    return names
