"""The statements of a call of a block: what its constructor makes, and what its forward computes.

The numbers in them are taken out, so that calls with the same skeleton can share one class."""

from typing import Any

from cnnspec.exporting.pytorch.instances import (
    BlockInstance,
    BlockTree,
    Instance,
    LayerInstance,
    ValueKey,
)
from cnnspec.exporting.pytorch.layer_code import separate, write_layer
from cnnspec.exporting.pytorch.loops import (
    LineKey,
    Loop,
    StepValues,
    find_numbering,
    is_chain_of_steps,
    line_key,
    split_runs,
)
from cnnspec.exporting.pytorch.operator_code import WrittenCall
from cnnspec.exporting.pytorch.recorded_torch import InputName, Literal, ModuleName, Parts
from cnnspec.records import Record


class Hole(Record):
    """The place of a number that was taken out, by its position among the values of a call."""

    position: int


class Reference(Record):
    """A value inside a class: output ``output`` of statement ``statement``, or an input (-1)."""

    statement: int
    output: int


class Statement(Record):
    """One layer, or one call of a block.

    ``module`` makes its module, if it has one of its own; ``owner`` is the name under which the
    module is found. ``parts`` is the expression, with an index into ``reads`` for each input.
    ``present`` is the condition of a layer that some calls leave out. With ``loop`` the statement
    is several layers in a row, each of which reads what the one before gives."""

    name: str
    owner: str
    module: WrittenCall | None
    parts: Parts
    reads: tuple[Reference, ...]
    outputs: int
    training_only: bool
    present: Hole | None = None
    loop: Loop | None = None


class ClassBody(Record):
    """The statements of a call with holes, the values that fill them, and a label for each value.

    ``gives`` are the values that the call gives, ``inputs`` how many it reads; ``keys`` are the
    values of the graph that statements give, and ``steps`` those that the steps of a loop give."""

    statements: tuple[Statement, ...]
    gives: tuple[Reference, ...]
    inputs: int
    values: list[Any]
    labels: list[str]
    keys: list[list[ValueKey]]
    steps: dict[int, list[ValueKey]]

    @property
    def skeleton(self) -> Any:
        """What calls must have in common to share a class."""
        return self.statements, self.gives, self.inputs


