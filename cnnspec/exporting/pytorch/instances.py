"""The calls of blocks in a graph as a tree: what each has inside, reads and gives.

A value is a node's output, or the indices of a max pool that is undone later. It is identified by
the node's index, and by whether the indices are meant."""

from collections.abc import Callable, Iterator

from cnnspec.exporting.pytorch.operator_code import OperatorCode, write_operator
from cnnspec.graph.model import Call, Graph, Node
from cnnspec.problems import RequestError, visible

ValueKey = tuple[int, bool]
LAST = "(last)"  # the last value of a block, whatever its name


class LayerInstance:
    """One layer in a call of a block: a node, and its norm and activation."""

    def __init__(self, name: str, node: Node, code: OperatorCode, pools: bool):
        self.name, self.line = name, node.line
        self.nodes, self.codes, self.gives_indices = [node], [code], pools

    @property
    def training_only(self) -> bool:
        return self.nodes[0].training_only

    @property
    def members(self) -> set[int]:
        return {n.index for n in self.nodes}

    @property
    def reads(self) -> tuple[ValueKey, ...]:
        """The values that the layer reads, in the order of its inputs."""
        node, used = self.nodes[0], self.codes[0].reads
        undone = len(node.inputs) - 1 if node.op.undoes else -1
        return tuple((n.index, i == undone) for i, n in enumerate(node.inputs) if i in used)

    @property
    def gives(self) -> list[ValueKey]:
        """The values that it gives: the output and, for a max pool to be undone, the indices."""
        pooled = [(self.nodes[0].index, True)] if self.gives_indices else []
        return [(self.nodes[-1].index, False), *pooled]


class BlockInstance:
    """One call of a block, or the whole network: layers and calls in the order of execution."""

    def __init__(self, call: Call, outer: "BlockInstance | None"):
        self.call, self.outer, self.block = call, outer, call.block
        self.name, self.line = call.trail[-1] if call.trail else "", call.line
        self.children: list[LayerInstance | BlockInstance] = []
        self.members: set[int] = set()
        self.gives: list[ValueKey] = []
        # Set once it is complete: the values that it reads from outside, and names of those inside.
        self.reads: tuple[ValueKey, ...] = ()
        self.names: dict[int, str] = {}

    @property
    def training_only(self) -> bool:
        return all(child.training_only for child in self.children)

    @property
    def height(self) -> int:
        inner = [c.height for c in self.children if isinstance(c, BlockInstance)]
        return 1 + max(inner, default=0)

    def find_reads(self) -> Iterator[ValueKey]:
        """Yield the values from outside that its layers read, each once."""
        seen: set[ValueKey] = set()
        for child in self.children:
            for key in child.reads:
                if key[0] not in self.members and key not in seen:
                    seen.add(key)
                    yield key

    def name_values(self) -> dict[int, str]:
        """Return the names of the values inside; the last one of each block is called LAST."""
        names: dict[int, str] = {}
        for child in self.children:
            if isinstance(child, BlockInstance):
                names |= {i: f"{child.name}.{name}" for i, name in child.names.items()}
            else:
                names |= {n.index: f"{child.name}.{n.part}" for n in child.nodes}
        return names | {max(names): LAST}

    def input_names(self) -> list[str]:
        """Return the names of the values that it reads: those of the block's inputs if known."""
        names: dict[ValueKey, str] = {}
        for child in self.children:
            sources = child.line.sources if child.line else None
            listed = [sources] if isinstance(sources, str) else sources
            if isinstance(listed, list) and isinstance(child, LayerInstance):
                for name, node in zip(listed, child.nodes[0].inputs, strict=False):
                    if isinstance(name, str) and "." not in name:
                        for indices in (False, True):
                            names.setdefault((node.index, indices), name)
        return [names.get(key, "x") for key in self.reads]

    def blocks(self) -> Iterator["BlockInstance"]:
        """Yield the calls inside it, and then itself."""
        for child in self.children:
            if isinstance(child, BlockInstance):
                yield from child.blocks()
        yield self


Instance = LayerInstance | BlockInstance


