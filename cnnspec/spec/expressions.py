"""Expressions in values: ``"{3 * width}"`` takes its value, ``"block{i + 1}"`` puts it into the text.

Arithmetic, comparison, ``and or not in``, ``a if c else b``, indexing and a few functions: nothing else. Integers
are exact, and a division of integers that leaves no remainder gives an integer. Everything is bounded: the length
of an expression, its depth, the size of its results, and the work of all expressions of a network together.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterable
from typing import Any

from cnnspec.problems import visible

MAX_LENGTH, MAX_DEPTH, MAX_INT, MAX_TEXT, MAX_STEPS = 1000, 40, 2**63, 200, 2_000_000


class ExpressionError(Exception):
    """An expression that cannot be read or has no value: the message and what would mend it."""

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message)
        self.message, self.hint = message, hint


class Unknown(Exception):
    """An expression over a value that is unknown because of an earlier problem; reported there."""


UNKNOWN: Any = object()
HINTS = {"true": "an expression writes True", "false": "an expression writes False"}


class Scope:
    """The names that an expression sees: ``own`` ones, which hide those of ``outer``; and the work done so far.

    ``hints`` say of names that are not declared what would mend that; ``written`` are own values as they were
    written, each with the scope in which it was evaluated.
    """

    def __init__(self, own: dict[str, Any], outer: "Scope | None" = None, steps: list[int] | None = None):
        self.own, self.outer = own, outer
        self.hints = HINTS
        self.written: dict[str, tuple[Any, Scope]] = {}
        self.steps: list[int] = steps or (outer.steps if outer else [0])

    def get(self, name: str) -> Any:
        """The value of ``name``. Raises KeyError where it is not declared, Unknown where it has no value."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.own:
                if scope.own[name] is UNKNOWN:
                    raise Unknown
                return scope.own[name]
            scope = scope.outer
        raise KeyError(name)

    def origin(self, name: str) -> "tuple[Expression, Scope] | None":
        """The expression that gave ``name`` its value, and its scope; None where no expression did."""
        scope: Scope | None = self
        while scope is not None and name not in scope.own:
            scope = scope.outer
        value, where = scope.written.get(name, (None, scope)) if scope is not None else (None, None)
        return (value, where) if isinstance(value, Expression) and where is not None else None

    def get_or_unknown(self, name: str) -> Any:
        """The value of ``name``, or UNKNOWN."""
        try:
            return self.get(name)
        except (KeyError, Unknown):
            return UNKNOWN

    def names(self) -> list[str]:
        return [*self.own, *(self.outer.names() if self.outer else [])]

    def spend(self, steps: int) -> None:
        """Count work. Raises ExpressionError where the network's expressions together do too much of it."""
        self.steps[0] += steps
        if self.steps[0] > MAX_STEPS:
            raise ExpressionError(f"the expressions of one network take at most {MAX_STEPS:,} steps together")


def declared_below(names: Iterable[str]) -> dict[str, str]:
    """The hints of a scope whose ``names`` get their values one after the other."""
    return HINTS | dict.fromkeys(names, "it is declared below: an argument sees those above it")


class Dynamic:
    """A value that is computed anew for each scope."""

    def evaluate(self, scope: Scope) -> Any:
        raise NotImplementedError


