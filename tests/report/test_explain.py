"""Every formula that explain prints with numbers evaluates exactly to the printed value."""

import ast
import math
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest

from cnnspec import load
from cnnspec.api import networks
from cnnspec.ops.kit.derivation import find_meaning
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import RequestError
from cnnspec.report.explain import Explanation, explanation_in_text, render_explanations
from tests.written import network

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "max": max,
    "min": min,
}
BINARY: dict[type[ast.operator], Callable[[Fraction, Fraction], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Pow: lambda a, b: a**b,
}
FIRST = [variants[0] for variants in networks().values()]
OTHERS = [name for variants in networks().values() for name in variants[1:]]


def value(formula: str) -> Fraction:
    """The exact value of printed arithmetic."""

    def of(node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=int(number)):
                return Fraction(number)
            case ast.BinOp(left, op, right):
                return BINARY[type(op)](of(left), of(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -of(operand)
            case ast.Call(func=ast.Name(id=name), args=args):
                return Fraction(FUNCTIONS[name](*map(of, args)))
        raise AssertionError(f"{formula} is no arithmetic of numbers")

    return Fraction(of(ast.parse(formula, mode="eval").body))


def printed_steps(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each quantity in printed text, with the texts after its equals signs."""
    steps: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        found = re.fullmatch(r"  (\S.*?|) *(?<= )= (.*)", line)
        if found and found[1] and " from {" not in line:
            steps.append((found[1], [found[2]]))
        elif found and steps and not found[1]:
            steps[-1][1].append(found[2])
    yield from steps


def check(text: str) -> int:
    """Compare every printed formula with its printed value; return the number of formulas."""
    evaluated = 0
    for quantity, (formula, *numbers, result) in printed_steps(text):
        assert re.fullmatch(r"-?\d{1,3}(,\d{3})*", result), (quantity, result)
        if not numbers and formula.isidentifier():
            continue  # a size that is given: its symbol, and its value
        assert value(numbers[0] if numbers else formula) == int(result.replace(",", "")), (
            quantity,
            numbers,
            result,
        )
        evaluated += 1
    return evaluated


def test_the_check_sees_a_wrong_value_and_a_wrong_formula() -> None:
    text = render_explanations(
        network('{ name = "c", op = "conv", out_channels = 6, kernel_size = 5 }'), "c"
    )
    assert check(text) == text.partition("\n\n")[0].count("\n") // 3 == 6
    for right, wrong in (
        ("= 456", "= 457"),
        ("5*5*3", "5*5*4"),
        ("floor((32 - 5", "floor((32 - 4"),
    ):
        assert right in text
        with pytest.raises(AssertionError):
            check(text.replace(right, wrong))


@pytest.mark.parametrize(
    "name", [*FIRST, *(pytest.param(n, marks=pytest.mark.long) for n in OTHERS)]
)
def test_every_formula_of_a_network_evaluates_to_its_value(name: str) -> None:
    net = load(name)
    assert check(render_explanations(net)) >= sum(1 for _ in net.graph.layers()) / 2


@pytest.mark.parametrize("kind", list(OPERATORS))
def test_every_symbol_of_an_example_has_a_meaning(kind: str) -> None:
    cls = load_operator(kind)
    for example in cls.examples:
        for step in cls.of(example).derivation(*example.inputs, y=example.output):
            for symbol in step.values:
                assert find_meaning(symbol, cls.symbols), symbol


def test_a_legend_explains_the_symbols_that_are_used() -> None:
    net = network(
        """
        { name = "c", op = "conv", out_channels = 6, kernel_size = 5 },
        { name = "up", op = "upsample", scale_factor = 2 },
        """
    )
    legend = render_explanations(net, "c").partition("Symbols:\n")[2]
    symbols = [line.split()[0] for line in legend.splitlines()]
    assert symbols == [*"CDdH", "H_out", *"jKkmn", "n_in", "n_out", *"PrSW", "W_out"]
    assert "  K      kernel size\n" in legend
    legend = render_explanations(net, "up").partition("Symbols:\n")[2]
    assert "  s  scale factor, or its numerator" in legend
    assert "kernel" not in legend
    assert "- $K$: kernel size\n" in render_explanations(net, "c", "markdown")
    assert "$H_{\\mathrm{out}}$: height of the output;\n" in render_explanations(net, "c", "latex")


@pytest.mark.parametrize("kind", list(OPERATORS))
def test_every_formula_of_an_example_evaluates_to_its_value(kind: str) -> None:
    cls = load_operator(kind)
    for example in cls.examples:
        steps = cls.of(example).derivation(*example.inputs, y=example.output)
        text = explanation_in_text(Explanation(kind, [], steps, []))
        assert len(list(printed_steps(text))) == len(steps)
        check(text)


def test_a_convolution_is_compared_with_a_dense_layer() -> None:
    """Note 000: 3072 inputs to 4704 outputs have 14 million weights; the convolution has 456."""
    text = render_explanations(
        network('{ name = "c", op = "conv", out_channels = 6, kernel_size = 5 }'), "c"
    )
    steps = dict(printed_steps(text))
    assert steps["weights of a dense layer instead"] == ["n_in*n_out", "3072*4704", "14,450,688"]
    assert steps["parameters"] == ["((m*n*d) + 1)*k", "((5*5*3) + 1)*6", "456"]


def test_a_size_from_an_argument_shows_its_expression_and_the_values_in_it() -> None:
    net = network(
        '{ name = "b", op = "block", width = 8 }',
        rest="""
[blocks.block]
args = ["width"]
layers = [
  { name = "c", op = "conv", kernel_size = 3, out_channels = "{3 * width + in_channels}" },
]
""",
    )
    assert (
        "  out_channels = 27 from {3 * width + in_channels} with width = 8, in_channels = 3\n"
        in render_explanations(net, "b.c")
    )


def test_a_layer_is_a_row_a_node_or_a_block() -> None:
    net = network(
        '{ name = "b", op = "block" }',
        rest="""
[blocks.block]
layers = [
  { name = "c", op = "conv", kernel_size = 3, out_channels = 2, activation = "relu" },
  { name = "p", op = "maxpool", kernel_size = 2 },
]
""",
    )
    headings = {
        layer: re.findall(r"^(\S+): ", render_explanations(net, layer), re.M)
        for layer in ("b", "b.c", "b.c.activation")
    }
    assert headings == {
        "b": ["b.c", "b.c.activation", "b.p"],
        "b.c": ["b.c", "b.c.activation"],
        "b.c.activation": ["b.c.activation"],
    }
    with pytest.raises(RequestError, match=r"net has no layer 'b\.cc'; did you mean 'b\.c'\?"):
        render_explanations(net, "b.cc")


def test_latex_and_markdown_show_the_same_values_in_balanced_braces() -> None:
    net = load("lenet5")
    for format in ("latex", "markdown"):
        text = render_explanations(net, "", format)
        assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")
        assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right")
        for _, step in printed_steps(render_explanations(net)):
            assert step[-1].replace(",", "{,}") in text
    assert r"H_{\mathrm{out}}" in render_explanations(net, "C1", "latex")
