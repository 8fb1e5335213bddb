"""The forward pass: what each node allocates, releases, and saves for the backward pass."""

from collections import Counter
from math import prod

from cnnspec.analyses.memory.allocations import (
    AllocationLog,
    ParameterSizes,
    PassSettings,
    Storage,
    TapeFunction,
    Tensor,
)
from cnnspec.analyses.memory.views import find_base, overwrite_view, strided_layout
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.memory import (
    CHANNELS_LAST,
    CONTIGUOUS,
    COPIES_GRADIENT_ONLY,
    INCOMING,
    LAYOUTS_AFTER_MOVE,
    MATMUL,
    MOVED,
    OUTPUT,
    PRODUCT,
    QUOTIENT,
    STRIDED,
    STRIDED_LAYOUTS,
    Function,
    Functions,
)
from cnnspec.ops.kit.operator import Operator
from cnnspec.units import Shape


class ForwardPass:
    """A forward pass through a graph; its ``tape`` are the functions with a backward, in order."""

    def __init__(
        self,
        graph: Graph,
        settings: PassSettings,
        log: AllocationLog,
        inputs: dict[int, Tensor],
        training: bool,
    ):
        self.settings, self.log, self.training = settings, log, training
        self.batch, self.size, self.unit = settings.batch, settings.size, settings.unit
        # A Python number becomes a float64 tensor, which is cast to a narrower dtype.
        self.cast_size = self.size if self.size < 8 else 0
        self.tape: list[TapeFunction] = []
        self.first_use: dict[tuple[str, str], TapeFunction] = {}  # of each parameter
        self.values: dict[int, Tensor] = dict(inputs)
        nodes = list(graph.layers(training))
        self.outputs = graph.results(training)
        readers = Counter(i for n in nodes for i in {m.index for m in n.inputs})
        for n in self.outputs:
            readers[n.index] += 1  # the caller
        self.unpools = Counter(n.inputs[-1].index for n in nodes if n.op.undoes)  # by their pool
        self.pool_indices: dict[int, Storage] = {}
        self.functions: dict[tuple[Operator, tuple[Shape, ...]], Functions] = {}
        for node in nodes:
            log.node = node.name
            reads = {m.index for m in node.inputs}
            for i in reads:
                readers[i] -= 1
            dead = [i for i in reads if not readers[i] and i not in inputs]
            held = [self.values[i] for i in dead if not node.op.undoes or i == node.inputs[0].index]
            self.run_node(node, dead)
            for value in held:
                self.release(value)

    @property
    def saved_bytes(self) -> int:
        """The bytes that the tape has saved, each storage once."""
        return sum({id(s): s.bytes for entry in self.tape for s in entry.saved}.values())

    def run_node(self, node: Node, dead: list[int]) -> None:
        """Run the functions of a node; one without any gives its input.

        ``dead`` are the values whose last use this is. Of a pool that it undoes, a node reads the
        indices only, so the pool's value is released before."""
        inputs = [self.values[n.index] for n in node.inputs]
        for i in dead:
            value = self.values.pop(i)
            if node.op.undoes and i != node.inputs[0].index:
                self.release(value)
        self.pool = node.inputs[-1].index if node.op.undoes else node.index
        functions = self.functions_of(node)
        made: list[Tensor] = []
        for i, function in enumerate(functions):
            reads = tuple([inputs[r] if r >= 0 else made[r] for r in function.inputs])
            made.append(self.run_function(function, reads, self.trained_by(node, function)))
            for k in range(i):
                if k + functions[k].held_for == i:
                    self.release(made[k])
        for k, function in enumerate(functions[:-1]):
            if k + function.held_for >= len(functions):
                self.release(made[k])
        if not made:
            self.hold(inputs[0])
        self.values[node.index] = made[-1] if made else inputs[0]
        if node.op.undoes:
            self.unpools[self.pool] -= 1
            if not self.unpools[self.pool]:
                self.log.drop(self.pool_indices.pop(self.pool))

    def functions_of(self, node: Node) -> Functions:
        """Return the functions of a node's operator; repeated blocks share them."""
        key = node.op, node.shapes
        if key not in self.functions:
            functions = node.op.memory(*node.shapes, y=node.output, training=self.training)
            self.functions[key] = functions
        return self.functions[key]

    def hold(self, value: Tensor) -> None:
        """Add a holder to a value."""
        self.log.hold(value.storage)
        if value.maker:
            value.maker.users += 1

    def release(self, value: Tensor) -> None:
        """Take a holder from a value; functions that nothing uses any more drop what they saved."""
        self.log.drop(value.storage)
        unused = [value.maker] if value.maker else []
        while unused:
            entry = unused.pop()
            entry.users -= 1
            if not entry.users:
                for storage in entry.saved + entry.scalars:
                    self.log.drop(storage)
                entry.saved, entry.scalars = [], []
                unused += [r.maker for r in entry.inputs if r.maker]

    def run_function(
        self, function: Function, inputs: tuple[Tensor, ...], trained: ParameterSizes = ()
    ) -> Tensor:
        """Run a function; put it on the tape if anything that it reads wants a gradient."""
        log, saved = self.log, function.saved
        scalars = [log.allocate(8), log.allocate(self.cast_size)] if saved.scalar else []
        unit = 8 if function.int64 else self.size
        size = function.size * unit * (1 if function.without_batch else self.batch)
        view_if = function.layout.view_if
        aliases = function.aliases and (not view_if or inputs[0].layout in view_if)
        if function.resizes:
            storage = log.resize(inputs[0].bytes, size)
        else:
            storage = log.hold(inputs[0].storage) if aliases else log.allocate(size)
        wanted = self.settings.gradients and bool(trained or any(r.maker for r in inputs))
        more_saved = self.allocate_saved(function, wanted)
        if saved.channel_statistics:
            log.drop(log.allocate(self.batch_norm_scratch(function, inputs[0].layout)))
        if saved.indices and self.pool in self.unpools:
            self.pool_indices[self.pool] = log.hold(more_saved[0])  # a pool saves nothing before
        if function.layout.copies not in ("", COPIES_GRADIENT_ONLY):
            strided = [r.bytes for r in inputs if r.layout in STRIDED_LAYOUTS]
            log.drop(log.allocate(sum(strided)))
        if function.divides:
            log.drop(log.allocate(8 + self.size))
        if scalars:
            log.drop(scalars.pop())
        layout = self.output_layout(function, inputs, aliases)
        base = find_base(function, inputs[0]) if aliases else None
        if not wanted:
            for extra in more_saved + scalars:
                log.drop(extra)
            return Tensor(storage, size, None, layout, base)
        saves = [
            log.hold(storage if i == OUTPUT else inputs[i].storage)
            for i in self.saved_tensors(function, inputs, trained)
        ]
        saves += [log.hold(self.pool_indices[self.pool])] if saved.pool_indices else []
        if function.gradient == INCOMING:
            while scalars:
                log.drop(scalars.pop())
        if function.inplace and base:
            made = overwrite_view(log.node, function, base, saves + more_saved)
            self.tape += made
            return Tensor(storage, size, made[1], layout, made[1].inputs[0])
        entry = TapeFunction(log.node, function, inputs, saves + more_saved, scalars, trained)
        self.tape.append(entry)
        for owner, name, _ in trained:
            self.first_use.setdefault((owner, name), entry)
        return Tensor(storage, size, entry, layout, base)

    def allocate_saved(self, function: Function, wanted: bool) -> list[Storage]:
        """Allocate what a function saves besides inputs and output."""
        saved = function.saved
        elements = saved.elements if wanted or not function.aliases else 0
        needed = wanted or self.pool in self.unpools or not saved.indices_for_gradient
        sizes = (
            saved.constants * self.size,
            saved.indices * needed * self.batch * 8,
            elements * self.unit,
            *(saved.channel_statistics * self.size,) * 2,
            *(saved.example_statistics * self.unit,) * 2,
        )
        return [self.log.allocate(n) for n in sizes if n]

    def batch_norm_scratch(self, function: Function, layout: int) -> int:
        """Return the bytes that a batch norm needs for a while besides output and statistics."""
        vector = function.saved.channel_statistics * self.size
        if not self.training:
            return vector * (layout in STRIDED_LAYOUTS)
        if layout in STRIDED_LAYOUTS:
            return max(8 + self.cast_size - vector, 0)
        return vector * (3 if function.layout.one_position or layout == CHANNELS_LAST else 2)

    @staticmethod
    def saved_tensors(
        function: Function, inputs: tuple[Tensor, ...], trained: ParameterSizes
    ) -> tuple[int, ...]:
        """Return what of ``Function.saves`` is saved: a factor only if another wants a gradient."""
        if function.gradient not in (PRODUCT, QUOTIENT, MATMUL):
            return function.saves
        weight = any(name == function.parameters[0] for _, name, _ in trained)
        wanting = [k for k, tensor in enumerate(inputs) if tensor.maker]
        divisor = 1 if function.gradient == QUOTIENT else None  # its own gradient needs it, too
        return tuple(
            [i for i in function.saves if weight or i == divisor or any(k != i for k in wanting)]
        )

    def output_layout(self, function: Function, inputs: tuple[Tensor, ...], aliases: bool) -> int:
        """Return the layout of a function's output."""
        layout, before = function.layout, inputs[0].layout if inputs else CONTIGUOUS
        if layout.channels:
            return LAYOUTS_AFTER_MOVE[layout.channels][before]
        if layout.strided > (self.batch == 1):
            return strided_layout(layout.strided, before) if function.aliases else STRIDED
        if aliases:
            changes = before == CHANNELS_LAST and not layout.keeps_last and self.batch == 1
            return STRIDED if changes else before
        if layout.keeps_moved and before in STRIDED_LAYOUTS:
            return MOVED
        keeps = before == CHANNELS_LAST and not (layout.contiguous or function.aliases)
        return CHANNELS_LAST if keeps else CONTIGUOUS

    def trained_by(self, node: Node, function: Function) -> ParameterSizes:
        """Return the parameters that get their gradients from a function of a node."""
        if not function.parameters:
            return ()
        owner = (node.shares or node).name
        if owner in self.settings.frozen:
            return ()
        tensors = node.op.parameters(*node.shapes)
        return tuple(
            (owner, name, prod(shape))
            for name, shape in tensors.items()
            if name in function.parameters
        )
