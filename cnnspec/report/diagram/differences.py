"""What distinguishes folded blocks that share the letter of a panel: kernels, strides, and so on.

The panel shows the inside of one of them. Channels and sizes are on the arrows, so only the other
settings that differ are written on the boxes."""

from collections.abc import Iterable
from typing import Any

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.report.diagram.boxes import FIELDS, LONGEST, format_axes, format_values
from cnnspec.report.diagram.fold import DiagramPart

Settings = dict[str, str]  # the text of each setting of one node, by field; "" if not worth a word


def mark_differences(
    parts: tuple[DiagramPart, ...], differences: dict[str, str]
) -> tuple[DiagramPart, ...]:
    """Return parts, opened ones too, with the differences of the blocks of these names."""
    return tuple(
        part.replace(
            inner=mark_differences(part.inner, differences),
            differences=differences.get(part.name, ""),
        )
        for part in parts
    )


def find_differences(parts: Iterable[DiagramPart]) -> dict[str, str]:
    """Return what is special about each of several blocks of the same structure, by name."""
    blocks = list({part.name: part for part in parts}.values())
    settings = [[describe_settings(n) for n in part.first] for part in blocks]
    differing = [
        {field for field in place[0] if len({s.get(field) for s in place}) > 1}
        for place in zip(*settings, strict=True)
    ]
    found = {}
    for part, mine in zip(blocks, settings, strict=True):
        texts = [
            (field, text or describe_absence(node, field))
            for node, own, fields in zip(part.first, mine, differing, strict=True)
            for field, text in own.items()
            if field in fields
        ]
        found[part.name] = join_settings((field, text) for field, text in texts if text)
    return found


def join_settings(settings: Iterable[tuple[str, str]]) -> str:
    """Join settings to one line of a box, each once and kernels first: ``5×5, stride 2``."""
    ordered = sorted(settings, key=lambda setting: setting[0] != "kernel_size")
    return visible(", ".join(dict.fromkeys(text for _, text in ordered)), LONGEST)


def describe_settings(node: Node) -> Settings:
    """Return the settings of a node that its output's shape does not show.

    Nodes that do nothing at inference have none."""
    if node.op.role == "regulariser":
        return {}
    axes = node.op.axes(*node.shapes[:1])
    found = {"kernel_size": format_axes([a.kernel for a in axes])} if axes else {}
    for name, usual in FIELDS.items():
        if axes and hasattr(axes[0], name):
            found[name] = describe_setting(name, [getattr(a, name) for a in axes], usual)
    for name in node.op.fields:
        value = getattr(node.op, name)
        if name not in found and not (axes and name == "padding") and not shows(node, value):
            found[name] = describe_setting(name, [value], node.op.defaults.get(name))
    return found


def describe_setting(name: str, values: list[Any], usual: Any) -> str:
    """Return a setting as text: ``stride 2``; "" if it has the usual value."""
    if all(value in (usual, None, False) for value in values):
        return ""
    if values == [True]:
        return name.replace("_", " ")
    return f"{name.replace('_', ' ')} {format_values(values)}"


def describe_absence(node: Node, name: str) -> str:
    """Return ``no window size`` for a count that is 0 by default, where other blocks have one."""
    usual = node.op.defaults.get(name)
    absent = type(usual) is int and usual == 0 and getattr(node.op, name) == 0
    return f"no {name.replace('_', ' ')}" if absent else ""


def shows(node: Node, value: Any) -> bool:
    """Tell whether the shape beside the arrow shows a value: the channels, or the size."""
    output = node.output
    return value == output[0] or (
        isinstance(value, list | tuple) and tuple(value) in (output, output[1:])
    )
