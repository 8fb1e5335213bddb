"""The operations and functions of expressions, each with limits, on nodes of Python's parser."""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from cnnspec.problems import visible
from cnnspec.spec.scope import ExpressionError, Scope

MAX_INT = 2**63


def check_limits(value: Any) -> Any:
    """Return ``value`` if it is finite and not too large. Raises ExpressionError."""
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


def count_values(value: Any, scope: Scope) -> None:
    """Count the values inside ``value`` as work: nested lists can be larger than any file."""
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
    """Return the multiple of ``divisor`` nearest to ``value``, but not below 90% of it.

    Source: make_divisible of the MobileNet reference implementations.
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _round(value: Any, digits: int = 0) -> Any:
    """Round half to even, as Python does, with a limit of 15 digits to bound the time."""
    if type(digits) is not int or not 0 <= digits <= 15:
        raise ExpressionError(f"round keeps 0 to 15 digits, not {digits}")
    return round(value, digits) if digits else round(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "ceil": math.ceil,
    "floor": math.floor,
    "round": _round,
    "len": len,
    "sum": sum,
    "round_channels": round_channels,
}
OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: _contains,
    ast.NotIn: lambda a, b: a not in b,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.And: all,
    ast.Or: any,
}
ALLOWED = (
    "allowed are + - * / // % **, comparisons, and or not in, a if c else b, indexing, and "
    + ", ".join(FUNCTIONS)
)


def evaluate_node(node: Any, scope: Scope) -> Any:
    """Evaluate a node of an expression. Raises ExpressionError, and what Python raises."""
    return EVALUATE[type(node)](node, scope)


def _name(node: ast.Name, scope: Scope) -> Any:
    try:
        return scope.get(node.id)
    except KeyError:
        from cnnspec.problems import did_you_mean

        known = scope.names()
        listed = f"declare it: {scope.declare.format(visible(node.id, 60))}"
        listed += f"; declared here: {', '.join(known[:12])}" if known else ""
        hint = scope.hint(node.id) or did_you_mean(node.id, known, listed)
        raise ExpressionError(f"{visible(node.id, 60)} is not declared", hint) from None


def _binary(node: ast.BinOp, scope: Scope) -> Any:
    a, b = evaluate_node(node.left, scope), evaluate_node(node.right, scope)
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        raise TypeError("arithmetic takes numbers")
    return check_limits(OPERATORS[type(node.op)](a, b))


def _compare(node: ast.Compare, scope: Scope) -> bool:
    left = evaluate_node(node.left, scope)
    for op, right in zip(node.ops, node.comparators, strict=True):
        value = evaluate_node(right, scope)
        count_values(value, scope)
        if not OPERATORS[type(op)](left, value):
            return False
        left = value
    return True


def _bool(node: ast.BoolOp, scope: Scope) -> Any:
    value: Any = None
    for part in node.values:
        value = evaluate_node(part, scope)
        if bool(value) is isinstance(node.op, ast.Or):
            break
    return value


def _call(node: ast.Call, scope: Scope) -> Any:
    args = [evaluate_node(a, scope) for a in node.args]
    scope.spend(sum(len(a) for a in args if isinstance(a, list | str)))
    return FUNCTIONS[node.func.id](*args)  # type: ignore[attr-defined]


def _index(node: ast.Subscript, scope: Scope) -> Any:
    value, index = evaluate_node(node.value, scope), evaluate_node(node.slice, scope)
    if isinstance(value, dict) and (not isinstance(index, str) or index not in value):
        raise IndexError(f"the row has no {visible(str(index), 60)!r}")
    return value[index]


EVALUATE: dict[type, Callable[[Any, Scope], Any]] = {
    ast.Constant: lambda node, scope: node.value,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: lambda node, scope: OPERATORS[type(node.op)](evaluate_node(node.operand, scope)),
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.IfExp: lambda node, scope: evaluate_node(
        node.body if evaluate_node(node.test, scope) else node.orelse, scope
    ),
    ast.Call: _call,
    ast.Subscript: _index,
}
