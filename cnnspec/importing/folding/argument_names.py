"""Names of arguments, as a person would give them: out, kernel, stride, expand, branch2_reduce."""

import re
from collections.abc import Collection
from keyword import iskeyword

from cnnspec.importing.folding.columns import Setting
from cnnspec.importing.folding.expressions import ABSENT
from cnnspec.importing.folding.names import make_identifier, make_unique
from cnnspec.importing.folding.templates import Template
from cnnspec.spec.reader import BOUND, CONTROL

SHORT = {"kernel_size": "kernel", "repeat": "repeats", "each": "rows", "p:index": "index"}
SIZES = ("out_channels", "out_features")
PLAIN = re.compile(r"(conv|convs|fc|linear|layer|block|part|dw|pw)?_?[\d_]*")


def name_argument(
    template: Template, setting: Setting, taken: Collection[str], settings: list[Setting]
) -> str:
    """Return a name for the argument that sets one key of one line."""
    line = line_word(template, setting.slot)
    if setting.key in SIZES:
        name = name_size(template, setting, line)
    elif setting.key == "when":
        name = line or make_identifier(f"has_{template.base.items[setting.slot].pattern}")
    else:
        name = SHORT.get(setting.key, setting.key)
        if setting.step == "rest":
            name = f"next_{name}"
    varying = [
        s for s in settings if s.key == setting.key and not s.is_constant and s.step == setting.step
    ]
    if (
        line
        and setting.key != "when"
        and (name in taken or is_ambiguous(template, setting, varying))
    ):
        name = name if name.startswith(line) else f"{line}_{name}"
    if name in (*BOUND, *CONTROL, "input", "previous") or iskeyword(name):
        name += "_value"
    return make_unique(name, taken, "")


def is_ambiguous(template: Template, setting: Setting, varying: list[Setting]) -> bool:
    """Tell whether calls of blocks in other lines have an argument of the same name."""
    calls = [s for s in varying if not isinstance(template.base.items[s.slot].operation, str)]
    return setting in calls and len({s.slot for s in calls}) > 1


def line_word(template: Template, slot: int) -> str:
    """Return the name of a line as a word, "" where it says no more than a number."""
    pattern = re.sub(r"\{.*?\}", "", template.base.items[slot].pattern)
    word = make_identifier(pattern)
    return "" if PLAIN.fullmatch(word) or not word[0].isalpha() else word


def name_size(template: Template, setting: Setting, line: str) -> str:
    """Return a name for output channels: of the block, of a named line, or by what they do."""
    sizes = [s.slot for s in template.settings if s.key in SIZES and s.step == ""]
    if setting.slot == max(sizes) or len(sizes) == 1:
        result = template.base.result[0]
        joined = result >= 0 and len(template.base.sources[result]) > 2
        return line if line and joined else "out"
    if line:
        return line
    channels = [(value, own) for value, own in zip(setting.values, template.channels, strict=True)]
    present = [(value, own) for value, own in channels if value is not ABSENT]
    if setting.slot == min(sizes) and all(value >= own for value, own in present):
        return "hidden"
    if setting.slot == min(sizes) and all(value <= own for value, own in present):
        return "reduce"
    return "width"
