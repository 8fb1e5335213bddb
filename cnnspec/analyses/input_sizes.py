"""The input sizes that a network accepts, found by inferring the shapes at each size.

A size is *valid* if every layer has an output, *accepted* if in addition all parameters keep their
shapes, and *read whole* if no layer with a stride leaves positions at the end of a map unread."""

from collections.abc import Iterator
from typing import Any

from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import MAX_SIZE, OperatorError
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.units import Shape, format_shape


def count_unread(a: Axis, positions: int) -> int:
    """Count the positions after the last window, except those that the stride skips anyway.

    With W positions, the n-th window ends at (n - 1)*S - P + D*(K - 1) + 1. The count is 0 if only
    padding is left."""
    left = a.size - ((positions - 1) * a.stride - a.before + a.extent)
    return left if left > max(0, a.stride - a.extent) else 0


Varied = tuple[int | None, ...]
LARGEST = 16_384  # the largest size that can be tried
USUAL, MOST = 512, 2048  # the default bound is the network's own size, but between these


class Refusal(Record):
    """A layer that refuses a size, and the reason."""

    size: int
    layer: str
    message: str


class InputSizes(Record):
    """What a network does with sizes n, 1 to ``bound``, in the dimensions None of ``varied``.

    ``native`` is the network's own input, and ``own`` its size n, or None if ``native`` does not
    have the form ``varied``. ``below`` is the refusal of the size before the smallest valid one.
    ``keeper`` is the layer whose parameters do not fit the valid but not accepted size that is
    nearest to ``own``. ``unread`` are the layers that leave positions of the native input unread,
    with the number in each dimension. ``training`` are the sizes valid in training, if they
    differ, and ``below_training`` the refusal before the smallest of them."""

    network: str
    native: Shape
    varied: Varied
    bound: int
    own: int | None
    valid: list[int]
    accepted: list[int]
    whole: list[int]
    below: Refusal | None
    keeper: Refusal | None
    unread: dict[str, Shape]
    training: list[int] | None
    below_training: Refusal | None


class SizeOutcome(Record):
    """The outcome of one size: refusals, a layer whose parameters change, unread positions."""

    size: int
    refused: Refusal | None
    in_training: Refusal | None = None
    keeper: Refusal | None = None
    unread: dict[str, Shape] = {}


def find_input_sizes(
    graph: Graph, varied: Varied | None = None, bound: int | None = None
) -> InputSizes:
    """Find the sizes that a network accepts; by default all dimensions but the channels vary.

    Raises RequestError if nothing can vary."""
    native = graph.inputs[0].output
    varied = check_varied(
        graph, (native[0], *[None] * (len(native) - 1)) if varied is None else varied
    )
    sizes = {w for w, v in zip(native, varied, strict=True) if v is None}
    own = (
        sizes.pop()
        if len(sizes) == 1 and all(v in (None, w) for w, v in zip(native, varied, strict=True))
        else None
    )
    bound = bound or min(max(USUAL, own or 0), MOST)
    trial = SizeTrial(graph)
    found = {n: trial.at(fill_varied(varied, n), n) for n in range(1, bound + 1)}
    valid = [n for n, o in found.items() if not o.refused]
    training = [n for n in valid if not found[n].in_training]
    under, trained_under = min(valid, default=bound + 1) - 1, min(training, default=bound + 1) - 1
    keepers = [o.keeper for o in found.values() if o.keeper]
    return InputSizes(
        graph.name,
        native,
        varied,
        bound,
        own,
        valid,
        [n for n in valid if not found[n].keeper],
        [n for n in valid if not found[n].unread],
        found[under].refused if under else None,
        min(keepers, key=lambda k: abs(k.size - (own or 0)), default=None),
        trial.at(native, 0).unread,
        training if training != valid else None,
        found[trained_under].in_training if training != valid and trained_under else None,
    )