class BlockTree:
    """The tree of a graph; ``nodes`` are its nodes by their index.

    ``write`` writes the code of a node, given also whether its indices are read. ``training``
    says whether layers for training only are in it."""

    def __init__(
        self,
        graph: Graph,
        write: Callable[[Node, bool], OperatorCode] = write_operator,
        training: bool = True,
    ):
        self.graph, self.write = graph, write
        self.nodes = {n.index: n for n in graph.nodes}
        self.root = BlockInstance(Call((), "", {}), None)
        self.instances: dict[tuple[str, ...], BlockInstance] = {(): self.root}
        undone = {n.inputs[-1].index for n in graph.nodes if n.op.undoes}
        for node in graph.layers(training):
            self.add(node, node.index in undone)
        self.results = [(n.index, False) for n in graph.outputs]
        self.training_results = [
            (n.index, False) for n in graph.results(training)[len(graph.outputs) :]
        ]
        self.inputs = [(n.index, False) for n in graph.inputs]
        self.readers: dict[ValueKey, set[int]] = {
            key: {-1} for key in (*self.results, *self.training_results)
        }
        for instance in self.root.blocks():
            instance.reads = tuple(instance.find_reads())
            instance.names = instance.name_values()
            for layer in instance.children:
                if isinstance(layer, LayerInstance):
                    for key in layer.reads:
                        self.readers.setdefault(key, set()).add(layer.nodes[0].index)

    def add(self, node: Node, gives_indices: bool) -> None:
        """Add a node to the call that it belongs to."""
        code = self.write(node, gives_indices)
        instance = self.find(node.call)
        name = node.row.removeprefix("".join(f"{part}." for part in node.call.trail))
        last = instance.children[-1] if instance.children else None
        if node.part and isinstance(last, LayerInstance) and last.name == name:
            last.nodes.append(node)
            last.codes.append(code)
        else:
            instance.children.append(LayerInstance(name, node, code, gives_indices))
        for outer in (instance, *outer_instances(instance)):
            outer.members.add(node.index)

    def find(self, call: Call) -> BlockInstance:
        """Return the instance of a call, which is added to the tree where it is new."""
        if call.trail not in self.instances:
            outer = self.find(call.outer) if call.outer else self.root
            made = self.instances[call.trail] = BlockInstance(call, outer)
            outer.children.append(made)
        return self.instances[call.trail]

    def key_name(self, key: ValueKey) -> str:
        """Return the name of a value, for messages."""
        return visible(self.nodes[key[0]].name)


def mark_given_values(trees: list[BlockTree]) -> None:
    """Set which values each call gives: those that others read, in all calls of a block alike."""
    common: dict[str, set[tuple[str, bool]]] = {}
    before = -1
    while before != (before := sum(map(len, common.values()))):
        for tree in trees:
            for instance in tree.root.blocks():
                if instance is not tree.root:
                    find_given_values(tree, instance, common.setdefault(instance.block, set()))


def find_given_values(
    tree: BlockTree, instance: BlockInstance, common: set[tuple[str, bool]]
) -> None:
    """Find the values that a call gives. ``common`` are those that calls of its block give."""
    outside = {key for outer in outer_instances(instance) for key in outer.gives}
    given = {
        (index, flag)
        for index in instance.members
        for flag in (False, True)
        if (index, flag) in outside or tree.readers.get((index, flag), set()) - instance.members
    }
    names = instance.names
    common |= {(names[index], flag) for index, flag in given}
    by_name = {name: index for index, name in names.items()}
    given |= {(by_name[name], flag) for name, flag in common if name in by_name}
    instance.gives = sorted(given)


def outer_instances(instance: BlockInstance) -> Iterator[BlockInstance]:
    """Yield the calls around a call, from the inside out."""
    outer = instance.outer
    while outer is not None:
        yield outer
        outer = outer.outer


def require_plain_training(tree: BlockTree) -> None:
    """Raise RequestError for layers for training only that are inside another block's call."""
    for instance in tree.root.blocks():
        if instance is tree.root or instance.training_only:
            continue
        for child in instance.children:
            if child.training_only:
                name = visible(".".join((*instance.call.trail, child.name)))
                raise RequestError(
                    f"{name} is for training only inside a block that is not: such a network cannot"
                    " be exported to PyTorch yet"
                )
