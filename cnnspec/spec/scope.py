"""The names that expressions can use, and the limit of their work."""

from collections.abc import Collection, Sequence
from typing import Any

STEPS_A_LINE = 200  # steps of expressions, for each line that a network may have
MAX_LINES = 5_000


class ExpressionError(Exception):
    """An expression that cannot be read or has no value: the message and a hint."""

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message, self.hint = message, hint


class UnknownValue(Exception):
    """An expression uses a value that is unknown because of a problem that was reported."""


UNKNOWN: Any = object()
HINTS = {"true": "an expression writes True", "false": "an expression writes False"}


class Work:
    """The lines of a network, and the steps of its expressions, so far and at most."""

    def __init__(self, max_lines: int = MAX_LINES):
        self.lines, self.max_lines = 0, max_lines
        self.steps, self.max_steps = 0, STEPS_A_LINE * max_lines


class Scope:
    """The names that an expression can use: its ``own``, which hide those of ``outer``.

    ``below`` are names that get their values one after the other, ``declare`` says how a name is
    declared here. ``written`` holds own values as they are written, each with the scope that
    evaluated it. That scope is None for this one: no scope refers to itself, so that networks are
    freed without garbage collection."""

    declare = "args.{} = ..."

    def __init__(self, own: dict[str, Any], outer: "Scope | None" = None, work: Work | None = None):
        self.own, self.outer = own, outer
        self.below: Collection[str] = ()
        if outer is not None:
            self.declare, self.below = outer.declare, outer.below
        self.written: dict[str, tuple[Any, Scope | None]] = {}
        self.work: Work = work or (outer.work if outer else Work())

    def get(self, name: str) -> Any:
        """Return the value of ``name``. Raises KeyError, or UnknownValue if it has none."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.own:
                if scope.own[name] is UNKNOWN:
                    raise UnknownValue
                return scope.own[name]
            scope = scope.outer
        raise KeyError(name)

    def origin(self, name: str) -> "tuple[Dynamic, Scope] | None":
        """Return the expression that gave ``name`` its value, and its scope, if there is one."""
        scope: Scope | None = self
        while scope is not None and name not in scope.own:
            scope = scope.outer
        if scope is None:
            return None
        value, where = scope.written.get(name, (None, None))
        return (value, where or scope) if isinstance(value, Dynamic) and value.text else None

    def get_or_unknown(self, name: str) -> Any:
        """Return the value of ``name``, or UNKNOWN."""
        try:
            return self.get(name)
        except (KeyError, UnknownValue):
            return UNKNOWN

    def names(self) -> list[str]:
        """List the names that are declared, own ones first."""
        return list(dict.fromkeys([*self.own, *(self.outer.names() if self.outer else [])]))

    def hint(self, name: str) -> str:
        """Return the hint for ``name``, which is not declared; "" if there is none."""
        return (
            "it is declared below: an argument can use only those above it"
            if name in self.below
            else HINTS.get(name, "")
        )

    def spend(self, steps: int) -> None:
        """Count steps. Raises ExpressionError if the network's expressions take too many."""
        self.work.steps += steps
        if self.work.steps > self.work.max_steps:
            raise ExpressionError(
                f"the expressions of a network take at most {self.work.max_steps:,} steps together",
                "--max-lines raises the limit with the number of lines",
            )


class Dynamic:
    """A value that is evaluated in a scope. Expressions have a ``text`` and the ``names`` in it."""

    text = ""
    names: Sequence[str] = ()

    def evaluate(self, scope: Scope) -> Any:
        """Return the value in a scope. Raises ExpressionError, UnknownValue."""
        raise NotImplementedError


class Faulty(Dynamic):
    """Replaces a value whose problem was reported. What uses it is unknown, without a problem."""

    def evaluate(self, scope: Scope) -> Any:
        raise UnknownValue

    def __str__(self) -> str:
        return "?"


FAULTY = Faulty()
