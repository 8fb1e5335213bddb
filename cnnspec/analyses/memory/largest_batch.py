"""The largest batch that fits into a budget, and ways to need less memory."""

from collections.abc import Iterator, Sequence

from cnnspec.analyses.memory.network_memory import FixedMemory, plan_peak
from cnnspec.analyses.memory.request import check_request, choose_loss
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.units import MAX_BATCH, format_bytes, format_count


class BatchSearch(Record):
    """The settings for which a largest batch is searched.

    ``budget`` is in bytes. ``reserve`` of it is left for what is not counted."""

    graph: Graph
    budget: int
    dtype: str = "float32"
    optimizer: str = "none"
    loss: str = ""
    mode: str = "training"
    freeze: Sequence[str] = ()
    reserve: int = 0

    @property
    def available(self) -> int:
        """The bytes that tensors may take."""
        return self.budget - self.reserve

    def peak(self, batch: int) -> int:
        """Return the peak of a batch in bytes."""
        return plan_peak(
            self.graph, batch, self.dtype, self.optimizer, self.loss, self.mode, self.freeze
        )


class LargestBatch(Record):
    """The largest batch that fits, its peak, and the peak of one more example."""

    batch: int
    peak: int
    next: int


class MemoryAdvice(Record):
    """A way to need less memory: a change, and the largest batch that fits with it.

    ``peak`` is that of the batch that fitted before; if the change is the batch, of the new one."""

    change: str
    batch: int
    peak: int


def find_largest_batch(search: BatchSearch) -> LargestBatch:
    """Find the largest batch whose peak is within the budget.

    A peak is nearly a straight line over the batch, so that a secant needs fewer plans than
    bisection, which is used where a secant does not halve the interval. Raises RequestError where
    not even one example fits, and where any batch does."""
    budget = search.available
    low, low_peak = 1, check_one_example_fits(search)
    high, high_peak = 2, search.peak(2)
    while high_peak <= budget:
        if high == MAX_BATCH:
            raise RequestError(
                f"even {format_count(high)} examples of {visible(search.graph.name)} fit into"
                f" {describe_budget(search)}: give a smaller budget"
            )
        slope = max(1, (high_peak - low_peak) // (high - low))
        low, low_peak = high, high_peak
        high = min(MAX_BATCH, high + (budget - high_peak) // slope + 1)
        high_peak = search.peak(high)
    halve = False
    while (size := high - low) > 1:
        rise = size // 2 if halve else (budget - low_peak) * size // (high_peak - low_peak)
        guess = min(max(low + rise, low + 1), high - 1)
        peak = search.peak(guess)
        if peak <= budget:
            low, low_peak = guess, peak
        else:
            high, high_peak = guess, peak
        halve = 2 * (high - low) > size
    return LargestBatch(low, low_peak, high_peak)


def describe_budget(search: BatchSearch) -> str:
    """Return the budget in words, with the reserve if there is one."""
    budget = format_bytes(search.budget)
    return f"{budget} less {format_bytes(search.reserve)}" if search.reserve else budget


def check_one_example_fits(search: BatchSearch) -> int:
    """Return the peak of one example.

    Raises RequestError, with what is too large, if it does not fit into the budget."""
    size = check_request(1, search.dtype, search.optimizer, search.mode)
    fixed = FixedMemory(search.graph, 1, size, choose_loss(search.graph, search.loss))
    budget = describe_budget(search)
    if fixed.parameters > search.available:
        raise RequestError(
            f"no batch fits: the parameters alone are {format_bytes(fixed.parameters)} in"
            f" {search.dtype}, and the budget is {budget}"
        )
    first = search.peak(1)
    if first > search.available:
        raise RequestError(
            f"no batch fits: one example needs {format_bytes(first)} for {search.mode}, and the"
            f" budget is {budget}"
        )
    return first


def give_advice(search: BatchSearch, fit: LargestBatch) -> Iterator[MemoryAdvice]:
    """Compute what the usual remedies would save: half the batch, 16 bits, a larger stride."""
    if fit.batch > 1:
        half = fit.batch // 2
        yield MemoryAdvice("half the batch", half, search.peak(half))
    if search.dtype not in ("bfloat16", "float16"):
        narrow = search.replace(dtype="bfloat16")
        yield MemoryAdvice(
            "16-bit numbers (bfloat16) for everything",
            find_largest_batch(narrow).batch,
            narrow.peak(fit.batch),
        )
    if strided := double_first_stride(search.graph):
        node, graph = strided
        smaller = search.replace(graph=graph)
        yield MemoryAdvice(
            f"twice the stride of {node.name}",
            find_largest_batch(smaller).batch,
            smaller.peak(fit.batch),
        )


def double_first_stride(graph: Graph) -> tuple[Node, Graph] | None:
    """Return the first layer with a stride, and the graph with that stride doubled.

    None if no layer has one, or if the smaller maps do not fit the layers after it."""
    strides = [n for n in graph.nodes if isinstance(getattr(n.op, "stride", None), int | tuple)]
    if not strides:
        return None
    made: dict[int, Node] = {}
    try:
        for node in graph.nodes:
            made[node.index] = copy_node(node, made, node is strides[0])
    except OperatorError:
        return None
    return strides[0], graph.replace(
        nodes=[made[n.index] for n in graph.nodes],
        inputs=[made[n.index] for n in graph.inputs],
        outputs=[made[n.index] for n in graph.outputs],
    )


def copy_node(node: Node, made: dict[int, Node], double: bool) -> Node:
    """Copy a node onto the copies ``made`` of its inputs, with its stride doubled if wanted.

    Raises OperatorError if the operator does not take them."""
    op = node.op
    inputs = tuple([made[n.index] for n in node.inputs])
    if double:
        stride = op.stride  # type: ignore[attr-defined]
        twice = 2 * stride if isinstance(stride, int) else tuple(2 * s for s in stride)
        op = op.replace(stride=twice)
    if op.undoes:
        op = op.undoing(inputs[-1].op, inputs[-1].inputs[0].output)
    output = op.output(*[n.output for n in inputs]) if inputs else node.output
    copy = Node(
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
    copy.training_only, copy.readers = node.training_only, node.readers
    copy.shares = made[node.shares.index] if node.shares else None
    return copy
