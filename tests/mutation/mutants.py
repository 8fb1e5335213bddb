"""The mutants of a module: all small changes to its code, numbered in the order of the file.

Left out are text and f-strings, annotations, documentation, worked examples, and the methods that
derive formulas, plan memory and build modules, which have test suites of their own."""

import ast
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "cnnspec"
PACKAGES = ("spec", "ops", "rules")
METHODS_LEFT_OUT = (
    "derivation",
    "memory",
    "build",
    "work_steps",
    "pool_functions",
    "largest",
    "covering",
    "schema",
    "__repr__",
    "__str__",
)
FILES_LEFT_OUT = (
    "modules.py",
    "memory.py",
    "derivation.py",
    "schema.py",
    "hints.py",
    "revision.py",
    "claims.py",
    "schema_lines.py",
    "windowed_attention.py",
)
COMPARE: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}


class Mutant(NamedTuple):
    """One mutant: its file, number and line, the kind of change, and the code before and after.

    A tuple, as mutants are sorted and their last fields compared."""

    file: str
    number: int
    line: int
    kind: str
    before: str
    after: str


def possible_changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    """The changes that can be made to a node: their kinds, and functions that make them."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARE:
            yield "comparison", lambda: setattr(node, "ops", [COMPARE[type(op)]()])
        case ast.BinOp(op=op) if type(op) in ARITHMETIC and not is_text_sum(node):
            yield "arithmetic", lambda: setattr(node, "op", ARITHMETIC[type(op)]())
        case ast.BoolOp(op=op):
            yield (
                "and, or",
                lambda: setattr(node, "op", ast.And() if isinstance(op, ast.Or) else ast.Or()),
            )
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "not", lambda: setattr(node, "operand", ast.UnaryOp(ast.Not(), operand))
        case ast.Constant(value=bool() as flag):
            yield "constant", lambda: setattr(node, "value", not flag)
        case ast.Constant(value=int() as number):
            yield "constant", lambda: setattr(node, "value", number + 1)
        case ast.If(test=test) | ast.IfExp(test=test):
            yield "condition", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.Return(value=ast.expr() as value) if not (
            isinstance(value, ast.Constant) and value.value is None
        ):
            yield "return", lambda: setattr(node, "value", ast.Constant(None))
        case ast.Expr(value=ast.Call()):
            yield "statement", lambda: setattr(node, "value", ast.Constant(None))


def is_text_sum(node: ast.BinOp) -> bool:
    """Whether a sum joins texts."""
    inside = [n for n in ast.walk(node) if isinstance(n, ast.Constant | ast.JoinedStr)]
    return any(isinstance(n, ast.JoinedStr) or isinstance(n.value, str) for n in inside)


def mutable_nodes(node: ast.AST, inside: bool = False) -> Iterator[ast.AST]:
    """The nodes that may be changed, in the order of the file."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or is_left_out(child, inside):
                continue
            yield child
            yield from mutable_nodes(child, inside or isinstance(child, ast.FunctionDef))


def is_left_out(node: ast.AST, inside: bool) -> bool:
    """Whether a node and everything in it stays unchanged."""
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.Assert():
            return True
        case ast.FunctionDef(name=name):
            return name in METHODS_LEFT_OUT
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in ("examples", "rule") and not inside
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def apply_mutant(source: str, number: int) -> ast.Module:
    """The tree of a module with change number ``number`` made."""
    tree = ast.parse(source)
    change = [change for node in mutable_nodes(tree) for _, change in possible_changes(node)][
        number
    ]
    change()
    return ast.fix_missing_locations(tree)


@cache
def find_mutants(file: Path) -> list[Mutant]:
    """All mutants of a file."""
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    name = file.relative_to(PACKAGE).as_posix()
    found: list[Mutant] = []
    for node in mutable_nodes(tree):
        for kind, change in possible_changes(node):
            before, fields = ast.unparse(node), dict(vars(node))
            change()
            after = ast.unparse(ast.fix_missing_locations(node))
            vars(node).update(fields)
            line = getattr(node, "lineno", 0)
            found.append(Mutant(name, len(found), line, kind, shorten(before), shorten(after)))
    return found


def shorten(code: str) -> str:
    first, _, more = code.partition("\n")
    return first if not more and len(first) <= 100 else first[:100] + " …"


def draw_mutants(count: int, seed: int) -> list[Mutant]:
    """Draw ``count`` mutants, equally from each package; the first ones are a sample, too."""
    rng = random.Random(seed)
    strata = []
    for package in PACKAGES:
        files = [
            f for f in sorted((PACKAGE / package).rglob("*.py")) if f.name not in FILES_LEFT_OUT
        ]
        every = [m for f in files for m in find_mutants(f)]
        rng.shuffle(every)
        strata.append(every[: -(-count // len(PACKAGES))])
    order = [m for row in zip(*strata, strict=False) for m in row]
    rest = [m for stratum in strata for m in stratum if m not in set(order)]
    return [*order, *rest][:count]
