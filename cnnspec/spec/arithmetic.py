"""The operations of expressions, each with limits, on nodes of Python's parser."""

import ast
import operator
from collections.abc import Callable
from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import list_first, visible
from cnnspec.spec.functions import (
    FUNCTIONS,
    call_function,
    check_length,
    check_limits,
    count_values,
)
from cnnspec.spec.scope import ExpressionError, Scope


def _divide(a: Any, b: Any) -> Any:
    exact = type(a) is int and type(b) is int and b != 0 and a % b == 0
    return a // b if exact else a / b


def _power(a: Any, b: Any) -> Any:
    if abs(b) > 64:
        raise ExpressionError(f"an exponent is at most 64, not {b}")
    if a < 0 and type(b) is float:
        raise ValueError("a negative number has no real power with a fraction")
    return a**b


def _contains(a: Any, b: Any) -> bool:
    return (table_key(a) if isinstance(b, dict) else a) in b


def table_key(value: Any) -> Any:
    """Return the key of a table that ``value`` looks up: TOML's keys are texts, also 18 and 34."""
    return str(value) if type(value) is int else value


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
    ast.NotIn: lambda a, b: not _contains(a, b),
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.And: all,
    ast.Or: any,
}
SIGNS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "in",
    ast.USub: "-",
    ast.UAdd: "+",
}
ALLOWED = (
    "allowed are + - * / // % **, comparisons, and or not in, a if c else b, indexing, lists, "
    "[a for b in c], and " + ", ".join(FUNCTIONS)
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
        listed += f"; declared here: {list_first(known)}" if known else ""
        hint = scope.hint(node.id) or did_you_mean(node.id, known, listed)
        raise ExpressionError(f"{visible(node.id, 60)} is not declared", hint) from None


def _binary(node: ast.BinOp, scope: Scope) -> Any:
    a, b = evaluate_node(node.left, scope), evaluate_node(node.right, scope)
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        return _join(node.op, a, b, scope)
    return check_limits(OPERATORS[type(node.op)](a, b))


def _join(op: ast.operator, a: Any, b: Any, scope: Scope) -> Any:
    """Join two texts or two lists."""
    if not isinstance(op, ast.Add) or type(a) is not type(b) or not isinstance(a, list | str):
        texts = isinstance(a, str) or isinstance(b, str)
        hint = "; str makes text of an integer" if isinstance(op, ast.Add) and texts else ""
        raise TypeError("arithmetic takes numbers, and + also two texts or two lists" + hint)
    scope.spend(len(a) + len(b))
    return check_length(a + b) if isinstance(a, str) else a + b


def _compare(node: ast.Compare, scope: Scope) -> bool:
    left = evaluate_node(node.left, scope)
    for op, right in zip(node.ops, node.comparators, strict=True):
        value = evaluate_node(right, scope)
        count_values(value, scope)
        try:
            holds = OPERATORS[type(op)](left, value)
        except TypeError:
            shown = f"{describe_value(left)} and {describe_value(value)}"
            raise TypeError(f"{SIGNS[type(op)]} does not take {shown}") from None
        if not holds:
            return False
        left = value
    return True


def _unary(node: ast.UnaryOp, scope: Scope) -> Any:
    value = evaluate_node(node.operand, scope)
    if not isinstance(node.op, ast.Not) and not isinstance(value, int | float):
        raise TypeError(f"{SIGNS[type(node.op)]} does not take {describe_value(value)}")
    return OPERATORS[type(node.op)](value)


def _bool(node: ast.BoolOp, scope: Scope) -> Any:
    value: Any = None
    for part in node.values:
        value = evaluate_node(part, scope)
        if bool(value) is isinstance(node.op, ast.Or):
            break
    return value


def _call(node: ast.Call, scope: Scope) -> Any:
    args = [evaluate_node(a, scope) for a in node.args]
    return call_function(node.func.id, args, scope)  # type: ignore[attr-defined]


def _list(node: ast.List, scope: Scope) -> list[Any]:
    result = [evaluate_node(element, scope) for element in node.elts]
    count_values(result, scope)
    return result


def _comprehension(node: ast.ListComp, scope: Scope) -> list[Any]:
    """Evaluate ``[a for b in c if d]``; b is a name that only a and d can use."""
    (loop,) = node.generators
    values = evaluate_node(loop.iter, scope)
    if not isinstance(values, list):
        raise TypeError(f"for takes a list, not {describe_value(values)}")
    result = []
    for value in values:
        scope.spend(1)
        inner = Scope({loop.target.id: value}, scope)  # type: ignore[attr-defined]
        if all(evaluate_node(condition, inner) for condition in loop.ifs):
            result.append(evaluate_node(node.elt, inner))
    count_values(result, scope)
    return result


def _index(node: ast.Subscript, scope: Scope) -> Any:
    value, index = evaluate_node(node.value, scope), evaluate_node(node.slice, scope)
    if isinstance(value, list | str) and isinstance(index, int):
        if not -len(value) <= index < len(value):
            what = (
                f"{describe_value(value)} has {len(value)} values, the last is [{len(value) - 1}]"
            )
            raise IndexError(f"there is no [{index}]: {what}")
        return value[index]
    if not isinstance(value, dict):
        raise TypeError(f"{describe_value(value)} has no [{describe_value(index)}]")
    key = table_key(index)
    if not isinstance(key, str) or key not in value:
        keys = list_first(value) or "nothing"
        raise IndexError(f"the table has no {describe_value(index)}, only {keys}")
    return value[key]


EVALUATE: dict[type, Callable[[Any, Scope], Any]] = {
    ast.Constant: lambda node, scope: node.value,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.IfExp: lambda node, scope: evaluate_node(
        node.body if evaluate_node(node.test, scope) else node.orelse, scope
    ),
    ast.Call: _call,
    ast.Subscript: _index,
    ast.List: _list,
    ast.ListComp: _comprehension,
}
