"""Counting conventions: what other tools count for the same nodes.

A convention assumes that every node is the PyTorch module or function of the same name, called
once per example. Most published implementations are written so. If one is not (a mean instead of a
pooling module, a function instead of a module), a tool that hooks modules may count more or less.

A convention counts nothing for operators that it does not list, as the tool has no rule for them.
But an unlisted operator with multiply-accumulates or parameters is Uncounted: what the tool counts
depends on how the operator is implemented."""

from collections.abc import Callable, Iterable
from math import prod

from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.records import Record

CONVENTIONS = ("fvcore", "thop", "torchinfo", "ptflops", "torchvision")


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


def format_suffixed(n: int, steps: tuple[tuple[float, float, str], ...], digits: int) -> str:
    """Format ``n`` with the first of the steps (bound, divisor, suffix) whose bound it exceeds."""
    for bound, divisor, suffix in steps:
        if n > bound:
            return f"{n / divisor:.{digits}f}{suffix}"
    return str(n)


def load_convention(name: str) -> Convention:
    """Load a convention by its name. Raises RequestError if there is none."""
    if name not in CONVENTIONS:
        hint = did_you_mean(name, CONVENTIONS, "there are " + ", ".join(CONVENTIONS))
        raise RequestError(f"there is no convention {visible(name, 40)!r}; {hint}")
    from cnnspec.conventions.tools import TOOLS

    return TOOLS[name]


def find_counting_rule(of: Convention, node: Node) -> CountingRule:
    """Find the rule that counts a node.

    Raises Uncounted if the count depends on how the node is implemented."""
    if node.kind in of.rules:
        return of.rules[node.kind]
    if node.op.macs(*node.shapes, y=node.output) or node.op.parameters(*node.shapes):
        raise Uncounted(
            f"what {of.name} counts for {node.kind} ({visible(node.name)}) depends on its"
            " implementation"
        )
    return FREE


def count_node(of: Convention, node: Node) -> int:
    """Count a node for one example. Raises Uncounted."""
    return find_counting_rule(of, node).count(node)


def count_network(of: Convention, graph: Graph) -> int:
    """Count a network at inference for one example. Raises Uncounted."""
    return sum(count_node(of, node) for node in graph.layers())


class OperatorCount(Record):
    """The counts of all nodes of one operator: our ``macs``, and the tool's count (``theirs``).

    ``says`` describes the tool's rule."""

    op: str
    nodes: int
    macs: int
    theirs: int
    says: str

    @property
    def difference(self) -> int:
        return self.theirs - self.macs


def count_by_operator(nodes: Iterable[Node], convention: Convention) -> list[OperatorCount]:
    """Count nodes by operator, in the order of first occurrence. Raises Uncounted.

    The sums over the operators are the totals of the nodes."""
    found: dict[str, OperatorCount] = {}
    for node in nodes:
        of = find_counting_rule(convention, node)
        before = found.get(node.kind) or OperatorCount(node.kind, 0, 0, 0, of.says)
        found[node.kind] = before.replace(
            nodes=before.nodes + 1,
            macs=before.macs + count_macs(node),
            theirs=before.theirs + of.count(node),
        )
    return list(found.values())
