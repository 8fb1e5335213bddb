"""The input sizes that a network accepts, found by inferring the shapes at each size."""

from collections.abc import Iterator
from typing import Any

from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import MAX_SIZE, OperatorError
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.units import Shape, format_shape


def count_unread(a: Axis, positions: int) -> int:
    """The positions behind the last window, but for what a stride leaves out between windows too.

    Of W positions, the n-th window ends at (n - 1)*S - P + D*(K - 1) + 1; what is left is 0 where
    that is padding."""
    left = a.size - ((positions - 1) * a.stride - a.before + a.extent)
    return left if left > max(0, a.stride - a.extent) else 0


Varied = tuple[int | None, ...]
LARGEST = 16_384  # size that is tried
USUAL, MOST = 512, 2048  # without a bound, sizes up to these, or the network's own between them


class Refusal(Record):
    """A layer that does not take a size, and why."""

    size: int
    layer: str
    message: str


class InputSizes(Record):
    """What a network does with sizes n from 1 to ``bound``, put where ``varied`` has None.

    ``native`` is its own input, and ``own`` the size that this is, None where it is another shape.
    ``below`` says which layer refuses the size under the smallest valid one, ``keeper`` whose
    parameters do not serve a size that is valid and not accepted: the next one to its own.
    ``unread`` names the layers that leave positions unread at the network's own input, with how
    many along each dimension. ``training`` has, where they are others, the sizes that are valid in
    training, and ``below_training`` what refuses the one under the smallest."""

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
    """One size: the layer that refuses it, at inference and in training; whose parameters change;
    what is unread."""

    size: int
    refused: Refusal | None
    in_training: Refusal | None = None
    keeper: Refusal | None = None
    unread: dict[str, Shape] = {}


def find_input_sizes(
    graph: Graph, varied: Varied | None = None, bound: int | None = None
) -> InputSizes:
    """The sizes that a network takes. Without ``varied``, all dimensions but the channels vary
    together.

    Raises RequestError where there is nothing to vary.
    """
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
    """What is to vary. Raises RequestError where it does not fit the network."""
    native = graph.inputs[0].output
    name = visible(graph.name)
    if len(native) == 1:
        raise RequestError(
            f"{name} takes a vector of {native[0]}: it has no height or width that could vary"
        )
    if len(varied) != len(native):
        raise RequestError(
            f"{name} takes {format_shape(native)}, so --input has {len(native)} sizes, not {len(varied)}"
        )
    if varied[0] is None or None not in varied[1:]:
        raise RequestError(
            "--input has a * for each size that varies, but not for the channels: "
            f"{native[0]}{',*' * (len(native) - 1)}, say"
        )
    if 0 in varied:
        raise RequestError(f"a size of --input is an integer from 1 to {MAX_SIZE}, or *, not 0")
    return varied


def fill_varied(varied: Varied, n: int) -> Shape:
    """The shape with ``n`` for what varies."""
    return tuple([n if w is None else w for w in varied])


class SizeTrial:
    """A network to be tried at many sizes: what does not depend on them is worked out once."""

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
        """What comes of the input ``given``, in which the size is ``n``."""
        shapes: dict[int, Shape] = {
            i.index: given if varies else i.output
            for i, varies in zip(self.graph.inputs, self.varies, strict=True)
        }
        known: dict[Any, Shape] = {}  # networks repeat themselves
        trained: Refusal | None = None
        keeper: Refusal | None = None
        for node in self.nodes:
            inputs = [shapes.get(i.index) for i in node.inputs]
            if None in inputs:
                continue  # behind a layer that is there in training only, which has refused
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
        """The layers with a stride that leave out the end of what they read."""
        for node in self.strided:
            found = tuple(
                map(
                    count_unread, node.op.axes(shapes[node.inputs[0].index]), shapes[node.index][1:]
                )
            )
            if any(found):
                yield node.row, found


def operator_at(node: Node, shapes: dict[int, Shape]) -> Any:
    """The operator of a node; one that undoes another takes up the sizes that this one has now."""
    if not node.op.undoes:
        return node.op
    pool = node.inputs[-1]
    return node.op.undoing(pool.op, shapes[pool.inputs[0].index])


def check_parameters(
    node: Node, read: tuple[Shape, ...], wanted: dict[str, Shape], n: int, given: Shape
) -> Refusal | None:
    """Why a node's parameters do not serve another size, None where they do."""
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
    """The message of a misfit with the names of the inputs put in."""
    message = fault.message
    for i in reversed(range(len(node.inputs))):
        message = message.replace(f"${i}", visible(node.inputs[i].row))
    return message.removeprefix(f"{node.kind}: ")
