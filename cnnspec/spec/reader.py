"""Reads the values of a spec and collects all problems in it, instead of stopping at the first."""

import re
from collections.abc import Iterable, Mapping
from keyword import iskeyword
from typing import Any

from cnnspec.ops.kit.fields import describe_value, field_errors
from cnnspec.ops.registry import load_operator
from cnnspec.problems import Problem, TooManyProblems, list_first, visible
from cnnspec.spec.expressions import compile_value
from cnnspec.spec.scope import FAULTY, Dynamic, ExpressionError
from cnnspec.spec.source import Fields, Path, Source

MAX_PROBLEMS = 200
FORBIDDEN = frozenset("./\\\"'`:")  # in names
RESERVED = ("input", "previous")
NEEDED = ("name", "input", "layers")
ABOUT = ("title", "year", "source", "task", "input")
KEYS = (  # of a network
    "name",
    *ABOUT,
    "args",
    "inputs",
    "outputs",
    "layers",
    "blocks",
    "variants",
    "include",
    "reference",
    "model",
    "budget",
    "claims",
)
CONTROL = ("name", "op", "from", "repeat", "each", "when", "share", "training_only")  # of a line
SHORTHAND = ("norm", "activation")  # keys of an operator's line for operators behind it
BOUND = {
    "in_channels": "it means the channels of the first input",
    "i": "it counts the instances of repeat and each",
    "true": "it is a boolean",
    "false": "it is a boolean",
}


class SpecReader:
    """Reads values in the files of one network, and keeps the problems found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def report(
        self, source: Source, path: Path, rule: str, message: str, hint: str = "", key: bool = False
    ) -> None:
        """Add a problem of the value at ``path``, or of its key. Raises TooManyProblems."""
        if len(self.problems) >= MAX_PROBLEMS:
            raise TooManyProblems
        self.problems.append(Problem(source.where(path, key), rule, message, hint))

    def report_unknown_key(self, source: Source, path: Path, known: list[str], what: str) -> None:
        """Report a key that ``what`` does not have."""
        from cnnspec.spec.hints import field_hint  # only where something is wrong

        name = str(path[-1])
        hint = field_hint(name, known, "known here: " + list_first(known, 24))
        message = f"{visible(name, 60)} is not a key of {what}"
        self.report(source, path, "L001", message, hint, key=True)

    def report_field_errors(
        self,
        source: Source,
        path: Path,
        kind: str,
        written: Mapping[str, Any],
        names: Iterable[str],
        partial: bool = False,
    ) -> set[str]:
        """Report what is wrong with the fields of an operator; return the names of those fields.

        Values that are expressions are not checked. ``names`` are those that an expression can use
        there. ``partial`` fields may be filled in elsewhere, so that none is missing.
        """
        fields = load_operator(kind).fields
        known = [*fields, *SHORTHAND, *CONTROL]

        def meant(name: str) -> str:
            from cnnspec.spec.hints import field_meant  # only where something is wrong

            return field_meant(name, known)

        values = {key: value for key, value in written.items() if not isinstance(value, Dynamic)}
        errors = field_errors(fields, values, written, meant)
        for error in errors:
            message, hint = f"{kind}: {error.message}", error.hint
            if error.rule == "L002":
                if not partial:
                    self.report(source, path, error.rule, message, hint)
                continue
            if error.rule == "L001":
                from cnnspec.spec.hints import field_hint  # only where something is wrong

                hint = field_hint(error.field, known, "known here: " + ", ".join(fields))
            else:
                hint = hint or quoted(values[error.field], names)
            where = (*path, error.field)
            self.report(source, where, error.rule, message, hint, key=error.rule == "L001")
        return {error.field for error in errors}

    def compile_expressions(self, source: Source, path: Path, value: Any) -> Any:
        """Return the value with its expressions compiled; FAULTY if one is wrong and reported."""
        try:
            return compile_value(value)
        except ExpressionError:
            self.report_expressions(source, path, value)
        except RecursionError:
            self.report(source, path, "L007", "the value nests too deeply")
        return FAULTY

    def report_expressions(self, source: Source, path: Path, value: Any) -> None:
        """Report every expression in ``value`` that is wrong."""
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
                self.report(source, where, "L007", error.message, error.hint)

    def check_type(
        self, source: Source, path: Path, value: Any, kind: type | tuple[type, ...], takes: str
    ) -> Any:
        """Return ``value`` if it has the type ``kind``; else report that, and return None.

        A boolean is no integer. ``takes`` says what the key takes.
        """
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        what = path[-1] if isinstance(path[-1], str) else f"an item of {path[-2]}"
        self.report(
            source, path, "L003", f"{visible(what, 60)} is {takes}, not {describe_value(value)}"
        )
        return None

    def read_names(self, source: Source, path: Path, value: Any, what: str) -> tuple[str, ...]:
        """Read a list of different names. Bad ones are reported and left out."""
        values = self.check_type(source, path, value, list, f"a list of names of {what}") or []
        found: dict[str, None] = {}
        for i, v in enumerate(values):
            if self.check_name(source, (*path, i), v, what):
                if v in found:
                    message = f"the name {visible(v, 60)} appears twice"
                    self.report(source, (*path, i), "L004", message)
                else:
                    found[v] = None
        return tuple(found)

    def check_name(self, source: Source, path: Path, value: Any, what: str) -> bool:
        """Whether ``value`` can be the name of a ``what``; a problem where it cannot."""
        fault = name_fault(value)
        if not fault and value in RESERVED:
            fault = f'"{value}" is reserved: it means what the block or the line before gives'
        if not fault and what.startswith("argument"):
            fault = argument_fault(value)
        if fault:
            self.report(source, path, "L004", fault if what == "name" else f"{what}: {fault}")
        return not fault


def require_key(reader: SpecReader, source: Source, key: str, what: str, example: str) -> None:
    """Report a key that the network lacks, at the place where a table's header swallowed it."""
    if key in source.data:
        return
    path = find_swallowed(source.data, key)
    hint = move_up_hint(path) if path else example
    reader.report(source, path, "L002", f"a spec needs {what}", hint, key=bool(path))


