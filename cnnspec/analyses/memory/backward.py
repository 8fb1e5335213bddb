"""The backward pass in memory, as PyTorch's engine runs it.

A function is run when all gradients of its output are there: it allocates the gradients of what it read, then what
came in is released, then what it kept; then gradients that meet are added up, in place where the older one is whole
and nobody else's.
"""

from typing import NamedTuple

from cnnspec.analyses.memory.forward import Forward, Step, Tensor
from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.ops.memory import DIFFERENCE, PRODUCT, SAME, TURNED, VIEW


class Gradient(NamedTuple):
    """A gradient: its storage and bytes, whether it is a view, and whether it lies there in one piece."""

    storage: Storage
    bytes: int
    view: bool = False
    dense: bool = True


class Backward:
    """A backward pass over a tape, from the ``first`` gradients, by the step whose output they belong to.

    ``weights`` are the gradients of the parameters, by layer and name, which remain.
    """

    def __init__(self, forward: Forward, log: Log, first: dict[int, Gradient]):
        self.log, self.batch = log, forward.setting.batch
        self.unit, self.size = forward.setting.batch * forward.setting.size, forward.setting.size
        self.arrived, self.made = first, list[tuple[str, str, Storage]]()
        self.weights: dict[tuple[str, str], Storage] = {}
        log.phase = "backward"
        for step in reversed(forward.tape):
            log.node = step.node
            incoming = self.arrived.pop(id(step), None)
            self.made = []
            given = self.run(step, incoming) if incoming else []
            for storage in step.kept + step.numbers:
                log.drop(storage)
            for read, made in given:
                self.arrive(read, made)
            for owner, name, weight in reversed(self.made):
                self.trained((owner, name), weight, step.function.transposed and name == "weight")

    def run(self, step: Step, incoming: Gradient) -> list[tuple[Tensor, Gradient]]:
        """The gradients that a function gives to what it read, and to the operator's parameters."""
        log, function = self.log, step.function
        copied = [incoming.bytes] if not incoming.dense else []
        copied += [r.elements * self.unit for r in step.reads if not r.dense]
        working = [log.new(size) for size in copied] if function.copies else []
        working += [log.new(8 * function.divides + self.size)] if function.divides or function.number else []
        given = [(r, self.gradient(step, i, incoming, working)) for i, r in enumerate(step.reads) if r.maker]
        self.made = [(owner, name, log.new(n * self.size)) for owner, name, n in step.trained]
        working.append(log.new((function.scratch + function.whole * incoming.dense) * self.unit))
        for storage in working:
            log.drop(storage)
        log.drop(incoming.storage)
        return given

    def gradient(self, step: Step, i: int, incoming: Gradient, working: list[Storage]) -> Gradient:
        """What a function gives to the value that it read as its i-th."""
        log, size, kind = self.log, step.reads[i].elements * self.unit, step.function.gradient
        whole = size == incoming.bytes
        if kind in (VIEW, TURNED):
            dense = incoming.dense and kind == VIEW and (whole or self.batch == 1)
            return Gradient(log.hold(incoming.storage), size, True, dense)
        if whole and (kind == SAME or (kind == DIFFERENCE and i == 0)):
            return incoming._replace(storage=log.hold(incoming.storage))
        if kind == PRODUCT and not whole:
            working.append(log.new(incoming.bytes))
        return Gradient(log.new(size), size)

    def arrive(self, read: Tensor, made: Gradient) -> None:
        """A gradient reaches the function that made a value, where others may be already."""
        key, log = id(read.maker), self.log
        before = self.arrived.get(key)
        if before is None:
            self.arrived[key] = made
        elif not before.view and before.storage.holders == 1:
            log.drop(made.storage)
        else:
            self.arrived[key] = Gradient(log.new(before.bytes), before.bytes)
            log.drop(before.storage)
            log.drop(made.storage)

    def trained(self, key: tuple[str, str], made: Storage, apart: bool) -> None:
        """The gradient of a parameter, which is added to what another layer that shares it gave before."""
        before = self.weights.setdefault(key, made)
        if before is made:
            return
        if apart:
            self.weights[key] = self.log.new(made.bytes)
            self.log.drop(before)
        self.log.drop(made)
