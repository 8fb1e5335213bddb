"""The forward pass in memory: what every node allocates, what dies at its last use, what the
backward pass keeps."""

from collections import Counter
from math import prod

from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.analyses.memory.tape import Setting, Step, Tensor, Weights
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.memory import (
    APART,
    DENSE,
    LAST_CHANNELS,
    LOOSE,
    MATRIX,
    MOVES,
    OUTPUT,
    PRODUCT,
    SAME,
    Function,
)


class Forward:
    """A forward pass through a graph. ``tape`` are its functions in order, where gradients are
    wanted."""

    def __init__(
        self, graph: Graph, setting: Setting, log: Log, inputs: dict[int, Tensor], training: bool
    ):
        self.setting, self.log, self.training = setting, log, training
        self.batch, self.size, self.unit = setting.batch, setting.size, setting.unit
        self.cast = (
            self.size if self.size < 8 else 0
        )  # a number of Python's is float64 before it is cast
        self.tape: list[Step] = []
        self.first: dict[tuple[str, str], Step] = {}  # by parameter, the first step that trains it
        self.values: dict[int, Tensor] = dict(inputs)
        nodes = list(graph.layers(training))
        self.outputs = graph.results(training)
        left = Counter(i for n in nodes for i in {m.index for m in n.inputs})
        for n in self.outputs:
            left[n.index] += 1  # the caller's
        self.pools = Counter(
            n.inputs[-1].index for n in nodes if n.op.undoes
        )  # which are undone, how often
        self.found: dict[int, Storage] = {}  # their indices
        for node in nodes:
            log.node = node.name
            reads = {m.index for m in node.inputs}
            for i in reads:
                left[i] -= 1
            dead = [i for i in reads if not left[i] and i not in inputs]
            held = [self.values[i] for i in dead if not node.op.undoes or i == node.inputs[0].index]
            self.run(node, dead)
            for value in held:
                self.release(value)

    @property
    def saved(self) -> int:
        """The bytes that the tape keeps, each storage once."""
        return sum({id(s): s.bytes for step in self.tape for s in step.kept}.values())

    def run(self, node: Node, dead: list[int]) -> None:
        """One node: its functions one after the other. Where there is none, it gives the same
        tensor.

        Values that are ``dead`` after it are let go; of a pool that is undone, only the indices are
        needed."""
        inputs = [self.values[n.index] for n in node.inputs]
        for i in dead:
            value = self.values.pop(i)
            if node.op.undoes and i != node.inputs[0].index:
                self.release(value)
        self.pool = node.inputs[-1].index if node.op.undoes else node.index
        functions = node.op.memory(*node.shapes, y=node.output, training=self.training)
        made: list[Tensor] = []
        for i, function in enumerate(functions):
            reads = tuple([inputs[r] if r >= 0 else made[r] for r in function.reads])
            made.append(self.apply(function, reads, self.weights(node, function)))
            for k in range(i):
                if k + functions[k].lives == i:
                    self.release(made[k])
        for k, function in enumerate(functions[:-1]):
            if k + function.lives >= len(functions):
                self.release(made[k])
        if not made:
            self.hold(inputs[0])
        self.values[node.index] = made[-1] if made else inputs[0]
        if node.op.undoes:
            self.pools[self.pool] -= 1
            if not self.pools[self.pool]:
                self.log.drop(self.found.pop(self.pool))

    def hold(self, value: Tensor) -> None:
        """Need a value once more."""
        self.log.hold(value.storage)
        if value.maker:
            value.maker.users += 1

    def release(self, value: Tensor) -> None:
        """Need a value once less; steps that nothing needs any more let go of what they kept."""
        self.log.drop(value.storage)
        open_ = [value.maker] if value.maker else []
        while open_:
            step = open_.pop()
            step.users -= 1
            if not step.users:
                for storage in step.kept + step.numbers:
                    self.log.drop(storage)
                step.kept, step.numbers = [], []
                open_ += [r.maker for r in step.reads if r.maker]

    def apply(self, function: Function, reads: tuple[Tensor, ...], trained: Weights = ()) -> Tensor:
        """One function: what it gives, and, where gradients are wanted, its step on the tape."""
        log = self.log
        number = [log.new(8), log.new(self.cast)] if function.number else []
        size = (
            function.size
            * (8 if function.whole_numbers else self.size)
            * (1 if function.fixed else self.batch)
        )
        shares = function.shares and not (
            function.reshapes and reads[0].layout not in function.reshapes
        )
        storage = log.hold(reads[0].storage) if shares else log.new(size)
        wanted = self.setting.gradients and bool(trained or any(r.maker for r in reads))
        extras = self.extras(function, wanted)
        if function.statistics:
            log.drop(log.new(self.for_a_norm(function, reads[0].layout)))
        if function.indices and self.pool in self.pools:
            self.found[self.pool] = log.hold(extras[0])  # a pool keeps nothing before them
        if function.copies and function.only_gradient != LOOSE:
            log.drop(log.new(sum([r.bytes for r in reads if r.layout in (LOOSE, APART)])))
        if function.divides:
            log.drop(log.new(8 + self.size))
        if number:
            log.drop(number.pop())
        layout = self.layout(function, reads, shares)
        if not wanted:
            for extra in extras + number:
                log.drop(extra)
            return Tensor(storage, size, None, layout)
        kept = [
            log.hold(storage if i == OUTPUT else reads[i].storage)
            for i in self.keeps(function, reads, trained)
        ]
        kept += [log.hold(self.found[self.pool])] if function.unpools else []
        if function.gradient == SAME:
            while number:
                log.drop(number.pop())
        step = Step(log.node, function, reads, kept + extras, number, trained)
        self.tape.append(step)
        for owner, name, _ in trained:
            self.first.setdefault((owner, name), step)
        return Tensor(storage, size, step, layout)

    def extras(self, function: Function, wanted: bool) -> list[Storage]:
        """What is kept besides; what is worked on in place is copied only where the backward pass
        needs it."""
        f, new = function, self.log.new
        extra = f.extra if self.setting.gradients or not f.shares else 0
        indices = f.indices if wanted or not f.lazy else 0
        sizes = (
            f.constants * self.size,
            indices * self.batch * 8,
            extra * self.unit,
            *(f.statistics * self.size,) * 2,
            *(f.rows * self.batch * self.size,) * 2,
        )
        return [new(n) for n in sizes if n]

    def for_a_norm(self, function: Function, layout: int) -> int:
        """The bytes that a batch norm needs for a while, besides its output and statistics:
        vectors, or numbers."""
        vector, apart = function.statistics * self.size, layout in (LOOSE, APART)
        if not self.training:
            return vector * apart
        if apart:
            return max(8 + self.cast - vector, 0)
        return vector * (3 if function.single or layout == LAST_CHANNELS else 2)

    @staticmethod
    def keeps(function: Function, reads: tuple[Tensor, ...], trained: Weights) -> tuple[int, ...]:
        """What of its reads, or OUTPUT, a function keeps: of a product, a side whose other side
        needs a gradient."""
        if function.gradient not in (PRODUCT, MATRIX):
            return function.keeps
        weight = any(name == function.trained[0] for _, name, _ in trained)
        return tuple(
            [
                i
                for i in function.keeps
                if weight or any(r.maker for k, r in enumerate(reads) if k != i)
            ]
        )

    def layout(self, function: Function, reads: tuple[Tensor, ...], shares: bool) -> int:
        """How the output lies in its storage."""
        before = reads[0].layout if reads else DENSE
        if function.moves:
            return MOVES[function.moves][before]
        if function.turned > (self.batch == 1):
            return (
                APART
                if function.turned == 1 and function.shares and before in (DENSE, APART)
                else LOOSE
            )
        if shares:
            return before
        return (
            LAST_CHANNELS
            if before == LAST_CHANNELS and not (function.plain or function.shares)
            else DENSE
        )

    def weights(self, node: Node, function: Function) -> Weights:
        """The parameters that get their gradients by a function: whose they are, their names and
        elements."""
        if not function.trained:
            return ()
        owner = (node.shares or node).name
        if owner in self.setting.frozen:
            return ()
        tensors = node.op.parameters(*node.shapes)
        return tuple(
            (owner, name, prod(shape))
            for name, shape in tensors.items()
            if name in function.trained
        )
