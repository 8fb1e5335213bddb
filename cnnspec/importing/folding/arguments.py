"""The arguments of a block: what differs between its calls, named, and what follows from them."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from cnnspec.importing.folding.argument_names import name_argument
from cnnspec.importing.folding.columns import Setting, list_settings
from cnnspec.importing.folding.drop_rates import INDEX
from cnnspec.importing.folding.expressions import ABSENT, Values, are_equal, find_expression
from cnnspec.importing.folding.templates import Template

SIZES = ("out_channels", "out_features")
SIZE = "size"
OTHER_KINDS = ("kernel_size", "stride", "dilation", "padding", "repeat", "each", "when", INDEX)
ORDER = {"kernel_size": 2, "stride": 3, "groups": 4, "when": 9}
LARGEST_RATIO = 16


def choose_arguments(template: Template, channels: Callable[[int], int]) -> None:
    """Set the arguments of a template and the values of its lines in terms of them.

    ``channels`` gives the channels of a node. What is equal in all calls is written as it is; what
    differs is an expression of other arguments where one fits, else an argument."""
    bodies = [member.body for member in template.members]
    own = [channels(body.inputs[0]) if body.inputs else 0 for body in bodies]
    settings = list_settings(template)
    template.settings, template.channels = settings, own
    template.results = [channels(body.output) for body in bodies]
    known: dict[str, Values] = {"in_channels": own}
    template.kinds = {"in_channels": SIZE}
    for setting in settings:
        present = [v for v in setting.values if v is not ABSENT]
        if len(bodies) == 1 or not present or all(same(v, present[0]) for v in present):
            setting.constant = present[0] if present else None
            setting.is_constant = True
    varying = [setting for setting in settings if not setting.is_constant]
    for setting in sorted(varying, key=lambda s: rank(template, s)):
        usable = find_usable(template, setting, known)
        setting.items = find_items(setting.values, usable)
        if setting.items:
            continue
        text = find_ratio(template, setting, known, optional=True)
        text = text or find_expression(setting.values, usable)
        text = text or find_ratio(template, setting, known, optional=False)
        if text is None:
            name = name_argument(template, setting, known, settings)
            known[name] = fill_setting(setting, own)
            template.kinds[name] = kind_of(template, setting)
            text = name
        setting.expression = text
    used = {
        name: list(values)
        for setting in settings
        for name, values in known.items()
        if name != "in_channels" and uses(f"{setting.expression} {setting.items}", name)
    }
    template.args = used


def kind_of(template: Template, setting: Setting) -> str:
    """Return what a setting is: a size in channels, or what its key says.

    An argument of a block is what it sets inside of the block."""
    called = template.base.items[setting.slot].operation
    if isinstance(called, Template) and setting.key in called.kinds:
        return called.kinds[setting.key]
    return setting.key if setting.key in OTHER_KINDS or isinstance(called, Template) else SIZE


def find_usable(template: Template, setting: Setting, known: dict[str, Values]) -> dict[str, Any]:
    """Return the known values from which a setting can follow: those of its own kind.

    Equal numbers of other kinds are a coincidence. A line can be absent for any reason but the
    number of a layer, unless it uses that itself."""
    kind = kind_of(template, setting)
    kinds = {kind, "kernel_size"} if kind == "padding" else {kind}
    if kind == "when":
        kinds = {*template.kinds.values()}
        if INDEX not in template.base.items[setting.slot].columns:
            kinds.discard(INDEX)
    return {name: known[name] for name, other in template.kinds.items() if other in kinds}


def same(value: Any, other: Any) -> bool:
    """Tell whether two values are equal, with their types."""
    return are_equal([value], [other])


def uses(expression: str, name: str) -> bool:
    """Tell whether an expression uses a name."""
    words = "".join(c if c.isalnum() or c == "_" else " " for c in expression).split()
    return name in words


def rank(template: Template, setting: Setting) -> tuple[Any, ...]:
    """Return the place of a setting in the order in which arguments are chosen.

    The channels that the block gives come first, because others follow from them; whether a line
    is present comes last."""
    absent = any(v is ABSENT for v in setting.values)
    if setting.key == "when":
        return (9, setting.slot)
    if setting.key in SIZES:
        return (1 if absent else 0, -setting.slot)
    return (3 if absent else 2, ORDER.get(setting.key, 5), setting.slot)


def find_items(values: Values, known: dict[str, Values]) -> list[Any]:
    """Return a list whose items are numbers and expressions; none if not all values are lists."""
    present = [v for v in values if v is not ABSENT]
    if not all(isinstance(v, list) for v in present) or len({len(v) for v in present}) != 1:
        return []
    items: list[Any] = []
    for k in range(len(present[0])):
        column = [ABSENT if v is ABSENT else v[k] for v in values]
        item = next(v for v in column if v is not ABSENT)
        if not all(v is ABSENT or same(v, item) for v in column):
            text = find_expression(column, known)
            if text is None:
                return []
            item = f"{{{text}}}"
        items.append(item)
    return items


def find_ratio(
    template: Template, setting: Setting, known: dict[str, Values], optional: bool
) -> str | None:
    """Return ``expand * in_channels`` with a new argument, where the ratio is a small integer.

    A line that is absent has the ratio 1, so that its ``when`` is ``ratio > 1``."""
    if setting.key not in SIZES or setting.step != "":
        return None
    pairs = [*zip(setting.values, known["in_channels"], strict=True)]
    present = [(v, c) for v, c in pairs if v is not ABSENT]
    whole = all(v % c == 0 and v // c <= LARGEST_RATIO for v, c in present)
    ratios = {v // c for v, c in present}
    if optional != (len(present) < len(pairs)) or not whole or min(ratios) < 2:
        return None
    last = max(s.slot for s in template.settings if s.key in SIZES)
    if setting.slot == last or len({c for _, c in present}) < 3:
        return None
    name = "expand" if "expand" not in known else f"expand{len(known)}"
    known[name] = [1 if v is ABSENT else v // c for v, c in pairs]
    template.kinds[name] = "ratio"
    return f"{name} * in_channels"


def fill_setting(setting: Setting, channels: list[int]) -> list[Any]:
    """Return the values of a setting with some in place of those that are absent."""
    if setting.key == INDEX:
        return count_on(setting.values)
    return fill_absent(setting.values, channels if setting.key in SIZES else None)


def count_on(values: Values) -> list[int]:
    """Return numbers with those that are absent one more than the number before."""
    filled: list[int] = []
    for i, value in enumerate(values):
        if value is ABSENT:
            later = next((k for k in range(i, len(values)) if values[k] is not ABSENT), i)
            value = filled[-1] + 1 if filled else max(values[later] - (later - i), 0)
        filled.append(value)
    return filled


def fill_absent(values: Values, channels: list[int] | None) -> list[Any]:
    """Return values with some in place of those that are absent.

    An absent size is the number of input channels if no other has that, so that its ``when`` can
    compare them; other values are the most common one."""
    present = [v for v in values if v is not ABSENT]
    if len(present) == len(values):
        return present
    if channels is not None and not any(v == c for v, c in zip(values, channels, strict=True)):
        return [c if v is ABSENT else v for v, c in zip(values, channels, strict=True)]
    common, _ = Counter(map(repr, present)).most_common(1)[0]
    filler = next(v for v in present if repr(v) == common)
    return [filler if v is ABSENT else v for v in values]
