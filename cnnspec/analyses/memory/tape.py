"""What a pass is about: its setting, the values that it makes, and the steps that its backward pass
will go back."""

from math import prod
from typing import NamedTuple

from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.graph.model import Graph
from cnnspec.ops.kit.memory import DENSE, Function
from cnnspec.records import Record

Weights = tuple[tuple[str, str, int], ...]


class Setting(Record):
    """For what memory is asked: the batch, bytes an element, whether gradients are wanted, and
    layers without any."""

    batch: int
    size: int = 4
    gradients: bool = False
    frozen: frozenset[str] = frozenset()

    @property
    def unit(self) -> int:
        """Bytes for each element of an example."""
        return self.batch * self.size


class Tensor(NamedTuple):
    """A value: its storage, its bytes, the step of the tape that gave it, if it needs a gradient,
    and how it lies there."""

    storage: Storage
    bytes: int
    maker: "Step | None"
    layout: int = DENSE


def begin(graph: Graph, setting: Setting) -> tuple[Log, dict[int, Tensor]]:
    """A log that starts with nothing but the inputs."""
    log = Log()
    sizes = {n.index: prod(n.output) * setting.unit for n in graph.inputs}
    inputs = {i: Tensor(log.new(size), size, None) for i, size in sizes.items()}
    log.start()
    return log, inputs


class Step:
    """A function on the tape: what the backward pass needs of it, and how many values and steps
    need it."""

    __slots__ = ("function", "kept", "node", "numbers", "reads", "trained", "users")

    def __init__(
        self,
        node: str,
        function: Function,
        reads: tuple[Tensor, ...],
        kept: list[Storage],
        numbers: list[Storage],
        trained: Weights,
    ):
        self.numbers = numbers
        self.node, self.function, self.reads, self.kept, self.trained = (
            node,
            function,
            reads,
            kept,
            trained,
        )
        self.users = 1
        for read in reads:
            if read.maker:
                read.maker.users += 1
