"""The backward pass, as PyTorch's autograd engine runs it.

The engine runs a function when all gradients of its output have arrived. The function allocates
the gradients of its inputs; then the incoming gradient is released, and then what was saved. Where
a second gradient of a tensor arrives, the two are added: in place if the older one is a whole
tensor that nothing else holds, else into a new one."""

from typing import NamedTuple

from cnnspec.analyses.memory.allocations import AllocationLog, Storage, TapeFunction, Tensor
from cnnspec.analyses.memory.forward_pass import ForwardPass
from cnnspec.analyses.memory.views import AS_STRIDED
from cnnspec.ops.kit.memory import (
    CHANNELS_LAST,
    CONTIGUOUS,
    COPIES_ALL,
    COPIES_GRADIENT,
    COPIES_GRADIENT_ONLY,
    DIFFERENCE,
    INCOMING,
    LAYOUTS_AFTER_MOVE,
    MOVED,
    OUTPUT,
    PRODUCT,
    QUOTIENT,
    RESHAPED,
    SCATTERED,
    SELECTED,
    STRIDED,
    STRIDED_LAYOUTS,
    STRIDED_VIEW,
    VIEW,
    WITHIN_EXAMPLES,
)

OPPOSITE_MOVE = {"last": "first", "first": "last"}


class Gradient(NamedTuple):  # a tuple, as a pass makes thousands
    """A gradient: its storage, bytes and layout, and whether it is a view."""

    storage: Storage
    bytes: int
    view: bool = False
    layout: int = CONTIGUOUS


