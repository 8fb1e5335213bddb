"""The settings of a template: for each key of each line its values in all calls of the block."""

from itertools import pairwise
from typing import Any

from cnnspec.importing.folding.expressions import ABSENT
from cnnspec.importing.folding.runs import MISSING, SHARE, Item, Rows
from cnnspec.importing.folding.templates import Template
from cnnspec.ops.registry import load_operator


class Setting:
    """One key of one line of a template, with its value in each member.

    ``step`` says which part of a run the values are for: "" for all lines, "first" and "rest" where
    the first differs from the others, "start" where they count up from it by ``slope``. The key
    "repeat" is the number of lines, "each" a table of rows, and "when" whether the line is there.
    """

    def __init__(self, slot: int, key: str, values: list[Any], step: str = "", slope: int = 0):
        self.slot, self.key, self.values, self.step, self.slope = slot, key, values, step, slope
        self.is_constant = False
        self.constant: Any = None
        self.expression = ""
        self.items: list[Any] = []  # of a list, with expressions


def list_settings(template: Template) -> list[Setting]:
    """Return the settings of all lines of a template, in the order of the text."""
    settings = []
    for slot in range(len(template.base.items)):
        items = [template.item(k, slot) for k in range(len(template.members))]
        base = template.base.items[slot]
        if base.operation == SHARE:
            pass
        elif base.is_run:
            settings += run_settings(slot, items)
        else:
            settings += line_settings(slot, items, base)
        present = [item is not None for item in items]
        if not all(present):
            settings.append(Setting(slot, "when", present))
    return settings


def line_settings(slot: int, items: list[Item | None], base: Item) -> list[Setting]:
    """Return the settings of a single line, with the default where a call does not set a key."""
    keys = dict.fromkeys(key for item in items if item for key in item.columns)
    settings = []
    for key in sorted(keys, key=lambda key: key in ("norm", "activation")):
        values = [item.columns.get(key, [MISSING])[0] if item else ABSENT for item in items]
        if any(v is MISSING for v in values):
            values = [default_value(base, key) if v is MISSING else v for v in values]
        settings.append(Setting(slot, key, values))
    return settings


def default_value(item: Item, key: str) -> Any:
    """Return the value of a key that a line does not set."""
    if key in ("norm", "activation") or not isinstance(item.operation, str):
        return "none"
    return load_operator(item.operation).defaults[key]


def run_settings(slot: int, items: list[Item | None]) -> list[Setting]:
    """Return the settings of a run: columns that repeat can express, or else a table of rows."""
    present = [item for item in items if item]
    counts = [len(item.lines) if item else ABSENT for item in items]
    keys = [*dict.fromkeys(key for item in present for key in item.columns)]
    for item in present:
        for key in keys:
            if key not in item.columns:
                item.columns[key] = [default_value(item, key)] * len(item.lines)
    found: dict[str, list[Setting]] = {}
    for key in keys:
        columns = [item.columns[key] if item else ABSENT for item in items]
        found[key] = column_settings(slot, key, columns)
    varying = [key for key in keys if len(found[key]) != 1 or found[key][0].step == "start"]
    short = len(items) == 1 and len(varying) > 1
    if short or not all(found.values()):
        return each_settings(slot, items, keys)
    return [Setting(slot, "repeat", counts), *(s for key in keys for s in found[key])]


def column_settings(slot: int, key: str, columns: list[Any]) -> list[Setting]:
    """Return how ``repeat`` gives one key its values; nothing if it cannot."""
    lists = [column for column in columns if column is not ABSENT]
    if all(same_values(column) for column in lists):
        values = [column[0] if column is not ABSENT else ABSENT for column in columns]
        return [Setting(slot, key, values)]
    slopes = {b - a for column in lists if all_integers(column) for a, b in pairs(column)}
    if len(slopes) == 1 and all(map(all_integers, lists)) and max(map(len, lists)) > 2:
        starts = [column[0] if column is not ABSENT else ABSENT for column in columns]
        return [Setting(slot, key, starts, "start", slopes.pop())]
    if all(same_values(column[1:]) and not has_lists(column) for column in lists):
        first = [column[0] if column is not ABSENT else ABSENT for column in columns]
        rest = [
            column[1] if column is not ABSENT and len(column) > 1 else ABSENT for column in columns
        ]
        return [Setting(slot, key, first, "first"), Setting(slot, key, rest, "rest")]
    return []


def each_settings(slot: int, items: list[Item | None], keys: list[str]) -> list[Setting]:
    """Return the settings of a run with a table of rows, and of the keys that are always equal."""
    present = [item for item in items if item]
    values = {key: [v for item in present for v in item.columns[key]] for key in keys}
    equal = {key: column[0] for key, column in values.items() if same_values(column)}
    tables = [
        Rows(
            item.operation,
            [
                {key: item.columns[key][i] for key in keys if key not in equal}
                for i in range(len(item.lines))
            ],
            equal,
        )
        if item
        else ABSENT
        for item in items
    ]
    constants = [Setting(slot, key, [value] * len(items)) for key, value in equal.items()]
    return [Setting(slot, "each", tables), *constants]


def has_lists(values: list[Any]) -> bool:
    """Tell whether an expression cannot give one of the values."""
    return any(isinstance(value, list | Rows) for value in values)


def same_values(values: list[Any]) -> bool:
    """Tell whether all values are equal."""
    return all(value == values[0] and type(value) is type(values[0]) for value in values[1:])


def all_integers(values: list[Any]) -> bool:
    """Tell whether all values are integers and no booleans."""
    return all(type(value) is int for value in values)


def pairs(values: list[Any]) -> list[tuple[Any, Any]]:
    """Return each value with the next."""
    return [*pairwise(values)]
