"""What operators in place overwrite although it is still needed: by a layer, by the caller, or by a
backward pass.

PyTorch computes with what stands there by then, and says nothing; of what a backward pass would
need it finds out, and raises a RuntimeError, but only in training."""

from collections.abc import Iterable
from typing import NamedTuple

from cnnspec.analyses.memory.forward import Forward
from cnnspec.analyses.memory.log import Storage
from cnnspec.analyses.memory.tape import Setting, begin
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.memory import OUTPUT
from cnnspec.problems import visible


class Clash(NamedTuple):
    """A ``value`` that ``node`` overwrites, and the ``reader`` who needs it: backwards, or after
    it.

    The caller, who gets it back, is None.
    """

    node: Node
    value: Node
    reader: Node | None
    backwards: bool = False

    @property
    def who(self) -> str:
        """Who needs the value, and when, in words."""
        if self.reader is None:
            return "the network gives back"
        reader = visible(self.reader.name)
        return (
            f"the backward pass of {reader} needs" if self.backwards else f"{reader} reads after it"
        )

    @property
    def message(self) -> str:
        """What is wrong and what would mend it."""
        refused = "PyTorch refuses to train this network: " if self.backwards else ""
        return (
            f"{refused}{visible(self.node.name)} works in place and overwrites"
            f" {visible(self.value.name)}, which {self.who}; inplace = false would mend it, and"
            " cnnspec check shows where"
        )


class Watched(Forward):
    """A forward pass of two examples that notes what is overwritten, and when."""

    def __init__(self, graph: Graph, training: bool, frozen: frozenset[str]):
        self.lost: dict[int, Node] = {}  # values that were overwritten
        self.read: list[Clash] = []
        self.overwritten: list[
            tuple[Node, Storage, int]
        ] = []  # with the length of the tape by then
        setting = Setting(2, gradients=training, frozen=frozen)
        super().__init__(graph, setting, *begin(graph, setting), training)

    def run(self, node: Node, dead: list[int]) -> None:
        self.read += [
            Clash(self.lost[n.index], n, node) for n in node.inputs if n.index in self.lost
        ]
        before, steps = self.values[node.inputs[0].index].storage, len(self.tape)
        super().run(node, dead)
        works = node.op.memory(*node.shapes, y=node.output, training=self.training)
        if works and getattr(node.op, "inplace", False):
            others = [
                i for i, value in self.values.items() if value.storage is before and i != node.index
            ]
            self.lost = dict.fromkeys(others, node) | self.lost
            self.overwritten.append((node, before, steps))


def clashes(graph: Graph, training: bool, frozen: frozenset[str] = frozenset()) -> list[Clash]:
    """All that is overwritten too early, backwards only where ``training``.

    ``frozen`` are the layers whose parameters get no gradients.
    """
    if not doubtful(graph.layers(training), training):
        return []
    found, names = Watched(graph, training, frozen), {n.name: n for n in graph.nodes}
    kept = {id(s) for step in found.tape for s in step.kept}
    backwards = [
        Clash(node, node.inputs[0], names[step.node], True)
        for node, storage, steps in found.overwritten
        if id(storage) in kept
        for step in found.tape[:steps]
        if storage in step.kept
    ]
    returned = [
        Clash(found.lost[n.index], n, None)
        for n in graph.results(training)
        if n.index in found.lost
    ]
    return backwards + found.read + returned


def doubtful(nodes: Iterable[Node], training: bool) -> bool:
    """Whether anything is overwritten but what nobody else reads, nobody keeps, and lies alone:
    quick to tell."""
    plain: dict[object, bool] = {}
    for node in nodes:
        if getattr(node.op, "inplace", False):
            value = node.inputs[0]
            if value.readers > 1:  # the caller is one, of inputs and outputs
                return True
            key = value.op, value.shapes
            if key not in plain:
                functions = value.op.memory(*value.shapes, y=value.output, training=training)
                plain[key] = (
                    bool(functions)
                    and not functions[-1].shares
                    and OUTPUT not in functions[-1].keeps
                )
            if not plain[key]:
                return True
    return False
