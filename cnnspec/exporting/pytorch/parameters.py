"""The arguments of the class of a block, and what the class writes for each number.

A number that all calls have is written as it is. Others follow from the arguments of the block's
calls, or become arguments of the class. In a loop they may also follow from the step."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from cnnspec.exporting.pytorch.loops import StepValues
from cnnspec.exporting.pytorch.optional_layers import find_holes
from cnnspec.exporting.pytorch.python_text import argument_name, free_name, write_literal
from cnnspec.exporting.pytorch.statements import ClassBody
from cnnspec.importing.folding.expressions import ABSENT, are_equal, find_expression

INPUTS = ("in_channels", "in_features")  # the ends of labels of what the input decides
Columns = dict[str, Sequence[Any]]


class LoopText:
    """What a loop needs beside the texts of its layers.

    ``tables`` are the values by step that no expression gives. ``channels`` is the variable of the
    channels that a step reads, ``first`` what it is at first, and ``following`` what it is for the
    next step; "" where no layer needs them."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Any]] = {}
        self.channels = self.first = self.following = ""


class ParameterFinder:
    """Finds ``texts``, by hole, and ``parameters``, with their values in all calls.

    ``rows`` are the values of the holes and ``known`` the arguments of the block, by call;
    ``loops`` has a LoopText for each hole that counts the steps of a loop."""

    def __init__(
        self,
        body: ClassBody,
        rows: list[list[Any]],
        known: list[dict[str, Any]],
        tables: bool,
        follows: bool = True,
    ):
        """Find them. ``tables`` says to write what differs between steps as a table if possible.

        ``follows`` says that loops need a variable for the channels that a step reads."""
        self.labels, self.tables, self.follows = body.labels, tables, follows
        self.columns = [list(values) for values in zip(*rows, strict=True)]
        common = [n for n in known[0] if all(n in call for call in known)]
        self.known: Columns = {
            n: [call[n] for call in known] for n in sorted(common, key="in_channels".__eq__)
        }
        self.own: Columns = {}
        self.used: set[str] = set()
        self.written: Columns = {}  # products that it writes, for conditions
        self.texts = [""] * len(self.columns)
        self.loops: dict[int, LoopText] = {}
        for statement in body.statements:
            holes = [hole.position for hole in find_holes(statement)]
            if statement.loop:
                *holes, count, inputs = holes
                self.write_number(count)
                steps = StepFinder(self, self.columns[inputs], len(body.statements) == 1)
                for i in holes:
                    column = self.columns[i]
                    self.texts[i] = steps.find(i) if is_by_step(column) else self.write_number(i)
                self.loops[count] = steps.finish(inputs, [self.texts[i] for i in holes])
            else:
                for i in holes:
                    self.write_number(i)
        for statement in body.statements:
            if statement.present:
                self.write_number(statement.present.position)
        ordered = [n for n in (*common, *self.own) if n in self.used]
        self.parameters = {n: [*(self.known | self.own)[n]] for n in ordered}

    def write_number(self, position: int) -> str:
        """Find the text of a hole that has one value in each call."""
        column, label = self.columns[position], self.labels[position]
        text = find_literal(column)
        if text is None:
            first = {
                n: c for n, c in self.known.items() if n == "in_channels" and label.endswith(INPUTS)
            }
            names: Columns = {**first, **self.known, **self.own}
            if all(type(value) is bool for value in column if value is not ABSENT):
                names = {**self.written, **names}
            text = find_expression(column, names)
            if text is None or "round_channels" in text:
                text = self.add_argument(label, column)
            elif "*" in text and any(type(value) is int for value in column):
                self.written.setdefault(text, evaluate(text, names))
            self.use(text)
        self.texts[position] = text
        return text

    def add_argument(self, label: str, column: Sequence[Any]) -> str:
        """Add an argument with the values of a column, and return its name."""
        given = [value for value in column if value is not ABSENT]
        name = argument_name(label, {*self.known, *self.own})
        self.own[name] = [given[0] if value is ABSENT else value for value in column]
        self.used.add(name)
        return name

    def use(self, text: str) -> None:
        """Note the arguments that a text has in it."""
        words = {*re.findall(r"\w+", text)}
        self.used |= {n for n in (*self.known, *self.own) if n in words}


