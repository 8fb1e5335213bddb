"""The names that expressions see, and the work that they may do."""

from collections.abc import Collection, Sequence
from typing import Any

STEPS_A_LINE = 200  # of work, for each line that a network may have
MAX_LINES = 5_000


class ExpressionError(Exception):
    """An expression that cannot be read or has no value: the message and what would mend it."""

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message, self.hint = message, hint


class UnknownValue(Exception):
    """An expression over a value that is unknown because of an earlier problem; reported there."""


UNKNOWN: Any = object()
HINTS = {"true": "an expression writes True", "false": "an expression writes False"}


class Work:
    """The lines of a network, and the steps of its expressions, so far and at most."""

    def __init__(self, max_lines: int = MAX_LINES):
        self.lines, self.max_lines = 0, max_lines
        self.steps, self.max_steps = 0, STEPS_A_LINE * max_lines


class Scope:
    """The names that an expression sees: ``own`` ones, which hide those of ``outer``; and the work
    done so far.

    The names ``below`` get their values one after the other; ``declare`` says how a name would be
    declared; ``written`` are own values as they were written, each with the scope in which it was
    evaluated, None for this one: no scope refers to itself, so that what a network leaves behind
    goes without garbage collection."""

    declare = "args.{} = ..."

    def __init__(self, own: dict[str, Any], outer: "Scope | None" = None, work: Work | None = None):
        self.own, self.outer = own, outer
        self.below: Collection[str] = ()
        self.written: dict[str, tuple[Any, Scope | None]] = {}
        self.work: Work = work or (outer.work if outer else Work())

    def get(self, name: str) -> Any:
        """The value of ``name``. Raises KeyError where it is not declared, Unknown where it has no
        value."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.own:
                if scope.own[name] is UNKNOWN:
                    raise UnknownValue
                return scope.own[name]
            scope = scope.outer
        raise KeyError(name)

    def origin(self, name: str) -> "tuple[Dynamic, Scope] | None":
        """The expression that gave ``name`` its value, and its scope; None where no expression
        did."""
        scope: Scope | None = self
        while scope is not None and name not in scope.own:
            scope = scope.outer
        if scope is None:
            return None
        value, where = scope.written.get(name, (None, None))
        return (value, where or scope) if isinstance(value, Dynamic) and value.text else None

    def get_or_unknown(self, name: str) -> Any:
        """The value of ``name``, or UNKNOWN."""
        try:
            return self.get(name)
        except (KeyError, UnknownValue):
            return UNKNOWN

    def names(self) -> list[str]:
        """The names that are declared, own ones first."""
        return list(dict.fromkeys([*self.own, *(self.outer.names() if self.outer else [])]))

    def hint(self, name: str) -> str:
        """What would mend the use of ``name``, which is not declared; "" where that is not
        known."""
        return (
            "it is declared below: an argument sees those above it"
            if name in self.below
            else HINTS.get(name, "")
        )

    def spend(self, steps: int) -> None:
        """Count work. Raises ExpressionError where the network's expressions together do too much
        of it."""
        self.work.steps += steps
        if self.work.steps > self.work.max_steps:
            raise ExpressionError(
                f"the expressions of one network take at most {self.work.max_steps:,} steps together",
                "--max-lines raises the limit with the number of lines",
            )


class Dynamic:
    """A value that is computed anew for each scope. An expression has its ``text``, and the
    ``names`` in it."""

    text = ""
    names: Sequence[str] = ()

    def evaluate(self, scope: Scope) -> Any:
        raise NotImplementedError


class Faulty(Dynamic):
    """Stands for a value whose fault has been reported: what uses it stays unknown, and silent."""

    def evaluate(self, scope: Scope) -> Any:
        raise UnknownValue

    def __str__(self) -> str:
        return "?"


FAULTY = Faulty()
