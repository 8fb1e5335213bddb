"""Reading values while collecting problems: every fault is noted with its place, and reading goes
on."""

import re
from collections.abc import Iterable
from keyword import iskeyword
from typing import Any

from cnnspec.ops.kit.fields import Field, OperatorError, describe_value
from cnnspec.problems import Problem, TooManyProblems, visible
from cnnspec.spec.expressions import compile_value
from cnnspec.spec.scope import FAULTY, Dynamic, ExpressionError
from cnnspec.spec.source import Path, Source

MAX_PROBLEMS = 200
FORBIDDEN = frozenset("./\\\"'`:")  # in names
RESERVED = ("input", "previous")
CONTROL = ("name", "op", "from", "repeat", "each", "when", "share", "training_only")
BOUND = {
    "in_channels": "it stands for the channels of the first input",
    "i": "it counts the lines of repeat and each",
    "true": "it is a boolean",
    "false": "it is a boolean",
}


class SpecReader:
    """The problems found so far in the files of one network."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(
        self, source: Source, path: Path, rule: str, message: str, hint: str = "", key: bool = False
    ) -> None:
        """Note a problem with the value at ``path``, or with its key. Raises TooMany."""
        if len(self.problems) >= MAX_PROBLEMS:
            raise TooManyProblems
        self.problems.append(Problem(source.where(path, key), rule, message, hint))

    def unknown(self, source: Source, path: Path, known: list[str], what: str) -> str:
        """Note a key that nothing reads; the key that is meant, or nothing."""
        from cnnspec.spec.vocabulary import field_hint, field_meant  # on the error path only

        name = str(path[-1])
        self.add(
            source,
            path,
            "L001",
            f"{visible(name, 60)} is not a key of {what}",
            field_hint(name, known, "known here: " + ", ".join(known[:24])),
            key=True,
        )
        return field_meant(name, known)

    def compile(self, source: Source, path: Path, value: Any) -> Any:
        """The value with its expressions read; FAULTY, and a problem with each one that cannot
        be."""
        try:
            return compile_value(value)
        except ExpressionError:
            self.compile_parts(source, path, value)
        except RecursionError:
            self.add(source, path, "L007", "the value nests too deeply")
        return FAULTY

    def compile_parts(self, source: Source, path: Path, value: Any) -> None:
        """Note every expression in ``value`` that cannot be read."""
        inside = [(path, value)]
        while inside:
            where, part = inside.pop()
            if isinstance(part, list | dict):
                pairs = part.items() if isinstance(part, dict) else enumerate(part)
                inside.extend([((*where, key), v) for key, v in pairs])
                continue
            try:
                compile_value(part)
            except ExpressionError as error:
                self.add(source, where, "L007", error.message, error.hint)

    def typed(
        self, source: Source, path: Path, value: Any, kind: type | tuple[type, ...], takes: str
    ) -> Any:
        """``value`` if it is of the kind (a boolean is no integer); None, and a problem, where it
        is not."""
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        what = path[-1] if isinstance(path[-1], str) else f"an item of {path[-2]}"
        self.add(
            source, path, "L003", f"{visible(what, 60)} is {takes}, not {describe_value(value)}"
        )
        return None

    def fits(
        self, source: Source, path: Path, name: str, field: Field, value: Any, names: Iterable[str]
    ) -> bool:
        """Whether a plain value fits the field of the operator ``name``; a problem where it does
        not.

        ``names`` are those that an expression there sees.
        """
        try:
            if not is_dynamic(value):
                field.read(value)
        except OperatorError as misfit:
            self.add(
                source,
                path,
                misfit.rule,
                f"{name}: {misfit.message}",
                misfit.hint or quoted(value, names),
            )
            return False
        return True

    def names(self, source: Source, path: Path, value: Any, what: str) -> tuple[str, ...]:
        """A list of different, proper names; a bad one is left out with a problem."""
        values = self.typed(source, path, value, list, f"a list of names of {what}") or []
        found: dict[str, None] = {}
        for i, v in enumerate(values):
            if self.named(source, (*path, i), v, what):
                if v in found:
                    self.add(source, (*path, i), "L004", f"{visible(v, 60)} is there twice")
                else:
                    found[v] = None
        return tuple(found)

    def named(
        self, source: Source, path: Path, value: Any, what: str, reserved: bool = True
    ) -> bool:
        """Whether ``value`` is a proper name; a problem where it is not."""
        fault = name_fault(value)
        if not fault and reserved and value in RESERVED:
            fault = f'"{value}" is reserved: it names what the block or the line before gives'
        if not fault and what.startswith("argument"):
            fault = argument_fault(value)
        if fault:
            self.add(source, path, "L004", fault if what == "name" else f"{what}: {fault}")
        return not fault


def quoted(value: Any, names: Iterable[str]) -> str:
    """The hint for text that should have been a number, or an expression with one of ``names``; or
    nothing."""
    if isinstance(value, str) and value in names:
        return f'"{{{value}}}" takes its value'
    if isinstance(value, str) and re.fullmatch(
        r"-?\d{1,40}(\.\d{1,40})?|true|false|\[[\d, ]{1,60}\]", value
    ):
        return f"it stands without quotes: {value}"
    return ""


def name_fault(name: Any) -> str:
    """What is wrong with a name, or nothing: 1 to 100 printable characters, without dots, slashes
    and quotes."""
    if not isinstance(name, str):
        return f"a name is text, not {describe_value(name)}"
    if not 1 <= len(name) <= 100 or name != name.strip():
        return f"a name has 1 to 100 characters and no blanks around it, not {describe_value(name)}"
    if not name.isprintable() or not FORBIDDEN.isdisjoint(name):
        bad = next(c for c in name if not c.isprintable() or c in FORBIDDEN)
        return (
            f"{describe_value(name)} holds {describe_value(bad)}, but names are printable and without . / \\"
            " : and quotes"
        )
    return ""


def argument_fault(name: str) -> str:
    """What keeps a proper name from being an argument's, or nothing: expressions and lines must be
    able to use it."""
    if not name.isidentifier() or iskeyword(name):
        return (
            f"{describe_value(name)} cannot stand in an expression: arguments are called by letters,"
            " digits and _"
        )
    if name in BOUND:
        return f'"{name}" is taken: {BOUND[name]}'
    return f'"{name}" is taken: every line has that key' if name in CONTROL else ""


def is_dynamic(value: Any) -> bool:
    return isinstance(value, Dynamic)
