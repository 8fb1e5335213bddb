"""The largest batch that fits into a budget, and what would make room where memory runs out."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from cnnspec.analyses.memory.answer import Fixed, checked, peak, usable
from cnnspec.analyses.memory.loss import usual
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.units import MAX_BATCH, format_bytes, format_count


class Question(Record):
    """For what a batch is sought."""

    graph: Graph
    budget: int
    dtype: str = "float32"
    optimizer: str = "none"
    loss: str = ""
    mode: str = "training"
    freeze: Sequence[str] = ()

    def peak(self, batch: int) -> int:
        """The peak of a batch."""
        return peak(
            self.graph, batch, self.dtype, self.optimizer, self.loss, self.mode, self.freeze
        )


class Fit(NamedTuple):
    """The largest batch that fits, its peak, and that of one example more."""

    batch: int
    peak: int
    next: int


class Advice(NamedTuple):
    """A way to make room: what is changed, the largest batch then, and the peak of the batch that
    fitted before."""

    change: str
    batch: int
    peak: int


def largest_batch(question: Question) -> Fit:
    """The largest batch whose peak stays within the budget. Raises RequestError where not even one
    example fits."""
    q = question
    refuse(q)
    low, high = 1, 2
    while q.peak(high) <= q.budget:
        low, high = high, 2 * high
        if high > MAX_BATCH:
            name = visible(q.graph.name)
            raise RequestError(
                f"{format_bytes(q.budget)} hold more than {format_count(low)} examples of {name}: too many"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if q.peak(middle) <= q.budget else (low, middle)
    return Fit(low, q.peak(low), q.peak(high))


def refuse(question: Question) -> None:
    """Raises RequestError where the budget is too small for one example, and says what is too large
    for it."""
    q = question
    size, loss = checked(1, q.dtype, q.optimizer, q.mode), usable(q.graph, q.loss or usual(q.graph))
    fixed = Fixed(q.graph, 1, size, loss)
    if fixed.parameters > q.budget:
        raise RequestError(
            f"no batch fits: the parameters alone are {format_bytes(fixed.parameters)} in {q.dtype},"
            f" and the budget is {format_bytes(q.budget)}"
        )
    first = q.peak(1)
    if first > q.budget:
        raise RequestError(
            f"no batch fits: one example needs {format_bytes(first)} for {q.mode}, and the budget is "
            f"{format_bytes(q.budget)}"
        )


def advice(question: Question, fit: Fit) -> Iterator[Advice]:
    """What the textbook says to do when memory runs out, in this network's figures."""
    if fit.batch > 1:
        half = fit.batch // 2
        yield Advice("half the batch", half, question.peak(half))
    if question.dtype not in ("bfloat16", "float16"):
        narrow = question.replace(dtype="bfloat16")
        yield Advice(
            "16-bit numbers (bfloat16) for everything",
            largest_batch(narrow).batch,
            narrow.peak(fit.batch),
        )
    if strided := doubled(question.graph):
        node, graph = strided
        smaller = question.replace(graph=graph)
        yield Advice(
            f"twice the stride of {node.name}",
            largest_batch(smaller).batch,
            smaller.peak(fit.batch),
        )


def doubled(graph: Graph) -> tuple[Node, Graph] | None:
    """The first layer with a stride, and the graph with that doubled; None where there is none, or
    it does not fit."""
    first = next(
        (n for n in graph.nodes if isinstance(getattr(n.op, "stride", None), int | tuple)), None
    )
    if first is None:
        return None
    made: dict[int, Node] = {}
    try:
        for node in graph.nodes:
            made[node.index] = again(node, made, node is first)
    except OperatorError:
        return None
    find: Callable[[Sequence[Node]], list[Node]] = lambda nodes: [made[n.index] for n in nodes]  # noqa: E731
    return first, graph.replace(
        nodes=find(graph.nodes), inputs=find(graph.inputs), outputs=find(graph.outputs)
    )


def again(node: Node, made: dict[int, Node], double: bool) -> Node:
    """A node on what was made before it. Raises OperatorError where its operator does not take
    that."""
    op = node.op
    inputs = tuple([made[n.index] for n in node.inputs])
    if double:
        stride = op.stride  # type: ignore[attr-defined]
        twice = 2 * stride if isinstance(stride, int) else tuple(2 * s for s in stride)
        op = op.replace(stride=twice)
    if op.undoes:
        op = op.undoing(inputs[-1].op, inputs[-1].inputs[0].output)
    output = op.output(*[n.output for n in inputs]) if inputs else node.output
    new = Node(
        node.index,
        node.name,
        node.kind,
        op,
        inputs,
        output,
        node.call,
        node.row,
        node.part,
        node.line,
    )
    new.training_only, new.readers = node.training_only, node.readers
    new.shares = made[node.shares.index] if node.shares else None
    return new