class StepFinder:
    """Finds the texts of the holes of a loop. ``inputs`` are the channels of its steps, by call."""

    def __init__(self, found: ParameterFinder, inputs: Sequence[Any], alone: bool):
        self.found, self.alone = found, alone
        self.steps = [(call, i) for call, values in enumerate(inputs) for i in range(len(values))]
        self.several = any(len(values) > 1 for values in inputs)
        self.loop = LoopText()
        self.names: Columns = {
            "i": [i for _, i in self.steps],
            "in_channels": self.flatten(inputs),
        }

    def flatten(self, column: Sequence[Any]) -> list[Any]:
        """Return the values of all steps, for values by step or by call."""
        by_step = is_by_step(column)
        return [column[call][i] if by_step else column[call] for call, i in self.steps]

    def all_names(self) -> Columns:
        """Return the values of all known names in all steps; a loop hides the class's channels."""
        names: Columns = {}
        for name, column in (self.found.known | self.found.own).items():
            if isinstance(column[0], tuple):  # by step
                names[f"{name}[i]"] = [column[call][i] for call, i in self.steps]
            else:
                names[name] = self.flatten(column)
        return {**names, "in_channels": self.names["in_channels"], **self.loop.tables}

    def find(self, position: int) -> str:
        """Return the text of a hole that has a value in each step."""
        column, label = self.found.columns[position], self.found.labels[position]
        flat, names = self.flatten(column), self.all_names()
        if label.endswith(INPUTS):
            names = {"in_channels": names["in_channels"], **names}
        text = find_literal(flat)
        if text is None and self.found.tables:
            text = next((name for name, c in names.items() if are_equal(c, flat)), None)
        elif text is None:
            text = self.find_first(flat, {}) or find_expression(flat, names)
            text = text or self.find_first(flat, names)
            text = text or find_expression(flat, {**names, "i": self.names["i"]})
        if text is None or "round_channels" in text:
            text = self.add_column(label, column)
        self.found.use(re.sub(r"\bin_channels\b", "", text))
        return text

    def find_first(self, flat: list[Any], names: Columns) -> str | None:
        """Return the text of values where the first step of each call differs from all others."""
        texts: list[str] = []
        for first in (True, False):
            places = [k for k, (_, i) in enumerate(self.steps) if (i == 0) == first]
            values = [flat[k] for k in places]
            text = find_literal(values) if values else None
            if text is None and names and values:
                text = find_expression(
                    values, {n: [c[k] for k in places] for n, c in names.items()}
                )
            if text is None:
                return None
            texts.append(text)
        return f"{texts[0]} if i == 0 else {texts[1]}"

    def add_column(self, label: str, column: Sequence[Any]) -> str:
        """Return the name of a new column of the loop's table, or of a new argument."""
        if all(steps == column[0] for steps in column):
            name = argument_name(label, {*self.found.known, *self.found.own, *self.loop.tables})
            self.loop.tables[name] = self.flatten(column)
            return name
        if all(find_literal(steps) for steps in column):
            return self.found.add_argument(label, [steps[0] for steps in column])
        name = self.found.add_argument(label, [fill_gaps(steps) for steps in column])
        return f"{name}[i]"

    def finish(self, inputs: int, texts: Iterable[str]) -> LoopText:
        """Return the loop's text, with the variable of the channels that its steps read."""
        loop, found = self.loop, self.found
        found.texts[inputs] = "0"
        if not found.follows or not any(re.search(r"\bin_channels\b", t) for t in texts):
            return loop
        places = [k for k, (_, i) in enumerate(self.steps) if i]
        after = [self.names["in_channels"][k] for k in places]
        names: Columns = {n: [c[k - 1] for k in places] for n, c in self.all_names().items()}
        column = [values[0] for values in found.columns[inputs]]
        first = find_literal(column) or find_expression(column, found.known)
        loop.first = first or found.add_argument(found.labels[inputs], column)
        found.use(loop.first)
        if are_equal(after, names["in_channels"]):
            following: str | None = "in_channels"
        else:
            steps = {**names, "i": [self.names["i"][k - 1] for k in places]}
            following = find_literal(after) or find_expression(after, names)
            following = following or find_expression(after, steps)
        growth = {new - old for new, old in zip(after, names["in_channels"], strict=True)}
        if following is None and len(growth) == 1:
            following = f"in_channels + {growth.pop()}"
        if following is None:
            column = [StepValues([*row[1:], row[-1]]) for row in found.columns[inputs]]
            following = self.add_column("out_channels", column)
        found.use(re.sub(r"\bin_channels\b", "", following))
        taken = {*found.known, *found.own, *loop.tables}
        loop.channels = "in_channels" if self.alone else free_name("channels", taken)
        loop.following = "" if following == "in_channels" else following
        return loop


def is_by_step(column: Sequence[Any]) -> bool:
    """Tell whether a column has a value in each step of a loop."""
    return any(type(value) is StepValues for value in column)


def fill_gaps(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return values with another one, or 0.0, in the place of each that does not exist."""
    given = [value for value in values if value is not ABSENT] or [0]
    filler = 0.0 if type(given[0]) is float else given[0]
    return tuple(filler if value is ABSENT else value for value in values)


def find_literal(column: Sequence[Any]) -> str | None:
    """Return the text of the one value that a column has, or None where it has several."""
    given = [value for value in column if value is not ABSENT]
    return write_literal(given[0]) if given and are_equal(given, given[:1] * len(given)) else None


def evaluate(text: str, names: Columns) -> list[Any]:
    """Return the values of a product such as ``4 * width`` or ``a * b``."""
    factors = [
        names.get(factor) or [int(factor)] * len(next(iter(names.values())))
        for factor in text.split(" * ")
    ]
    return [a * b for a, b in zip(*factors, strict=True)]