def check_varied(graph: Graph, varied: Varied) -> Varied:
    """Return the dimensions to vary. Raises RequestError if they do not fit the network."""
    native = graph.inputs[0].output
    name = visible(graph.name)
    if len(native) == 1:
        raise RequestError(
            f"{name} takes a vector of {native[0]}: it has no height or width to vary"
        )
    if len(varied) != len(native):
        raise RequestError(
            f"{name} takes {format_shape(native)}, so --input needs {len(native)} sizes,"
            f" not {len(varied)}"
        )
    if varied[0] is None or None not in varied[1:]:
        raise RequestError(
            "--input needs a * for each size that varies, but not for the channels: "
            f"for example {native[0]}{',*' * (len(native) - 1)}"
        )
    if 0 in varied:
        raise RequestError(f"a size of --input is an integer from 1 to {MAX_SIZE}, or *, not 0")
    return varied


def fill_varied(varied: Varied, n: int) -> Shape:
    """Return the shape with ``n`` in the dimensions that vary."""
    return tuple([n if w is None else w for w in varied])


class SizeTrial:
    """A network to try at many sizes; computes once what does not depend on the size."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.nodes = graph.nodes[len(graph.inputs) :]
        spatial = graph.inputs[0].output[1:]
        self.varies = [n.output[1:] == spatial for n in graph.inputs]
        self.parameters = {n.index: n.op.parameters(*n.shapes) for n in self.nodes}
        self.strided = [
            n
            for n in graph.layers()
            if n.op.slides_over == "input"
            and any(a.stride > 1 for a in n.op.axes(n.inputs[0].output))
        ]

    def at(self, given: Shape, n: int) -> SizeOutcome:
        """Try the input shape ``given``, whose varying size is ``n``."""
        shapes: dict[int, Shape] = {
            i.index: given if varies else i.output
            for i, varies in zip(self.graph.inputs, self.varies, strict=True)
        }
        known: dict[Any, Shape] = {}  # networks repeat layers
        trained: Refusal | None = None
        keeper: Refusal | None = None
        for node in self.nodes:
            inputs = [shapes.get(i.index) for i in node.inputs]
            if None in inputs:
                continue  # a training-only layer before it has refused the size
            read: tuple[Any, ...] = tuple(inputs)
            key = (node.op, read)
            try:
                if key not in known or node.op.undoes:
                    known[key] = operator_at(node, shapes).output(*read)
                    if keeper is None:
                        keeper = check_parameters(node, read, self.parameters[node.index], n, given)
                shapes[node.index] = known[key]
            except OperatorError as fault:
                refusal = Refusal(n, node.row, describe_refusal(node, fault))
                if not node.training_only:
                    return SizeOutcome(n, refusal)
                trained = trained or refusal
        return SizeOutcome(n, None, trained, keeper, dict(self.unread(shapes)))

    def unread(self, shapes: dict[int, Shape]) -> Iterator[tuple[str, Shape]]:
        """Yield the layers with a stride that do not read the end of their input."""
        for node in self.strided:
            found = tuple(
                map(
                    count_unread, node.op.axes(shapes[node.inputs[0].index]), shapes[node.index][1:]
                )
            )
            if any(found):
                yield node.row, found


def operator_at(node: Node, shapes: dict[int, Shape]) -> Any:
    """Return a node's operator; one that undoes a pool takes the pool's sizes at this input."""
    if not node.op.undoes:
        return node.op
    pool = node.inputs[-1]
    return node.op.undoing(pool.op, shapes[pool.inputs[0].index])


def check_parameters(
    node: Node, read: tuple[Shape, ...], wanted: dict[str, Shape], n: int, given: Shape
) -> Refusal | None:
    """Return a refusal if a node's parameters do not fit another size, else None."""
    ours = node.op.parameters(*read) if wanted else {}
    for key, dims in wanted.items():
        if ours.get(key) != dims:
            return Refusal(
                n,
                node.row,
                f"its {key} is {format_shape(dims)}; an input of {format_shape(given)} would need "
                f"{format_shape(ours.get(key, ()))}",
            )
    return None


def describe_refusal(node: Node, fault: OperatorError) -> str:
    """Return an operator's error message with the names of the inputs filled in."""
    message = fault.message
    for i in reversed(range(len(node.inputs))):
        message = message.replace(f"${i}", visible(node.inputs[i].row))
    return message.removeprefix(f"{node.kind}: ")