class BackwardPass:
    """A backward pass over a tape.

    ``arrived`` are the gradients with which it starts, by the id of the tape's function whose
    output they belong to. ``parameter_gradients`` are left when it is over, by layer and name."""

    def __init__(self, forward: ForwardPass, log: AllocationLog, arrived: dict[int, Gradient]):
        self.log, self.batch = log, forward.batch
        self.unit, self.size, self.cast_size = forward.unit, forward.size, forward.cast_size
        self.arrived, self.first_use = arrived, forward.first_use
        self.parameter_gradients: dict[tuple[str, str], Storage] = {}
        self.channels_last_gradients: set[tuple[str, str]] = set()
        self.waiting: dict[int, list[Storage]] = {}  # gradients of parts, until they are stacked
        log.phase = "backward"
        for entry in reversed(forward.tape):
            log.node = entry.node
            incoming = self.arrived.pop(id(entry), None)
            trained: list[tuple[tuple[str, str], Storage]] = []
            returned = self.run_function(entry, incoming, trained) if incoming else []
            for storage in self.waiting.pop(id(entry), ()):
                log.drop(storage)
            for storage in entry.saved + entry.scalars:
                log.drop(storage)
            for tensor, gradient in returned:
                self.pass_on(tensor, gradient)
            for key, storage in reversed(trained):
                self.accumulate(key, storage, entry)

    def run_function(
        self,
        entry: TapeFunction,
        incoming: Gradient,
        trained: list[tuple[tuple[str, str], Storage]],
    ) -> list[tuple[Tensor, Gradient]]:
        """Run a function's backward: return its inputs' gradients, and append its parameters'."""
        log, function = self.log, entry.function
        backward, temporary = function.backward, list[Storage]()
        if function.layout.copies:
            temporary += [log.allocate(n) for n in self.copied_bytes(entry, incoming)]
        if function.divides or function.saved.scalar:
            temporary.append(log.allocate(8 + self.size if function.divides else self.cast_size))
        temporary.append(log.allocate(backward.bytes * self.batch))
        log.drop(log.allocate(self.first_scratch(entry, incoming)))
        before = log.live
        returned = [
            (tensor, self.input_gradient(entry, i, incoming, temporary))
            for i, tensor in enumerate(entry.inputs)
            if tensor.maker
        ]
        if backward.peak:
            log.drop(log.allocate(max(before + backward.peak * self.unit - log.live, 0)))
        for owner, name, n in entry.parameters:
            if function.gradient == PRODUCT:
                temporary.append(log.allocate(incoming.bytes))
            trained.append(((owner, name), log.allocate(n * self.size)))
        scratch = backward.elements * self.unit + backward.indices * 8
        if backward.gradient_elements and entry.inputs[0].maker:
            scratch += backward.gradient_elements * self.unit
        if function.saved.channel_statistics:
            scratch += self.batch_norm_scratch(entry, incoming)
        if (entry.parameters or not function.parameters) and self.batch >= backward.constants_from:
            scratch += backward.constants * self.size
        temporary.append(log.allocate(scratch))
        for storage in temporary:
            log.drop(storage)
        log.drop(incoming.storage)
        return returned

    def first_scratch(self, entry: TapeFunction, incoming: Gradient) -> int:
        """Return the bytes that are alive at once before the gradients of inputs are summed."""
        kind, wanted = entry.function.gradient, [i for i, x in enumerate(entry.inputs) if x.maker]
        if kind == QUOTIENT and 1 in wanted:
            return 4 * incoming.bytes
        if kind == SELECTED:
            return (len(wanted) + 1) * incoming.bytes + 2 * incoming.bytes // self.size
        return 0

    def batch_norm_scratch(self, entry: TapeFunction, incoming: Gradient) -> int:
        """Return the bytes that the backward of a batch norm needs for a while.

        For contiguous tensors that is one more gradient, and for channels_last ones at least two
        or three vectors; for any other layout, one vector."""
        function, tensor = entry.function, entry.inputs[0]
        vector = function.saved.channel_statistics * self.size
        layouts, one_position = {incoming.layout, tensor.layout}, function.layout.one_position
        if layouts & {*STRIDED_LAYOUTS} or (len(layouts) > 1 and not one_position):
            return vector
        last = one_position or tensor.layout == CHANNELS_LAST
        vectors = last * (2 if entry.parameters else 3) * vector
        return max(tensor.bytes if tensor.maker else 0, vectors)

    def copied_bytes(self, entry: TapeFunction, incoming: Gradient) -> list[int]:
        """Return the bytes of each tensor that a backward copies for ``Layout.copies``."""
        function, first, came = entry.function, entry.inputs[0].layout, incoming.layout
        copies, size = function.layout.copies, incoming.bytes
        if copies == COPIES_GRADIENT_ONLY:
            if first != CONTIGUOUS or came == CONTIGUOUS:
                return []
            return [size] * (2 if came == CHANNELS_LAST else 1)
        if copies == COPIES_GRADIENT:
            wanted = CHANNELS_LAST if first == CHANNELS_LAST else CONTIGUOUS
            if function.layout.one_position:
                return [] if came in (CONTIGUOUS, CHANNELS_LAST) else [size]
            return [] if came == wanted else [size]
        saved = [entry.inputs[i] for i in function.saves if i != OUTPUT]
        if copies == COPIES_ALL:
            sizes = [tensor.bytes for tensor in saved if tensor.layout != CONTIGUOUS]
            return [*sizes, size] if came != CONTIGUOUS else sizes
        last = came == CHANNELS_LAST
        sizes = [tensor.bytes for tensor in saved if (tensor.layout == CHANNELS_LAST) != last]
        sizes += [size] if came in STRIDED_LAYOUTS else []
        if (first == CHANNELS_LAST) != last:
            sizes.append(function.saved.indices * self.batch * 8)
        return sizes

    def input_gradient(
        self, entry: TapeFunction, i: int, incoming: Gradient, temporary: list[Storage]
    ) -> Gradient:
        """Return the gradient of the i-th input; what is needed besides goes to ``temporary``."""
        log, function, tensor = self.log, entry.function, entry.inputs[i]
        kind, layout, size = function.gradient, function.layout, tensor.bytes
        same_size = size == incoming.bytes
        if kind in (VIEW, STRIDED_VIEW) or (kind == RESHAPED and incoming.layout == CONTIGUOUS):
            view = self.view_layout(entry, incoming, same_size)
            return Gradient(log.hold(incoming.storage), size, True, view)
        if kind == SCATTERED:
            return Gradient(log.allocate(size), size, entry.function is AS_STRIDED, tensor.layout)
        if function.resizes:
            return Gradient(log.resize(incoming.bytes, size), size)
        unbound = tensor.maker is not None and tensor.maker.function.unbinds
        if (same_size or unbound) and (kind == INCOMING or (kind == DIFFERENCE and i == 0)):
            return incoming._replace(storage=log.hold(incoming.storage))
        if kind in (PRODUCT, QUOTIENT, SELECTED) and not same_size:
            temporary.append(log.allocate(incoming.bytes))
        weighted = function.parameters and kind != PRODUCT
        as_input = weighted or not same_size or layout.gradient_as_input
        as_input = as_input and not layout.gradient_as_incoming
        like = tensor.layout if as_input else incoming.layout
        if kind == SELECTED:  # the comparison decides it, which is laid out as the first input
            like = entry.inputs[0].layout
        if kind == PRODUCT and same_size and incoming.layout in (STRIDED, MOVED):
            others = [r.layout for k, r in enumerate(entry.inputs) if k != i]
            like = max(others or [tensor.layout])
        if layout.keeps_moved and same_size and incoming.layout in STRIDED_LAYOUTS:
            return Gradient(log.allocate(size), size, False, MOVED)
        view = function.aliases and not function.inplace
        contiguous = layout.contiguous or view or function.divides
        last = like == CHANNELS_LAST and not contiguous
        return Gradient(log.allocate(size), size, False, CHANNELS_LAST if last else CONTIGUOUS)

    def view_layout(self, entry: TapeFunction, incoming: Gradient, same_size: bool) -> int:
        """Return the layout of a view of the incoming gradient."""
        layout = entry.function.layout
        if layout.channels:
            if layout.strided_gradient_of_one and self.batch == 1:
                return STRIDED
            return LAYOUTS_AFTER_MOVE[OPPOSITE_MOVE[layout.channels]][incoming.layout]
        if entry.function.gradient == STRIDED_VIEW:
            keeps = (layout.strided or WITHIN_EXAMPLES) <= (self.batch == 1)
        else:
            keeps = same_size or self.batch == 1
        return incoming.layout if keeps else STRIDED

    def pass_on(self, tensor: Tensor, gradient: Gradient) -> None:
        """Pass a gradient to the function that made a tensor, and add it to one that is there."""
        key, log = id(tensor.maker), self.log
        before = self.arrived.get(key)
        if before is None:
            self.arrived[key] = gradient
        elif tensor.maker and tensor.maker.function.unbinds:
            self.waiting.setdefault(key, []).append(gradient.storage)
        elif not before.view and before.storage.holders == 1:
            log.drop(gradient.storage)
        else:
            layout = CHANNELS_LAST if before.layout == CHANNELS_LAST else CONTIGUOUS
            self.arrived[key] = Gradient(log.allocate(before.bytes), before.bytes, False, layout)
            log.drop(before.storage)
            log.drop(gradient.storage)

    def accumulate(self, key: tuple[str, str], gradient: Storage, entry: TapeFunction) -> None:
        """Add a parameter's gradient to that from another layer, if layers share the parameter.

        After the last one, a gradient whose layout is not the parameter's is copied."""
        backward, log, weight = entry.function.backward, self.log, key[1] == "weight"
        before = self.parameter_gradients.setdefault(key, gradient)
        if before is not gradient:
            if backward.adds_out_of_place and weight:
                self.parameter_gradients[key] = log.allocate(gradient.bytes)
                log.drop(before)
            log.drop(gradient)
        elif weight and self.gives_channels_last(entry):
            self.channels_last_gradients.add(key)
        if key in self.channels_last_gradients and self.first_use[key] is entry:
            before = self.parameter_gradients[key]
            self.parameter_gradients[key] = log.allocate(before.bytes)
            log.drop(before)

    def gives_channels_last(self, entry: TapeFunction) -> bool:
        """Whether a convolution's weight gets a channels_last gradient."""
        first = entry.function.backward.weight_as_input_from
        return 0 < first <= self.batch and entry.inputs[0].layout == CHANNELS_LAST
