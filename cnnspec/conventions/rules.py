"""The rules that conventions are made of: what a node counts, in words and as a function."""

from collections.abc import Callable
from math import prod

from cnnspec.graph.model import Node
from cnnspec.records import Record


class Uncounted(Exception):
    """A node of which a convention does not say what it counts."""


class Rule(Record):
    """What a node counts. ``says`` is read after the operator's name: "conv: its
    multiply-accumulates"."""

    says: str
    count: Callable[[Node], int]


class Convention(Record):
    """How one tool counts.

    ``unit`` is what the tool calls the figure, ``version`` that against which the rules were held,
    ``about`` what else there is to know, and ``printed`` the figure as the tool prints it.
    ``rules`` are by the operator's name."""

    name: str
    version: str
    unit: str
    about: str
    printed: Callable[[int], str]
    rules: dict[str, Rule]


def macs(node: Node) -> int:
    return node.op.macs(*node.shapes, y=node.output)


def bias(node: Node) -> int:
    """One for each output, where the operator has a bias."""
    return prod(node.output) if "bias" in node.op.parameters(*node.shapes) else 0


def weighted(node: Node) -> bool:
    return "weight" in node.op.parameters(*node.shapes)


def inputs(node: Node) -> int:
    """The elements of the first input."""
    return prod(node.shapes[0])


FREE = Rule("nothing", lambda n: 0)
MACS = Rule("its multiply-accumulates", macs)
MACS_AND_BIAS = Rule(
    "its multiply-accumulates, and 1 an output for the bias", lambda n: macs(n) + bias(n)
)
PARAMETERS = Rule(
    "its parameters, once", lambda n: sum(map(prod, n.op.parameters(*n.shapes).values()))
)
BY_OUTPUTS = Rule(
    "its kernels at every output position instead of every input position",
    lambda n: macs(n) // prod(n.shapes[0][1:]) * prod(n.output[1:]),
)


def an_input(k: int, plain: int | None = None, why: str = "") -> Rule:
    """``k`` for each element of the input, or ``plain`` where a norm has no weight."""
    less = "" if plain is None else f" ({plain} without weight and bias)"
    return Rule(
        f"{k} an element of its input{less}{why}",
        lambda n: inputs(n) * (k if plain is None or weighted(n) else plain),
    )


def an_output(k: int, why: str = "") -> Rule:
    """``k`` for each element of the output."""
    return Rule(f"{k} an element of its output{why}", lambda n: prod(n.output) * k)


def in_dimensions(n: int, inner: Rule) -> Rule:
    """A rule for maps of ``n`` dimensions; those of others are free."""
    return Rule(
        f"{inner.says}, of {n} dimensions",
        lambda node: inner.count(node) if len(node.output) == n + 1 else 0,
    )


def suffixed(n: int, steps: tuple[tuple[float, float, str], ...], digits: int) -> str:
    """``n`` over the first divisor whose bound it exceeds: (bound, divisor, suffix), with so many
    decimals."""
    for bound, divisor, suffix in steps:
        if n > bound:
            return f"{n / divisor:.{digits}f}{suffix}"
    return str(n)
