"""Slips of calculations: a factor or a term that is counted but not written, or written but not
counted."""

import ast
from collections.abc import Iterator
from fractions import Fraction

from cnnspec.analyses.audit.printed import number_text
from cnnspec.analyses.audit.slips.context import Context, Try
from cnnspec.spec.expressions import Expression
from cnnspec.spec.scope import ExpressionError, Scope


def colours(c: Context) -> Iterator[Try]:
    """The three colours counted, but not written: 32 * 32 = 3072."""
    if c.claim.kind == "expression" and c.value is not None and "*" in c.subject.expression:
        yield Try(
            3 * c.value, f"three channels are counted, but not written: {c.subject.expression}*3"
        )


def part_left_out(c: Context) -> Iterator[Try]:
    """One factor or term of the calculation left out."""
    if c.claim.kind != "expression" or c.figure is None or c.figure.digits < 2:
        return
    tree = ast.parse(c.subject.expression, mode="eval")
    for node in [n for n in ast.walk(tree) if isinstance(n, ast.BinOp)]:
        for kept, lost in ((node.left, node.right), (node.right, node.left)):
            text = ast.unparse(Replace(node, kept).visit(ast.parse(ast.unparse(tree), mode="eval")))
            try:
                value = Expression(text).evaluate(Scope({}))
            except ExpressionError:
                continue
            yield Try(
                Fraction(value),
                f"without the {ast.unparse(lost)}: {text} = {number_text(Fraction(value))}",
            )


class Replace(ast.NodeTransformer):
    """A tree with one of its nodes, known by its text and place, replaced by another."""

    def __init__(self, old: ast.expr, new: ast.expr):
        self.old, self.new = ast.dump(old), new

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self.new if ast.dump(node) == self.old else self.generic_visit(node)
