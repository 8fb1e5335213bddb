"""The statements of a call of a block: what its constructor makes, and what its forward computes.

The numbers in them are taken out, so that calls with the same skeleton can share one class."""

from collections.abc import Iterator
from typing import Any

from cnnspec.exporting.pytorch.instances import BlockInstance, BlockTree, LayerInstance, ValueKey
from cnnspec.exporting.pytorch.operator_code import AFTER_FUNCTION, WrittenCall
from cnnspec.exporting.pytorch.recorded_torch import InputName, Literal, ModuleName, Parts
from cnnspec.exporting.pytorch.signatures import FUNCTIONS
from cnnspec.problems import RequestError, visible
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
    ``present`` is the condition of a layer that some calls leave out."""

    name: str
    owner: str
    module: WrittenCall | None
    parts: Parts
    reads: tuple[Reference, ...]
    outputs: int
    training_only: bool
    present: Hole | None = None


class ClassBody(Record):
    """The statements of a call with holes, the values that fill them, and a label for each value.

    ``gives`` are the values that the call gives, ``inputs`` how many it reads; ``keys`` are the
    values of the graph that statements give."""

    statements: tuple[Statement, ...]
    gives: tuple[Reference, ...]
    inputs: int
    values: list[Any]
    labels: list[str]
    keys: list[list[ValueKey]]

    @property
    def skeleton(self) -> Any:
        """What calls must have in common to share a class."""
        return self.statements, self.gives, self.inputs


class BodyWriter:
    """Writes the body of one call; ``classes`` are the calls that make its inner blocks."""

    def __init__(self, tree: BlockTree, instance: BlockInstance, classes: dict[int, WrittenCall]):
        self.tree, self.instance, self.classes = tree, instance, classes
        self.values: list[Any] = []
        self.labels: list[str] = []

    def write(self) -> ClassBody:
        """Return the body. Raises RequestError for what cannot be written."""
        instance, root = self.instance, self.instance is self.tree.root
        inputs = self.tree.inputs if root else instance.reads
        found = {key: Reference(-1, i) for i, key in enumerate(inputs)}
        statements, keys = [], []
        for position, child in enumerate(instance.children):
            statements.append(self.statement(child, found))
            keys.append([*child.gives])
            found |= {key: Reference(position, i) for i, key in enumerate(child.gives)}
        given = [*self.tree.results, *self.tree.training_results] if root else instance.gives
        gives = tuple(found[key] for key in given)
        return ClassBody(tuple(statements), gives, len(inputs), self.values, self.labels, keys)

    def statement(
        self, child: LayerInstance | BlockInstance, found: dict[ValueKey, Reference]
    ) -> Statement:
        """Return the statement of a layer or of a call."""
        reads = tuple(found[key] for key in child.reads)
        owner = self.shared_name(child)
        if isinstance(child, BlockInstance):
            arguments = [(name, v, "") for name, v, _ in self.classes[id(child)].arguments]
            module: WrittenCall | None = WrittenCall(self.classes[id(child)].name, tuple(arguments))
            inputs: list[Parts] = [(InputName(i),) for i in range(len(reads))]
            parts: Parts = (ModuleName(), "(", *separate(inputs), ")")
        else:
            module, parts = write_layer(child)
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

    def shared_name(self, child: LayerInstance | BlockInstance) -> str:
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
        return WrittenCall(call.name, tuple(taken))

    def take_literal(self, label: str, part: Any) -> Any:
        return self.hole(label, part.value) if isinstance(part, Literal) else part

    def hole(self, label: str, value: Any) -> Hole:
        """Take a value out."""
        self.values.append(tuple(value) if isinstance(value, list) else value)
        self.labels.append(label)
        return Hole(len(self.values) - 1)


def separate(items: list[Parts]) -> Iterator[Any]:
    """Yield the parts of items, with commas between them."""
    for i, item in enumerate(items):
        yield from ((", ", *item) if i else item)


def write_layer(layer: LayerInstance) -> tuple[WrittenCall | None, Parts]:
    """Return the module and the expression of a layer with its norm and activation.

    An activation alone is written as a function. Otherwise norm and activation are arguments of a
    subclass of the layer's class, or of a module of their own after a function.
    """
    main, *rest = layer.codes
    if not rest:
        return main.module, main.parts
    for node, code in zip(layer.nodes[1:], rest, strict=True):
        if not code.is_plain_call or code.module is None:
            raise RequestError(f"{visible(node.name)} cannot be exported to PyTorch: it is no call")
    function = rest[0].module
    if len(rest) == 1 and function and function.name in FUNCTIONS:
        given = [(f"{k}=", Literal(v)) for k, v, d in function.arguments if repr(v) != d]
        return main.module, (FUNCTIONS[function.name], "(", *separate([main.parts, *given]), ")")
    added = tuple(
        (node.part, code.module, "") for node, code in zip(layer.nodes[1:], rest, strict=True)
    )
    if main.module is None:
        return WrittenCall(AFTER_FUNCTION, added), (ModuleName(), "(", *main.parts, ")")
    if not ends_with_module(main.parts):
        name = visible(layer.nodes[0].name)
        raise RequestError(f"{name} cannot be exported to PyTorch: more follows its module's call")
    name = main.module.name.removeprefix("nn.") + AFTER_FUNCTION
    return WrittenCall(name, main.module.arguments + added), main.parts


def ends_with_module(parts: Parts) -> bool:
    """Tell whether an expression is the call of its module, with any arguments."""
    depth = 0
    for part in parts[1:-1]:
        text = part if isinstance(part, str) else ""
        for c in text:
            depth += (c == "(") - (c == ")")
            if not depth:
                return False
    return isinstance(parts[0], ModuleName)
