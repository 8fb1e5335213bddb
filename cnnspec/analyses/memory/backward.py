"""The backward pass in memory, as PyTorch's engine runs it.

A function is run when all gradients of its output are there: it allocates the gradients of what it
read, then what came in is released, then what it kept; then gradients that meet are added up, in
place where the older one is whole and nobody else's."""

from typing import NamedTuple

from cnnspec.analyses.memory.forward import Forward
from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.analyses.memory.tape import Step, Tensor
from cnnspec.ops.kit.memory import (
    APART,
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
    """A backward pass over a tape, from the ``first`` gradients, by the step whose output they
    belong to.

    ``weights`` are the gradients of the parameters, by layer and name, which remain.
    """

    def __init__(self, forward: Forward, log: Log, first: dict[int, Gradient]):
        self.log, self.batch = log, forward.batch
        self.unit, self.size, self.cast = forward.unit, forward.size, forward.cast
        self.arrived, self.made = first, list[tuple[str, str, Storage]]()
        self.weights: dict[tuple[str, str], Storage] = {}
        self.relaid: set[tuple[str, str]] = (
            set()
        )  # of these, those that lie otherwise than the parameter
        self.first = forward.first
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
                self.trained((owner, name), weight, step)

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
        given = [
            (r, self.gradient(step, i, incoming, working))
            for i, r in enumerate(step.reads)
            if r.maker
        ]
        if function.most:
            log.drop(log.new(max(before + function.most * self.unit - log.live, 0)))
        for owner, name, n in step.trained:
            if function.gradient == PRODUCT:
                working.append(log.new(incoming.bytes))
            self.made.append((owner, name, log.new(n * self.size)))
        needed = function.scratch * self.unit + function.places * 8
        needed += self.for_a_norm(step, incoming) if function.statistics else 0
        if step.trained or not function.trained:
            needed += function.fixed_scratch * self.size
        working.append(log.new(needed))
        for storage in working:
            log.drop(storage)
        log.drop(incoming.storage)
        return given

    def for_a_norm(self, step: Step, incoming: Gradient) -> int:
        """The bytes that a batch norm needs for a while.

        Where all lies in one piece that is another gradient, and then, with channels last, two or
        three vectors; else one vector."""
        function, read = step.function, step.reads[0]
        vector = function.statistics * self.size
        layouts = {incoming.layout, read.layout}
        if layouts & {LOOSE, APART} or (len(layouts) > 1 and not function.single):
            return vector
        last = function.single or read.layout == LAST_CHANNELS
        return max(read.bytes if read.maker else 0, last * (2 if step.trained else 3) * vector)

    def copied(self, step: Step, incoming: Gradient) -> list[int]:
        """The bytes of what a function copies to have all in one piece, in the order in which its
        gradient lies."""
        function, first, came = step.function, step.reads[0].layout, incoming.layout
        if function.only_gradient == LOOSE:
            return [incoming.bytes] * (
                (0 if came == DENSE else 1 + (came == LAST_CHANNELS)) if first == DENSE else 0
            )
        if function.only_gradient:
            last = LAST_CHANNELS * (first == LAST_CHANNELS)
            alike = came in (DENSE, LAST_CHANNELS) if function.single else came == last
            return [] if alike else [incoming.bytes]
        kept = [step.reads[i] for i in function.keeps if i != OUTPUT]
        if function.straight:
            return [r.bytes for r in kept if r.layout != DENSE] + [incoming.bytes] * (came != DENSE)
        last = came == LAST_CHANNELS
        sizes = [r.bytes for r in kept if (r.layout == LAST_CHANNELS) != last]
        sizes += [incoming.bytes] if came in (LOOSE, APART) else []
        return (
            [*sizes, function.indices * self.batch * 8]
            if (first == LAST_CHANNELS) != last
            else sizes
        )

    def gradient(self, step: Step, i: int, incoming: Gradient, working: list[Storage]) -> Gradient:
        """What a function gives to the value that it read as its i-th."""
        log, size, function = self.log, step.reads[i].bytes, step.function
        kind, whole = function.gradient, size == incoming.bytes
        if kind in (VIEW, TURNED) or (kind == FOLDED and incoming.layout == DENSE):
            straight = (
                whole or self.batch == 1
                if kind != TURNED
                else (function.turned or 2) <= (self.batch == 1)
            )
            layout = incoming.layout if straight else LOOSE
            layout = MOVES[OTHER_WAY[function.moves]][incoming.layout] if function.moves else layout
            return Gradient(log.hold(incoming.storage), size, True, layout)
        maker = step.reads[i].maker
        if (whole or (maker and maker.function.parts)) and (
            kind == SAME or (kind == DIFFERENCE and i == 0)
        ):
            return incoming._replace(storage=log.hold(incoming.storage))
        if kind == PRODUCT and not whole:
            working.append(log.new(incoming.bytes))
        own = function.trained and kind != PRODUCT
        like = step.reads[i].layout if own or not whole else incoming.layout
        if kind == PRODUCT and whole and incoming.layout == LOOSE:
            like = max(r.layout for k, r in enumerate(step.reads) if k != i or len(step.reads) == 1)
        last = like == LAST_CHANNELS and not (function.plain or function.shares or function.divides)
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

    def trained(self, key: tuple[str, str], made: Storage, step: Step) -> None:
        """The gradient of a parameter, which is added to what another layer that shares it gave
        before.

        When the last of them is there, it is copied if it lies otherwise than the parameter.
        """
        function, log = step.function, self.log
        weight = key[1] == "weight"
        before = self.weights.setdefault(key, made)
        if before is not made:
            if function.transposed and weight:
                self.weights[key] = log.new(made.bytes)
                log.drop(before)
            log.drop(made)
        elif weight and 0 < function.relaid <= self.batch and step.reads[0].layout == LAST_CHANNELS:
            self.relaid.add(key)
        if key in self.relaid and self.first[key] is step:
            before = self.weights[key]
            self.weights[key] = log.new(before.bytes)
            log.drop(before)
