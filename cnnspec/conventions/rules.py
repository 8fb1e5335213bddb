"""The rules of counting conventions: what a node counts, as a function and in words."""

from collections.abc import Callable
from math import prod

from cnnspec.graph.model import Node
from cnnspec.records import Record


class Uncounted(Exception):
    """A convention does not determine what it counts for a node."""


class CountingRule(Record):
    """What a node counts; ``says`` follows the operator's name: "conv: its parameters"."""

    says: str
    count: Callable[[Node], int]


class Convention(Record):
    """How one tool counts.

    ``unit`` is the tool's name for the count, ``version`` the version that the rules describe,
    ``about`` a remark, ``printed`` a function that formats a count as the tool does. ``rules`` are
    by the operator's name."""

    name: str
    version: str
    unit: str
    about: str
    printed: Callable[[int], str]
    rules: dict[str, CountingRule]


def count_macs(node: Node) -> int:
    return node.op.macs(*node.shapes, y=node.output)


def count_bias(node: Node) -> int:
    """Count one addition for each output if the operator has a bias."""
    return prod(node.output) if "bias" in node.op.parameters(*node.shapes) else 0


def has_weight(node: Node) -> bool:
    return "weight" in node.op.parameters(*node.shapes)


def count_inputs(node: Node) -> int:
    """Count the elements of the first input."""
    return prod(node.shapes[0])


FREE = CountingRule("nothing", lambda n: 0)
MACS = CountingRule("its multiply-accumulates", count_macs)
MACS_AND_BIAS = CountingRule(
    "its multiply-accumulates, and 1 per output for the bias",
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
    """Return a rule: ``k`` per element of the input, or ``plain`` for a norm without weight."""
    less = "" if plain is None else f" ({plain} without weight and bias)"
    return CountingRule(
        f"{k} per element of its input{less}{why}",
        lambda n: count_inputs(n) * (k if plain is None or has_weight(n) else plain),
    )


def per_output(k: int, why: str = "") -> CountingRule:
    """Return a rule: ``k`` per element of the output."""
    return CountingRule(f"{k} per element of its output{why}", lambda n: prod(n.output) * k)


def only_dimensions(n: int, inner: CountingRule) -> CountingRule:
    """Return a rule that counts maps of ``n`` dimensions, and nothing for others."""
    return CountingRule(
        f"{inner.says}, of {n} dimensions",
        lambda node: inner.count(node) if len(node.output) == n + 1 else 0,
    )