class Expression(Dynamic):
    """One expression. ``names`` are those that it uses, ``text`` is how it was written."""

    def __init__(self, text: str):
        self.text = text.strip()
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters, this one {len(text):,}")
        try:
            self.tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ExpressionError(f"{{{visible(self.text, 60)}}} is not an expression") from None
        self.names: list[str] = []
        self._check(self.tree, 0)

    def _check(self, node: ast.AST, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"an expression nests at most {MAX_DEPTH} deep")
        kind = type(node)
        if kind not in EVALUATE:
            raise ExpressionError(f"{ast.unparse(node)[:60]!r} is not allowed in an expression", ALLOWED)
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
                raise ExpressionError(f"{ast.unparse(node.func)[:60]!r} is not a function of expressions", ALLOWED)
            if node.keywords:
                raise ExpressionError(f"{node.func.id} takes no named arguments in an expression")
            children: list[ast.AST] = list(node.args)
        else:
            children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
        if isinstance(node, ast.Name):
            self.names.append(node.id)
        if isinstance(node, ast.Constant) and type(node.value) not in (int, float, bool, str):
            raise ExpressionError(f"{ast.unparse(node)[:60]} is not allowed in an expression", ALLOWED)
        for op in [getattr(node, "op", None), *getattr(node, "ops", [])]:
            if op is not None and type(op) not in OPERATORS:
                raise ExpressionError(f"{ast.unparse(node)[:60]!r} is not allowed in an expression", ALLOWED)
        for child in children:
            self._check(child, depth + 1)

    def evaluate(self, scope: Scope) -> Any:
        scope.spend(1)
        try:
            return bounded(_evaluate(self.tree, scope))
        except (TypeError, ValueError, IndexError, ArithmeticError) as error:
            reason = "division by zero" if isinstance(error, ZeroDivisionError) else visible(error)
            raise ExpressionError(f"{{{visible(self.text, 60)}}} has no value: {reason}") from None


class Text(Dynamic):
    """A string with expressions in it; integers and strings are put in."""

    def __init__(self, parts: list[Any]):
        self.parts = parts

    def evaluate(self, scope: Scope) -> str:
        result = ""
        for part in self.parts:
            value = part.evaluate(scope) if isinstance(part, Expression) else part
            if type(value) not in (int, str):
                what = type(value).__name__
                raise ExpressionError(f"{{{part.text}}} is a {what}; only integers and strings go into text")
            result += str(value)
            if len(result) > MAX_TEXT:
                raise ExpressionError(f"a text with expressions comes to at most {MAX_TEXT} characters")
        return result


class Many(Dynamic):
    """A list or table with expressions in it."""

    def __init__(self, items: Any):
        self.items = items

    def evaluate(self, scope: Scope) -> Any:
        if isinstance(self.items, dict):
            result: Any = {k: evaluate(v, scope) for k, v in self.items.items()}
        else:
            result = [evaluate(v, scope) for v in self.items]
        weigh(result, scope)
        return result


def compiled(value: Any) -> Any:
    """``value`` as it is, or Dynamic where it holds expressions. Raises ExpressionError."""
    if isinstance(value, str):
        return _template(value) if "{" in value or "}" in value else value
    if isinstance(value, list):
        items: Any = [compiled(v) for v in value]
        return Many(items) if any(isinstance(v, Dynamic) for v in items) else value
    if isinstance(value, dict):
        items = {k: compiled(v) for k, v in value.items()}
        return Many(items) if any(isinstance(v, Dynamic) for v in items.values()) else value
    return value


def evaluate(value: Any, scope: Scope) -> Any:
    """The value of what :func:`compiled` gave. Raises ExpressionError, or Unknown after an earlier problem."""
    return value.evaluate(scope) if isinstance(value, Dynamic) else value


def _template(text: str) -> Any:
    parts: list[Any] = []
    literal, i = "", 0
    while i < len(text):
        c = text[i]
        if c in "{}" and text[i : i + 2] == c * 2:
            literal, i = literal + c, i + 2
        elif c == "{":
            end = text.find("}", i)
            if end < 0:
                raise ExpressionError(f"{visible(text, 60)!r} opens a brace that it does not close", BRACES)
            parts += [literal] if literal else []
            parts.append(Expression(text[i + 1 : end]))
            literal, i = "", end + 1
        elif c == "}":
            raise ExpressionError(f"{visible(text, 60)!r} closes a brace that it does not open", BRACES)
        else:
            literal, i = literal + c, i + 1
    parts += [literal] if literal else []
    if len(parts) == 1:
        return parts[0]
    return Text(parts)


def bounded(value: Any) -> Any:
    """``value`` if it is finite and of bearable size. Raises ExpressionError."""
    if type(value) is int and not -MAX_INT <= value <= MAX_INT:
        raise ExpressionError("an expression's integers stay below 2**63")
    if type(value) is float and not math.isfinite(value):
        raise ExpressionError("an expression's numbers are finite")
    return value


def _divide(a: Any, b: Any) -> Any:
    exact = type(a) is int and type(b) is int and b != 0 and a % b == 0
    return a // b if exact else a / b


