"""The allocations of a pass: storages, the tensors in them, their log, and the autograd tape."""

from math import prod
from typing import NamedTuple

from cnnspec.graph.model import Graph
from cnnspec.ops.kit.memory import CONTIGUOUS, Function
from cnnspec.records import Record

ParameterSizes = tuple[tuple[str, str, int], ...]  # layer, name and elements of each


class PassSettings(Record):
    """For what a pass is planned: the batch, bytes per element, gradients, and frozen layers."""

    batch: int
    size: int = 4
    gradients: bool = False
    frozen: frozenset[str] = frozenset()

    @property
    def unit(self) -> int:
        """Bytes of the whole batch for each element of an example."""
        return self.batch * self.size


class Event(NamedTuple):  # a tuple, as a pass makes thousands
    """An allocation of bytes, or, if negative, a release, at a node in a phase.

    The phases are "forward", "backward" and "step", the optimizer's.
    """

    bytes: int
    node: str
    phase: str


class Storage:
    """A block of memory, with a count of its holders."""

    __slots__ = ("bytes", "holders")

    def __init__(self, size: int):
        self.bytes, self.holders = size, 1


BEFORE = "input (forward)"  # where the peak is if no layer allocates anything


class AllocationLog:
    """Allocations and releases in order; ``live`` are the bytes that are allocated now."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.live = self.peak = 0
        self.peak_at = BEFORE
        self.phase, self.node = "forward", ""

    def reset(self) -> None:
        """Forget all events; count from what is live now."""
        self.events.clear()
        self.live = self.peak = 0
        self.peak_at = BEFORE

    def allocate(self, size: int) -> Storage:
        """Allocate a storage, which has one holder."""
        if not size:
            return Storage(0)
        self.live += size
        self.events.append(Event(size, self.node, self.phase))
        if self.live > self.peak:
            self.peak, self.peak_at = self.live, f"{self.node} ({self.phase})"
        return Storage(size)

    def resize(self, before: int, size: int) -> Storage:
        """Allocate a storage of ``before`` bytes, and another one if ``size`` bytes are more."""
        first = self.allocate(before)
        if size <= before:
            return first
        storage = self.allocate(size)
        self.drop(first)
        return storage

    def hold(self, storage: Storage) -> Storage:
        """Add a holder to a storage."""
        storage.holders += 1
        return storage

    def drop(self, storage: Storage) -> None:
        """Take a holder from a storage; the last one releases it."""
        storage.holders -= 1
        if not storage.holders and storage.bytes:
            self.live -= storage.bytes
            self.events.append(Event(-storage.bytes, self.node, self.phase))


class Tensor(NamedTuple):  # a tuple, as a pass makes thousands
    """A tensor of a pass; its ``maker`` is None where no gradient is wanted.

    ``base`` is the tensor that it is a view of."""

    storage: Storage
    bytes: int
    maker: "TapeFunction | None"
    layout: int = CONTIGUOUS
    base: "Tensor | None" = None


class TapeFunction:
    """A function on the tape: what backward needs of it, and how many tensors and functions use it.

    ``saved`` are released when its backward is over, ``scalars`` are Python numbers as tensors.
    """

    __slots__ = ("function", "inputs", "node", "parameters", "saved", "scalars", "users")

    def __init__(
        self,
        node: str,
        function: Function,
        inputs: tuple[Tensor, ...],
        saved: list[Storage],
        scalars: list[Storage],
        parameters: ParameterSizes,
    ):
        self.node, self.function, self.inputs = node, function, inputs
        self.saved, self.scalars, self.parameters = saved, scalars, parameters
        self.users = 1
        for tensor in inputs:
            if tensor.maker:
                tensor.maker.users += 1


def allocate_inputs(
    graph: Graph, settings: PassSettings
) -> tuple[AllocationLog, dict[int, Tensor]]:
    """Return an empty log, above the network's inputs, and these by their nodes' index."""
    log = AllocationLog()
    sizes = {n.index: prod(n.output) * settings.unit for n in graph.inputs}
    inputs = {i: Tensor(log.allocate(size), size, None) for i, size in sizes.items()}
    log.reset()
    return log, inputs
