"""The rules that conventions are made of: what a node counts, in words and as a function."""

from collections.abc import Callable
from math import prod

from cnnspec.graph.model import Node
from cnnspec.records import Record


class Uncounted(Exception):
    """A node of which a convention does not say what it counts."""


class CountingRule(Record):
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
    rules: dict[str, CountingRule]


def count_macs(node: Node) -> int:
    return node.op.macs(*node.shapes, y=node.output)


def count_bias(node: Node) -> int:
    """One for each output, where the operator has a bias."""
    return prod(node.output) if "bias" in node.op.parameters(*node.shapes) else 0


def has_weight(node: Node) -> bool:
    return "weight" in node.op.parameters(*node.shapes)


def count_inputs(node: Node) -> int:
    """The elements of the first input."""
    return prod(node.shapes[0])


FREE = CountingRule("nothing", lambda n: 0)
MACS = CountingRule("its multiply-accumulates", count_macs)
MACS_AND_BIAS = CountingRule(
    "its multiply-accumulates, and 1 an output for the bias",
    lambda n: count_macs(n) + count_bias(n),
)
PARAMETERS = CountingRule(
    "its parameters, once", lambda n: sum(map(prod, n.op.parameters(*n.shapes).values()))
)
BY_OUTPUTS = CountingRule(
    "its kernels at every output position instead of every input position",
    lambda n: count_macs(n) // prod(n.shapes[0][1:]) * prod(n.output[1:]),
)


def per_input(k: int, plain: int | None = None, why: str = "") -> CountingRule:
    """``k`` for each element of the input, or ``plain`` where a norm has no weight."""
    less = "" if plain is None else f" ({plain} without weight and bias)"
    return CountingRule(
        f"{k} an element of its input{less}{why}",
        lambda n: count_inputs(n) * (k if plain is None or has_weight(n) else plain),
    )


def per_output(k: int, why: str = "") -> CountingRule:
    """``k`` for each element of the output."""
    return CountingRule(f"{k} an element of its output{why}", lambda n: prod(n.output) * k)


def only_dimensions(n: int, inner: CountingRule) -> CountingRule:
    """A rule for maps of ``n`` dimensions; those of others are free."""
    return CountingRule(
        f"{inner.says}, of {n} dimensions",
        lambda node: inner.count(node) if len(node.output) == n + 1 else 0,
    )


def format_suffixed(n: int, steps: tuple[tuple[float, float, str], ...], digits: int) -> str:
    """``n`` over the first divisor whose bound it exceeds: (bound, divisor, suffix), with so many
    decimals."""
    for bound, divisor, suffix in steps:
        if n > bound:
            return f"{n / divisor:.{digits}f}{suffix}"
    return str(n)