def _power(a: Any, b: Any) -> Any:
    if abs(b) > 64:
        raise ExpressionError(f"an exponent is at most 64, not {b}")
    if a < 0 and type(b) is float:
        raise ValueError("a negative number has no real power with a fraction")
    return a**b


def weigh(value: Any, scope: Scope) -> None:
    """Count the values in ``value`` as work: lists that name lists can hold more than any file."""
    inside = [value]
    while inside:
        v = inside.pop()
        if isinstance(v, list | dict):
            scope.spend(len(v) + 1)
            inside.extend(v.values() if isinstance(v, dict) else v)
        elif isinstance(v, str):
            scope.spend(len(v) // 16)


def _contains(a: Any, b: Any) -> bool:
    return a in b


def round_channels(value: float, divisor: int = 8) -> int:
    """The multiple of ``divisor`` nearest to ``value``, but not below 90% of it.

    Source: make_divisible of the MobileNet reference implementations.
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _round(value: Any, digits: int = 0) -> Any:
    """``value`` rounded, half to even; exactly as Python rounds, but for digits that would take for ever."""
    if type(digits) is not int or not 0 <= digits <= 15:
        raise ExpressionError(f"round keeps 0 to 15 digits, not {digits}")
    return round(value, digits) if digits else round(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min, "max": max, "ceil": math.ceil, "floor": math.floor, "round": _round, "len": len, "sum": sum,
    "round_channels": round_channels,
}
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: _divide,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: _power,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge, ast.In: _contains, ast.NotIn: lambda a, b: a not in b,
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Not: operator.not_, ast.And: all, ast.Or: any,
}
ALLOWED = "there are + - * / // % **, comparisons, and or not in, a if c else b, indexing, and " + ", ".join(FUNCTIONS)
BRACES = "write {{ and }} for braces that are text"


def _evaluate(node: Any, scope: Scope) -> Any:
    return EVALUATE[type(node)](node, scope)


def _name(node: ast.Name, scope: Scope) -> Any:
    try:
        return scope.get(node.id)
    except KeyError:
        from cnnspec.problems import did_you_mean

        known = scope.names()
        listed = "declared here: " + ", ".join(known[:12]) if known else "nothing is declared here"
        hint = scope.hints.get(node.id) or did_you_mean(node.id, known, listed)
        raise ExpressionError(f"{visible(node.id, 60)} is not declared", hint) from None


def _binary(node: ast.BinOp, scope: Scope) -> Any:
    a, b = _evaluate(node.left, scope), _evaluate(node.right, scope)
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        raise TypeError("arithmetic takes numbers")
    return bounded(OPERATORS[type(node.op)](a, b))


def _compare(node: ast.Compare, scope: Scope) -> bool:
    left = _evaluate(node.left, scope)
    for op, right in zip(node.ops, node.comparators, strict=True):
        value = _evaluate(right, scope)
        weigh(value, scope)
        if not OPERATORS[type(op)](left, value):
            return False
        left = value
    return True


def _bool(node: ast.BoolOp, scope: Scope) -> Any:
    value: Any = None
    for part in node.values:
        value = _evaluate(part, scope)
        if bool(value) is isinstance(node.op, ast.Or):
            break
    return value


def _call(node: ast.Call, scope: Scope) -> Any:
    args = [_evaluate(a, scope) for a in node.args]
    scope.spend(sum(len(a) for a in args if isinstance(a, list | str)))
    return FUNCTIONS[node.func.id](*args)  # type: ignore[attr-defined]


def _index(node: ast.Subscript, scope: Scope) -> Any:
    value, index = _evaluate(node.value, scope), _evaluate(node.slice, scope)
    if isinstance(value, dict) and isinstance(index, str) and index not in value:
        raise IndexError(f"there is no {visible(index, 60)!r} in the row")
    return value[index]


EVALUATE: dict[type, Callable[[Any, Scope], Any]] = {
    ast.Constant: lambda node, scope: node.value,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: lambda node, scope: OPERATORS[type(node.op)](_evaluate(node.operand, scope)),
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.IfExp: lambda node, scope: _evaluate(node.body if _evaluate(node.test, scope) else node.orelse, scope),
    ast.Call: _call,
    ast.Subscript: _index,
}
