"""Presets: what many lines have in common, such as ``conv_bn``, and parts with fields.

A convolution with norm, without bias and with half padding becomes one word, as in most specs that
people write."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from cnnspec.importing.folding.bodies import LinePart
from cnnspec.importing.folding.names import make_identifier, make_unique
from cnnspec.importing.writing.spec_draft import BlockDraft, DraftLine, PresetDraft
from cnnspec.ops.registry import OPERATORS, load_operator

LEAST_LINES = 3  # that a preset serves
LEAST_FIELDS = 2  # that it replaces in a line
MOST = 0.75  # of the lines have an activation that goes into the preset


class PartPresets:
    """The presets of a network's norms and activations, made when they are first named."""

    def __init__(self, taken: Collection[str]):
        self.taken = set(taken)
        self.presets: list[PresetDraft] = []

    def name(self, part: LinePart) -> str:
        """Return what ``norm`` or ``activation`` says: an operator or a preset."""
        if not part.fields:
            return part.kind
        for preset in self.presets:
            if (preset.op, preset.fields) == (part.kind, part.fields):
                return preset.name
        name = f"{part.kind}_" if part.fields == {"inplace": True} else short_name(part.kind)
        if name in OPERATORS:
            name = make_identifier(f"{name}_{'_'.join(map(str, part.fields.values()))}")
        made = PresetDraft(make_unique(name, self.taken), part.kind, part.fields)
        self.taken.add(made.name)
        self.presets.append(made)
        return made.name


def short_name(kind: str) -> str:
    """Return a short name for an operator in the name of a preset: bn for batchnorm."""
    is_norm = kind in OPERATORS and load_operator(kind).role == "norm"
    return f"{kind[0]}n" if is_norm and kind.endswith("norm") else kind.rstrip("_")


def use_line_presets(blocks: list[BlockDraft], taken: set[str]) -> list[PresetDraft]:
    """Let the lines of all blocks call presets where these pay, and return the presets.

    Lines of the same operator, norm and bias share one. The lines are changed in place."""
    groups: dict[tuple[str, str], list[DraftLine]] = defaultdict(list)
    for block in blocks:
        for line in block.lines:
            op = line.get("op")
            if op in OPERATORS and load_operator(op).weight_layout and "each" not in line:
                key = repr([line.get("norm"), line.get("bias")])
                groups[op, key].append(line)
    presets = []
    for (op, _), lines in groups.items():
        fields = common_fields(op, lines)
        if len(lines) < LEAST_LINES or len(fields) < LEAST_FIELDS:
            continue
        name = make_unique(name_preset(op, fields), taken)
        taken.add(name)
        presets.append(PresetDraft(name, op, fields))
        for line in lines:
            call_preset(line, name, fields)
    return presets


def common_fields(op: str, lines: list[DraftLine]) -> dict[str, Any]:
    """Return the fields of the preset for some lines, in the order of the operator's fields."""
    fields: dict[str, Any] = {}
    halves = [line.get("padding") == "half" for line in lines]
    fits = [half or fits_half(line) for half, line in zip(halves, lines, strict=True)]
    if any(halves) and sum(fits) >= MOST * len(lines):
        fields["padding"] = "half"
    order = [key for key in load_operator(op).fields if key in ("bias",)]
    for key in (*order, "norm"):
        value = lines[0].get(key)
        if value is not None and not is_expression(value):
            fields[key] = value
    activations = [line.get("activation", "none") for line in lines]
    common = max(activations, key=activations.count)
    frequent = activations.count(common) >= MOST * len(lines)
    if frequent and common != "none" and not is_expression(common):
        fields["activation"] = common
    return fields


def fits_half(line: DraftLine) -> bool:
    """Tell whether half padding is the same for a line that has no padding."""
    return line.get("kernel_size") == 1 and "padding" not in line


def is_expression(value: Any) -> bool:
    """Tell whether a value of a line is an expression."""
    return isinstance(value, str) and value.startswith("{")


def call_preset(line: DraftLine, name: str, fields: dict[str, Any]) -> None:
    """Let a line call a preset instead of its operator."""
    line["op"] = name
    for key, value in fields.items():
        if line.get(key) == value:
            del line[key]
        elif key == "padding" and key not in line and not fits_half(line):
            line[key] = "valid"
        elif key == "activation" and key not in line:
            line[key] = "none"


def name_preset(op: str, fields: dict[str, Any]) -> str:
    """Return a name for a preset: conv_bn, depthwise_bn, conv_relu."""
    words = [op.removesuffix("_conv")]
    if "norm" in fields:
        words.append(short_name(fields["norm"]))
    elif "activation" in fields:
        words.append(short_name(fields["activation"]))
    return "_".join(words) if len(words) > 1 else f"plain_{op}"
