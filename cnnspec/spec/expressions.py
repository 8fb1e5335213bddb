"""Expressions in values: ``"{3 * width}"`` is a number, ``"block{i + 1}"`` is a text with a number.

Expressions have arithmetic, comparison, ``and or not in``, ``a if c else b``, indexing and a few
functions. Integers are exact, and dividing integers without a remainder gives an integer. The
length of an expression, its depth, its results and the work of all expressions are limited."""

import ast
import re
from typing import Any

from cnnspec.problems import visible
from cnnspec.spec.arithmetic import ALLOWED, EVALUATE, OPERATORS, evaluate_node
from cnnspec.spec.functions import FUNCTIONS, check_length, check_limits, count_values
from cnnspec.spec.scope import Dynamic, ExpressionError, Scope

MAX_LENGTH, MAX_DEPTH = 1000, 40
BRACES = "write {{ and }} for braces in text"


class Expression(Dynamic):
    """One expression. ``names`` are those that it uses, ``text`` is as it is written."""

    def __init__(self, text: str):
        self.text = text.strip()
        if len(text) > MAX_LENGTH:
            raise ExpressionError(
                f"an expression has at most {MAX_LENGTH} characters, this one {len(text):,}"
            )
        try:
            self.tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            words = re.findall(r"\w+", self.text)
            hint = (
                "a conditional needs an else: a if c else b"
                if "if" in words and "else" not in words
                else ""
            )
            raise ExpressionError(
                f"{{{visible(self.text, 60)}}} is not an expression", hint
            ) from None
        self.names: list[str] = []
        self._check(self.tree, 0, frozenset())

    def __str__(self) -> str:
        return f"{{{self.text}}}"

    def _check(self, node: ast.AST, depth: int, bound: frozenset[str]) -> None:
        """Check a node and those inside it. ``bound`` are the names that a list around it gives."""
        if depth > MAX_DEPTH:
            raise ExpressionError(f"an expression nests at most {MAX_DEPTH} deep")
        kind = type(node)
        if kind not in EVALUATE:
            raise ExpressionError(
                f"{ast.unparse(node)[:60]!r} is not allowed in an expression", ALLOWED
            )
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id not in FUNCTIONS:
                raise ExpressionError(
                    f"{ast.unparse(node.func)[:60]!r} is not a function of expressions", ALLOWED
                )
            if node.keywords:
                raise ExpressionError(f"{node.func.id} takes no named arguments in an expression")
            FUNCTIONS[node.func.id].check_arguments(node.func.id, len(node.args))
            children: list[ast.AST] = list(node.args)
        elif isinstance(node, ast.ListComp):
            loop, *more = node.generators
            if more or loop.is_async or not isinstance(loop.target, ast.Name):
                raise ExpressionError(
                    f"{ast.unparse(node)[:60]!r} is not allowed in an expression",
                    "a list has one for, with one name: [2 * n for n in sizes]",
                )
            self._check(loop.iter, depth + 1, bound)
            children, bound = [node.elt, *loop.ifs], bound | {loop.target.id}
        else:
            children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
        if isinstance(node, ast.Name) and node.id not in bound:
            self.names.append(node.id)
        if isinstance(node, ast.Constant) and type(node.value) not in (int, float, bool, str):
            raise ExpressionError(
                f"{ast.unparse(node)[:60]} is not allowed in an expression", ALLOWED
            )
        for op in [getattr(node, "op", None), *getattr(node, "ops", [])]:
            if op is not None and type(op) not in OPERATORS:
                raise ExpressionError(
                    f"{ast.unparse(node)[:60]!r} is not allowed in an expression", ALLOWED
                )
        for child in children:
            self._check(child, depth + 1, bound)

    def evaluate(self, scope: Scope) -> Any:
        scope.spend(1)
        try:
            return check_limits(evaluate_node(self.tree, scope))
        except (TypeError, ValueError, IndexError, ArithmeticError, RecursionError) as error:
            reason = "division by zero" if isinstance(error, ZeroDivisionError) else visible(error)
            raise ExpressionError(f"{{{visible(self.text, 60)}}} has no value: {reason}") from None


class Text(Dynamic):
    """A text with expressions in it, whose values are integers or texts."""

    def __init__(self, parts: list[Any]):
        self.parts = parts

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    def literals(self) -> str:
        """Return the text without its expressions."""
        return "".join(part for part in self.parts if isinstance(part, str))

    def could_be(self, text: str) -> bool:
        """Tell whether ``text`` begins and ends as this text does."""
        first, last = [
            part if isinstance(part, str) else "" for part in self.parts[:: len(self.parts) - 1]
        ]
        return text.startswith(first) and text.endswith(last)

    def evaluate(self, scope: Scope) -> str:
        result = ""
        for part in self.parts:
            value = part.evaluate(scope) if isinstance(part, Expression) else part
            if type(value) not in (int, str):
                what = type(value).__name__
                raise ExpressionError(
                    f"{{{part.text}}} is a {what}; only integers and strings can be put into text"
                )
            result = check_length(result + str(value))
        return result


class Many(Dynamic):
    """A list or table with expressions in it."""

    def __init__(self, items: Any):
        self.items = items

    def evaluate(self, scope: Scope) -> Any:
        if isinstance(self.items, dict):
            result: Any = {k: evaluate_value(v, scope) for k, v in self.items.items()}
        else:
            result = [evaluate_value(v, scope) for v in self.items]
        count_values(result, scope)
        return result


def compile_value(value: Any) -> Any:
    """Return ``value``, or a Dynamic if it contains expressions. Raises ExpressionError."""
    if isinstance(value, str):
        return _compile_text(value) if "{" in value or "}" in value else value
    if isinstance(value, list):
        items: Any = [compile_value(v) for v in value]
        return Many(items) if any(isinstance(v, Dynamic) for v in items) else value
    if isinstance(value, dict):
        items = {k: compile_value(v) for k, v in value.items()}
        return Many(items) if any(isinstance(v, Dynamic) for v in items.values()) else value
    return value


def evaluate_value(value: Any, scope: Scope) -> Any:
    """Evaluate what :func:`compile_value` returned. Raises ExpressionError, UnknownValue."""
    return value.evaluate(scope) if isinstance(value, Dynamic) else value


def _compile_text(text: str) -> Any:
    """Compile a text with braces: an Expression, a Text, or a plain string."""
    parts: list[Any] = []
    literal, i = "", 0
    while i < len(text):
        c = text[i]
        if c in "{}" and text[i : i + 2] == c * 2:
            literal, i = literal + c, i + 2
        elif c == "{":
            end = text.find("}", i)
            if end < 0:
                raise ExpressionError(
                    f"{visible(text, 60)!r} has an opening brace without a closing one", BRACES
                )
            parts += [literal] if literal else []
            parts.append(Expression(text[i + 1 : end]))
            literal, i = "", end + 1
        elif c == "}":
            raise ExpressionError(
                f"{visible(text, 60)!r} has a closing brace without an opening one", BRACES
            )
        else:
            literal, i = literal + c, i + 1
    parts += [literal] if literal else []
    if len(parts) == 1:
        return parts[0]
    return Text(parts)
