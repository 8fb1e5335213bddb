"""Formulas as text, with the numbers put in, and as LaTeX."""

import ast
import re

from cnnspec.ops.kit.derivation import Step

FUNCTIONS = ("floor", "ceil", "max", "min")
NAME = re.compile(r"[A-Za-z_]\w*")


def substitute_numbers(step: Step) -> str:
    """The formula of a step with numbers for its symbols; it evaluates to the step's result."""
    return NAME.sub(lambda m: str(step.values[m[0]]) if m[0] in step.values else m[0], step.formula)


def latex_stages(step: Step) -> list[str]:
    """A step in LaTeX: the formula, the formula with numbers, and the result, without repeats."""
    return list(
        dict.fromkeys(
            map(formula_in_latex, (step.formula, substitute_numbers(step), str(step.result)))
        )
    )


def formula_in_latex(formula: str) -> str:
    """A formula, with symbols or numbers, for LaTeX's math mode."""
    return _latex(ast.parse(formula, mode="eval").body)


def _latex(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=value):
            return f"{value:,}".replace(",", "{,}") if isinstance(value, int) else str(value)
        case ast.Name(id=name):
            base, _, index = name.partition("_")
            if len(index) > 1:  # a word, not a variable
                index = rf"\mathrm{{{index}}}"
            return (
                f"{base}_{{{index}}}" if index else re.sub(r"^([A-Za-z])(\d+)$", r"\1_{\2}", base)
            )
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(left, op, right)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"-{_grouped(operand)}"
        case ast.Call(func=ast.Name(id=name), args=args):
            inner = ", ".join(map(_latex, args))
            if name in ("floor", "ceil"):
                return rf"\left\l{name} {inner} \right\r{name}"
            return rf"\{name}({inner})"
    raise ValueError(f"no LaTeX for {ast.dump(node)}")


def _binary(left: ast.expr, op: ast.operator, right: ast.expr) -> str:
    match op:
        case ast.Div():
            return rf"\frac{{{_latex(left)}}}{{{_latex(right)}}}"
        case ast.FloorDiv():
            return rf"\left\lfloor \frac{{{_latex(left)}}}{{{_latex(right)}}} \right\rfloor"
        case ast.Mult():
            return rf"{_grouped(left)} \cdot {_grouped(right)}"
        case ast.Pow():
            return f"{_grouped(left)}^{{{_latex(right)}}}"
    sign = "+" if isinstance(op, ast.Add) else "-"
    return f"{_latex(left)} {sign} {_latex(right) if sign == '+' else _grouped(right)}"


def _grouped(node: ast.expr) -> str:
    """A factor, in parentheses if it is a sum."""
    sum_ = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    return f"({_latex(node)})" if sum_ else _latex(node)
