"""Names of arguments, as a person would give them: out, kernel, stride, expand, branch2_reduce."""

import re
from collections.abc import Collection
from keyword import iskeyword

from cnnspec.importing.folding.columns import Setting
from cnnspec.importing.folding.drop_rates import INDEX
from cnnspec.importing.folding.expressions import ABSENT
from cnnspec.importing.folding.names import make_identifier, make_unique
from cnnspec.importing.folding.templates import Template
from cnnspec.spec.reader import BOUND, CONTROL

SHORT = {"kernel_size": "kernel", "repeat": "repeats", "each": "rows", INDEX: "index"}
SIZES = ("out_channels", "out_features")
PLAIN = re.compile(r"(conv|convs|fc|linear|layer|block|part|dw|pw)?_?[\d_]*")


def name_argument(
    template: Template, setting: Setting, taken: Collection[str], settings: list[Setting]
) -> str:
    """Return a name for the argument that sets one key of one line."""
    line = line_word(template, setting.slot)
    if setting.key in SIZES:
        name = name_size(template, setting, line, taken)
    elif setting.key == "when":
        name = line or make_identifier(called_name(template, setting.slot))
    else:
        name = SHORT.get(setting.key, setting.key)
        if setting.step == "rest":
            name = f"next_{name}"
    varying = [
        s for s in settings if s.key == setting.key and not s.is_constant and s.step == setting.step
    ]
    clashes = name in taken or is_ambiguous(template, setting, varying)
    if line and setting.key != "when" and clashes:
        name = name if name.startswith(line) else f"{line}_{name}"
    if name in (*BOUND, *CONTROL, "input", "previous") or iskeyword(name):
        name += "_value"
    return make_unique(name, taken, "")


def is_ambiguous(template: Template, setting: Setting, varying: list[Setting]) -> bool:
    """Tell whether calls in other lines have other values for an argument of the same name."""
    calls = [s for s in varying if not isinstance(template.base.items[s.slot].operation, str)]
    return setting in calls and any(s.values != setting.values for s in calls)


def line_word(template: Template, slot: int) -> str:
    """Return the name of a line as a word, "" where it says no more than a number."""
    pattern = re.sub(r"\{.*?\}", "", template.base.items[slot].pattern)
    word = make_identifier(pattern)
    return "" if PLAIN.fullmatch(word) or not word[0].isalpha() else word


def called_name(template: Template, slot: int) -> str:
    """Return the name of what a line calls."""
    called = template.base.items[slot].operation
    return called if isinstance(called, str) else called.name


def common_word(names: list[str]) -> str:
    """Return the word that all names begin with, before a number; "" if there is none."""
    words = {match[0] for name in names if (match := re.match(r"[A-Za-z]+(?=[\d_])", name))}
    return make_identifier(words.pop()) if len(words) == 1 and len(names) > 1 else ""


def name_size(template: Template, setting: Setting, line: str, taken: Collection[str]) -> str:
    """Return a name for output channels: of the block, of a named line, or by what they do."""
    sizes = [s.slot for s in template.settings if s.key in SIZES and s.step == ""]
    given = zip(setting.values, template.results, strict=True)
    if all(value is ABSENT or value == result for value, result in given):
        return "out"
    others = [s.slot for s in template.settings if s.key in SIZES and s.values == setting.values]
    if len(others) > 1:
        return common_word([template.base.items[slot].pattern for slot in others]) or "width"
    if line or len(sizes) == 1:
        return line or "out"
    channels = [(value, own) for value, own in zip(setting.values, template.channels, strict=True)]
    present = [(value, own) for value, own in channels if value is not ABSENT]
    leads_on = any((setting.slot, ()) in places for places in template.base.sources[:-1])
    first = leads_on and setting.slot == min(sizes)
    if first and all(value >= own for value, own in present):
        return "hidden"
    if first and all(value <= own for value, own in present):
        return "reduce"
    own_name = make_identifier(template.base.items[setting.slot].pattern)
    return own_name if "width" in taken and own_name[:1].isalpha() else "width"