def find_swallowed(data: Fields, key: str) -> Path:
    """Return the path of ``key`` in a table that has no such key; () where there is none."""
    tables: dict[Path, Any] = {("args",): data.get("args")}
    for group in ("variants", "blocks"):
        named = data.get(group)
        if isinstance(named, dict):
            tables |= {(group, name): table for name, table in named.items()}
    for path, table in tables.items():
        if isinstance(table, dict) and key in table:
            belongs = {"variants": key in ABOUT, "blocks": key == "layers" and "op" not in table}
            if not belongs.get(str(path[0])):
                return (*path, key)
    return ()


def move_up_hint(path: Path) -> str:
    """Return the hint for a key that is below a table's header but belongs to the network."""
    *header, key = map(str, path)
    table = visible(".".join(header), 60)
    return f"{key} is below [{table}], which makes it {table}.{key}: move it above that header"


def quoted(value: Any, names: Iterable[str]) -> str:
    """Return the hint for a text that should be a number, or an expression of one of ``names``."""
    if isinstance(value, str) and value in names:
        return f'write "{{{value}}}" for its value'
    if isinstance(value, str) and re.fullmatch(
        r"-?\d{1,40}(\.\d{1,40})?|true|false|\[[\d, ]{1,60}\]", value
    ):
        return f"write it without quotes: {value}"
    return ""


def name_fault(name: Any) -> str:
    """Say what is wrong with a name, or nothing.

    A name has 1 to 100 printable characters, without dots, slashes and quotes.
    """
    if not isinstance(name, str):
        return f"a name is text, not {describe_value(name)}"
    if not 1 <= len(name) <= 100 or name != name.strip():
        return f"a name has 1 to 100 characters and no blanks around it, not {describe_value(name)}"
    if not name.isprintable() or not FORBIDDEN.isdisjoint(name):
        bad = next(c for c in name if not c.isprintable() or c in FORBIDDEN)
        return (
            f"{describe_value(name)} contains {describe_value(bad)}, "
            "but names are printable and without . / \\ : and quotes"
        )
    return ""


def argument_fault(name: str) -> str:
    """Say what keeps a name from being an argument's, or nothing.

    Expressions and lines must be able to use it.
    """
    if not name.isidentifier() or iskeyword(name):
        return (
            f"{describe_value(name)} cannot be used in an expression: the name of an argument has"
            " letters, digits and _ only"
        )
    if name in BOUND:
        return f'"{name}" is taken: {BOUND[name]}'
    return f'"{name}" is taken: every line has that key' if name in CONTROL else ""
