"""The backward pass in memory, as PyTorch's engine runs it.

A function is run when all gradients of its output are there: it allocates the gradients of what it read, then what
came in is released, then what it kept; then gradients that meet are added up, in place where the older one is whole
and nobody else's.
"""

from typing import NamedTuple

from cnnspec.analyses.memory.forward import Forward, Step, Tensor
from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.ops.memory import (
    DENSE,
    DIFFERENCE,
    FOLDED,
    LAST_CHANNELS,
    LOOSE,
    MOVES,
    OUTPUT,
    PRODUCT,
    SAME,
    TURNED,
    VIEW,
)

OTHER_WAY = {"out": "back", "back": "out"}


class Gradient(NamedTuple):
    """A gradient: its storage and bytes, whether it is a view, and how it lies there."""

    storage: Storage
    bytes: int
    view: bool = False
    layout: int = DENSE


class Backward:
    """A backward pass over a tape, from the ``first`` gradients, by the step whose output they belong to.

    ``weights`` are the gradients of the parameters, by layer and name, which remain.
    """

    def __init__(self, forward: Forward, log: Log, first: dict[int, Gradient]):
        self.log, self.batch = log, forward.batch
        self.unit, self.size, self.cast = forward.unit, forward.size, forward.cast
        self.arrived, self.made = first, list[tuple[str, str, Storage]]()
        self.weights: dict[tuple[str, str], Storage] = {}
        self.beside: dict[int, list[Storage]] = {}  # gradients of other parts of what a step gave
        log.phase = "backward"
        for step in reversed(forward.tape):
            log.node = step.node
            incoming = self.arrived.pop(id(step), None)
            self.made = []
            given = self.run(step, incoming) if incoming else []
            for storage in self.beside.pop(id(step), ()):
                log.drop(storage)
            for storage in step.kept + step.numbers:
                log.drop(storage)
            for read, made in given:
                self.arrive(read, made)
            for owner, name, weight in reversed(self.made):
                self.trained((owner, name), weight, step.function.transposed and name == "weight")

    def run(self, step: Step, incoming: Gradient) -> list[tuple[Tensor, Gradient]]:
        """The gradients that a function gives to what it read, and to the operator's parameters."""
        log, function = self.log, step.function
        working: list[Storage] = []
        if function.copies:
            working += [log.new(n) for n in self.copied(step, incoming)]
        if function.divides or function.number:
            working.append(log.new(8 + self.size if function.divides else self.cast))
        working.append(log.new(function.masks * self.batch))
        before = log.live
        given = [(r, self.gradient(step, i, incoming, working)) for i, r in enumerate(step.reads) if r.maker]
        if function.most:
            log.drop(log.new(max(before + function.most * self.unit - log.live, 0)))
        for owner, name, n in step.trained:
            if function.gradient == PRODUCT:
                working.append(log.new(incoming.bytes))
            self.made.append((owner, name, log.new(n * self.size)))
        alike = function.whole and step.reads[0].maker and incoming.layout == step.reads[0].layout != LOOSE
        needed = (function.scratch + function.whole * bool(alike)) * self.unit
        needed += function.places * 8
        if step.trained or not function.trained:
            needed += function.fixed_scratch * self.size
        working.append(log.new(needed))
        for storage in working:
            log.drop(storage)
        log.drop(incoming.storage)
        return given

    def copied(self, step: Step, incoming: Gradient) -> list[int]:
        """The bytes of what a function copies to have all in one piece, in the order in which its gradient lies."""
        function, first = step.function, step.reads[0].layout
        if function.only_gradient == LOOSE:
            return [incoming.bytes] if incoming.layout == LOOSE and first == DENSE else []
        if function.only_gradient:
            return [incoming.bytes] if incoming.layout != LAST_CHANNELS * (first == LAST_CHANNELS) else []
        wanted = LAST_CHANNELS if incoming.layout == LAST_CHANNELS else DENSE
        kept = [step.reads[i] for i in function.keeps if i != OUTPUT]
        sizes = [r.bytes for r in kept if r.layout != wanted]
        sizes += [incoming.bytes] if incoming.layout != wanted else []
        turned = {incoming.layout, first} == {DENSE, LAST_CHANNELS}
        return [*sizes, function.indices * self.batch * 8] if turned else sizes

    def gradient(self, step: Step, i: int, incoming: Gradient, working: list[Storage]) -> Gradient:
        """What a function gives to the value that it read as its i-th."""
        log, size, function = self.log, step.reads[i].bytes, step.function
        kind, whole = function.gradient, size == incoming.bytes
        if kind in (VIEW, TURNED) or (kind == FOLDED and incoming.layout == DENSE):
            straight = whole or self.batch == 1 if kind != TURNED else (function.turned or 2) <= (self.batch == 1)
            layout = incoming.layout if straight else LOOSE
            layout = MOVES[OTHER_WAY[function.moves]][incoming.layout] if function.moves else layout
            return Gradient(log.hold(incoming.storage), size, True, layout)
        maker = step.reads[i].maker
        if (whole or (maker and maker.function.parts)) and (kind == SAME or (kind == DIFFERENCE and i == 0)):
            return incoming._replace(storage=log.hold(incoming.storage))
        if kind == PRODUCT and not whole:
            working.append(log.new(incoming.bytes))
        own = function.trained and kind != PRODUCT
        like = step.reads[i].layout if own or not whole else incoming.layout
        if kind == PRODUCT and whole and incoming.layout == LOOSE:
            like = max(r.layout for k, r in enumerate(step.reads) if k != i or len(step.reads) == 1)
        last = like == LAST_CHANNELS and not (function.plain or function.shares)
        return Gradient(log.new(size), size, False, LAST_CHANNELS if last else DENSE)

    def arrive(self, read: Tensor, made: Gradient) -> None:
        """A gradient reaches the function that made a value, where others may be already."""
        key, log = id(read.maker), self.log
        before = self.arrived.get(key)
        if before is None:
            self.arrived[key] = made
        elif read.maker and read.maker.function.parts:
            self.beside.setdefault(key, []).append(made.storage)
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
