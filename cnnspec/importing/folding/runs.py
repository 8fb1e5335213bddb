"""Items of a body: single lines, and runs of lines that call the same block one after the other."""

import re
from typing import Any

from cnnspec.importing.folding.bodies import FoldedLine
from cnnspec.importing.folding.wiring import line_inputs
from cnnspec.records import Record

Operation = Any  # the name of an operator, a Template, or SHARE
SHARE = "share"


class Rows(Record):
    """The rows of a table: for each call of a block the values of its arguments by name.

    ``equal`` are the arguments that the line gives, because they never differ."""

    block: Any
    rows: list[dict[str, Any]]
    equal: dict[str, Any]


class Item:
    """One or several lines of a body that become one line of the spec.

    ``columns`` has for each key of the line its values, one for each of ``lines``. ``sources`` are
    the nodes that the first line reads."""

    def __init__(self, operation: Operation, lines: list[FoldedLine], rows: list[dict[str, Any]]):
        self.operation, self.lines = operation, lines
        keys = dict.fromkeys(key for row in rows for key in row)
        self.columns = {key: [row.get(key, MISSING) for row in rows] for key in keys}
        self.is_run = False
        self.sources = line_inputs(lines[0])
        self.prefix = number_names([lines[0].name])[0]  # of the names of a run

    @property
    def pattern(self) -> str:
        """The name of the line; for a run with the counter i."""
        if not self.is_run:
            return self.lines[0].name
        _, start, step = number_names([line.name for line in self.lines])
        counter = "i" if step == 1 else f"{step} * i"
        return f"{self.prefix}{{{counter}{f' + {start}' * bool(start)}}}"

    @property
    def training_only(self) -> bool:
        return self.lines[0].training_only

    @property
    def output(self) -> int:
        return self.lines[-1].output


class Missing:
    """Stands for a key that a line does not have."""

    def __repr__(self) -> str:
        return "missing"


MISSING = Missing()


def number_names(names: list[str]) -> tuple[str, int, int]:
    """Return the prefix, the first number and the step of names that count, a step of 0 if none."""
    matches = [re.fullmatch(r"(.*?)(0|[1-9]\d*)", name) for name in names]
    found = [(match[1], int(match[2])) for match in matches if match]
    if len(found) < len(names) or len({prefix for prefix, _ in found}) > 1:
        return "", 0, 0
    numbers = [number for _, number in found]
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    counts = numbers == [numbers[0] + step * i for i in range(len(numbers))]
    return found[0][0], numbers[0], step if counts and step > 0 else 0


def find_runs(items: list[Item]) -> list[Item]:
    """Return the items with those that call the same block in a chain joined to runs.

    In a chain each line reads only the one before. The only
    call of a module is a run of one, so that lists of any length are alike."""
    result: list[Item] = []
    for item in items:
        last = result[-1] if result else None
        if last is not None and continues(last, item):
            last.lines.append(item.lines[0])
            for key, values in last.columns.items():
                values.extend(item.columns.get(key, [MISSING]))
        else:
            result.append(item)
    whole = len(result) == 1
    for item in result:
        counts = number_names([line.name for line in item.lines])[2] == 1
        single = whole and not isinstance(item.operation, str) and counts
        item.is_run = len(item.lines) > 1 or single
    return result


def can_repeat(last: Item, item: Item) -> bool:
    """Tell whether ``repeat`` can express an item after a run: a block, or an equal operator."""
    step = number_names([line.name for line in [*last.lines, item.lines[0]]])[2]
    before = last.lines[-1].body
    if before is not None:
        return step > 0 and before.outputs == [before.output]
    columns = [(values[0], item.columns[key][0]) for key, values in last.columns.items()]
    return step == 1 and all(a == b and type(a) is type(b) for a, b in columns)


def has_table(values: list[Any]) -> bool:
    """Tell whether one of the values is a table of rows."""
    return any(isinstance(value, Rows) for value in values)


def continues(last: Item, item: Item) -> bool:
    """Tell whether an item is the next of a run."""
    before = last.lines[-1]
    return (
        item.operation == last.operation != SHARE
        and item.columns.keys() == last.columns.keys()
        and item.sources == [before.output]
        and item.training_only == last.training_only
        and not any(has_table(column) for column in item.columns.values())
        and can_repeat(last, item)
    )