class BodyWriter:
    """Writes the body of one call; ``classes`` are the calls that make its inner blocks.

    ``loops`` are the lines whose layers are written as a loop."""

    # Whether layers are made where they run: then any number may differ between steps of a loop.
    makes_where_run = False

    def __init__(
        self,
        tree: BlockTree,
        instance: BlockInstance,
        classes: dict[int, WrittenCall],
        loops: set[LineKey],
    ):
        self.tree, self.instance, self.classes, self.loops = tree, instance, classes, loops
        self.values: list[Any] = []
        self.labels: list[str] = []

    def write(self) -> ClassBody:
        """Return the body. Raises RequestError for what cannot be written."""
        instance, root = self.instance, self.instance is self.tree.root
        inputs = self.tree.inputs if root else instance.reads
        found = {key: Reference(-1, i) for i, key in enumerate(inputs)}
        statements: list[Statement] = []
        keys: list[list[ValueKey]] = []
        steps: dict[int, list[ValueKey]] = {}
        for run in split_runs(instance.children):
            merged = self.merge_steps(run, found)
            if merged:
                steps[len(statements)] = [child.gives[0] for child in run]
            for child in run[-1:] if merged else run:
                position = len(statements)
                statements.append(merged or self.statement(child, found))
                keys.append([*child.gives])
                found |= {key: Reference(position, i) for i, key in enumerate(child.gives)}
        given = [*self.tree.results, *self.tree.training_results] if root else instance.gives
        gives = tuple(found[key] for key in given)
        return ClassBody(
            tuple(statements), gives, len(inputs), self.values, self.labels, keys, steps
        )

    def merge_steps(
        self, run: list[Instance], found: dict[ValueKey, Reference]
    ) -> Statement | None:
        """Return the statement of a run of layers as a loop, or None if it is no loop."""
        numbering = find_numbering(run)
        if (
            line_key(self.instance, run[0]) not in self.loops
            or numbering is None
            or not is_chain_of_steps(self.tree, self.instance, run)
        ):
            return None
        start = Reference(-1, 0)
        bodies, made = [], []
        for child in run:
            writer = type(self)(self.tree, self.instance, self.classes, self.loops)
            made.append(writer.statement(child, {child.reads[0]: start}).replace(name="", owner=""))
            bodies.append(writer.values)
        used = {part.position for part in made[0].parts if isinstance(part, Hole)}
        used = set() if self.makes_where_run else used
        constant = all(repr(row[i]) == repr(bodies[0][i]) for row in bodies for i in used)
        if made[0].module is None and not self.makes_where_run:
            return None
        if any(other != made[0] for other in made) or not constant:
            return None
        first = len(self.values)
        statement = self.statement(run[0], found)
        labels = [label.removeprefix(f"{run[0].name}_") for label in self.labels[first:]]
        self.labels[first:] = labels
        for i, column in enumerate(zip(*bodies, strict=True)):
            self.values[first + i] = column[0] if i in used else StepValues(column)
        channels = StepValues(self.tree.nodes[child.reads[0][0]].output[0] for child in run)
        stem, number = numbering
        label = stem.rstrip(".") or "layers"
        count, inputs = self.hole(f"{label}_count", len(run)), self.hole(label, channels)
        return statement.replace(
            name=stem or "layers", owner=stem, loop=Loop(stem, number, count, inputs)
        )

    def statement(self, child: Instance, found: dict[ValueKey, Reference]) -> Statement:
        """Return the statement of a layer or of a call."""
        reads = tuple(found[key] for key in child.reads)
        owner = self.shared_name(child)
        if isinstance(child, BlockInstance):
            arguments = [(name, v, "") for name, v, _ in self.classes[id(child)].arguments]
            module: WrittenCall | None = self.classes[id(child)].replace(arguments=tuple(arguments))
            inputs: list[Parts] = [(InputName(i),) for i in range(len(reads))]
            parts: Parts = (ModuleName(), "(", *separate(inputs), ")")
        else:
            module, parts = self.write_layer(child)
            used = child.codes[0].reads
            parts = tuple(
                InputName(used.index(p.index)) if isinstance(p, InputName) else p for p in parts
            )
        module = None if owner or module is None else self.take_out(child.name, module)
        return Statement(
            child.name,
            owner or child.name,
            module,
            tuple(self.take_literal(child.name, p) for p in parts),
            reads,
            len(child.gives),
            child.training_only,
        )

    def write_layer(self, layer: LayerInstance) -> tuple[WrittenCall | None, Parts]:
        """Return the module and the expression of a layer with its norm and activation."""
        return write_layer(layer)

    def shared_name(self, child: Instance) -> str:
        """Return the name of the line whose module a child uses, or "" if it has its own."""
        if isinstance(child, LayerInstance):
            members = child.nodes
        else:
            members = [self.tree.nodes[i] for i in sorted(child.members)]
        prefix = "".join(f"{part}." for part in self.instance.call.trail)
        for node in members:
            if node.shares and node.shares.name.startswith(prefix):
                own = node.name.removeprefix(f"{prefix}{child.name}")
                name = node.shares.name.removeprefix(prefix).removesuffix(own)
                if name in [other.name for other in self.instance.children]:
                    return name
        return ""

    def take_out(self, label: str, call: WrittenCall) -> WrittenCall:
        """Return a call with holes for its values."""
        taken: list[tuple[str, Any, str]] = []
        for name, value, default in call.arguments:
            if isinstance(value, WrittenCall):
                taken.append((name, self.take_out(f"{label}_{name}", value), default))
            else:
                taken.append((name, self.hole(f"{label}_{name}".rstrip("_"), value), default))
        return call.replace(arguments=tuple(taken))

    def take_literal(self, label: str, part: Any) -> Any:
        return self.hole(label, part.value) if isinstance(part, Literal) else part

    def hole(self, label: str, value: Any) -> Hole:
        """Take a value out."""
        self.values.append(tuple(value) if type(value) is list else value)
        self.labels.append(label)
        return Hole(len(self.values) - 1)
