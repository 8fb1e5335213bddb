"""One class for all calls of a block that differ in numbers only, with arguments for these."""

import re
from collections.abc import Callable, Sequence
from keyword import iskeyword
from typing import Any

from cnnspec.exporting.pytorch.instances import BlockInstance, BlockTree
from cnnspec.exporting.pytorch.loops import find_repeated_lines
from cnnspec.exporting.pytorch.norm_activation import CommonParts
from cnnspec.exporting.pytorch.operator_code import WrittenCall
from cnnspec.exporting.pytorch.optional_layers import JoinedBody, find_left_out
from cnnspec.exporting.pytorch.parameters import LoopText, ParameterFinder
from cnnspec.exporting.pytorch.python_text import TAKEN, free_name, write_literal
from cnnspec.exporting.pytorch.signatures import SAME_AS_FIRST
from cnnspec.exporting.pytorch.statements import BodyWriter, ClassBody, Hole


class BlockClass:
    """The class of some calls of a block.

    ``columns`` are the values of each hole in all calls, ``texts`` what the class writes for each
    hole, and ``parameters`` the arguments of the class with their values in all calls."""

    def __init__(self, name: str, block: str, body: ClassBody):
        self.name, self.block, self.body = name, block, body
        self.rows: list[list[Any]] = []  # by call: the values of the holes
        self.shorter: list[BlockClass] = []  # classes that leave out some of its layers
        self.members: list[tuple[BlockTree, BlockInstance]] = []
        self.known: list[dict[str, Any]] = []  # by call: the block's arguments, and in_channels
        self.parameters: dict[str, list[Any]] = {}
        self.texts: list[str] = []
        self.common: dict[str, CommonParts] = {}  # what classes of layers know, by name
        self.loops: dict[int, LoopText] = {}  # by the hole that counts the steps

    def take_shorter(self) -> None:
        """Take over the calls of the classes that leave out some of its layers."""
        if not self.shorter:
            return
        full = [s.name for s in self.body.statements]
        kept = [{s.name for s in made.body.statements} for made in self.shorter]
        optional = [name for name in full if any(name not in names for names in kept)]
        joined = JoinedBody(self.body, optional)
        classes = [self, *self.shorter]
        self.rows = [
            joined.values_of(made.body.replace(values=row)) for made in classes for row in made.rows
        ]
        self.known = [known for made in classes for known in made.known]
        self.members = [member for made in classes for member in made.members]
        self.body, self.shorter = joined.body, []

    def find_parameters(self, follows: bool = True) -> None:
        """Find the arguments of the class, and what it writes for each hole.

        ``follows`` says that loops follow the channels from step to step."""
        tables = not self.block
        found = ParameterFinder(self.body, self.rows, self.known, tables, follows)
        self.texts, self.parameters, self.loops = found.texts, found.parameters, found.loops

    def write_value(self, value: Any) -> str:
        """Return the text of a hole, of a value, or of a call without arguments of defaults."""
        if isinstance(value, Hole):
            text = self.texts[value.position]
            return text if '"' in text else text.replace("'", '"')
        if not isinstance(value, WrittenCall):
            return write_literal(value).replace("'", '"')
        call = self.common[value.name].shorten(value) if value.name in self.common else value
        given: list[str] = []
        first, named = "", False
        for name, argument, default in call.arguments:
            text = self.write_value(argument)
            first = first or text
            if default and text == (first if default == SAME_AS_FIRST else default):
                continue
            plain = call.is_positional(name, default)
            plain = plain or (call.is_block and name in re.findall(r"\w+", text))
            named = named or not plain
            given.append(f"{name}={text}" if named else text)
        return f"{call.name}({', '.join(given)})"

    def call(self, position: int) -> WrittenCall:
        """Return the call that makes the module of one of the calls of the block."""
        given = [(name, column[position], "") for name, column in self.parameters.items()]
        return WrittenCall(self.name, tuple(given), is_block=True)


def known_arguments(tree: BlockTree, instance: BlockInstance) -> dict[str, Any]:
    """Return what a class can know: the channels of the input, and the arguments of the call."""
    known: dict[str, Any] = {}
    reads = tree.inputs if instance is tree.root else instance.reads
    if reads:
        known["in_channels"] = tree.nodes[reads[0][0]].output[0]
    if instance is tree.root:
        classes = tree.graph.arguments.get("classes")
        return known | ({} if classes is None else {"num_classes": classes})
    for name, value in instance.call.arguments.items():
        fits = name.isidentifier() and name not in TAKEN and not iskeyword(name)
        if fits and isinstance(value, int | float | str):
            known[name] = value
    return known


def make_classes(
    trees: Sequence[BlockTree],
    root_name: str,
    writer: type[BodyWriter] = BodyWriter,
    name_class: Callable[[str], str] | None = None,
) -> list[BlockClass]:
    """Return the classes of all blocks, the inner ones first; the last is the network's.

    ``name_class`` gives the name of a class for that of a block: camel_case by default."""
    name_class = name_class or camel_case
    made: list[BlockClass] = []
    calls: dict[int, WrittenCall] = {}
    loops = find_repeated_lines(trees)
    pairs = [(tree, instance) for tree in trees for instance in tree.root.blocks()]
    names: set[str] = {name_class(root_name)}
    for height in sorted({instance.height for _, instance in pairs}):
        groups: dict[Any, BlockClass] = {}
        for tree, instance in pairs:
            if instance.height != height:
                continue
            body = writer(tree, instance, calls, loops).write()
            key = (instance.block, body.skeleton)
            if key not in groups:
                groups[key] = BlockClass("", instance.block, body)
            groups[key].rows.append(body.values)
            groups[key].known.append(known_arguments(tree, instance))
            groups[key].members.append((tree, instance))
        for found in join_classes([*groups.values()]):
            is_root = found.members[0][1] is found.members[0][0].root
            name = name_class(root_name if is_root else found.block)
            found.name = name if is_root else free_name(name, names, "")
            names.add(found.name)
            found.find_parameters(follows=not writer.makes_where_run)
            for position, (_, instance) in enumerate(found.members):
                calls[id(instance)] = found.call(position)
            made.append(found)
    return made


def join_classes(classes: list[BlockClass]) -> list[BlockClass]:
    """Join classes of one block where some only leave out layers that others have."""
    joined: list[BlockClass] = []
    for made in sorted(classes, key=lambda c: -len(c.body.statements)):
        for full in joined:
            absent = find_left_out(full.body, made.body) if full.block == made.block else None
            if absent and made.block:
                full.shorter.append(made)
                break
        else:
            joined.append(made)
    for full in joined:
        full.take_shorter()
    return sorted(joined, key=classes.index)


def camel_case(name: str) -> str:
    """Return the name of a class for the name of a block."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name).split()
    text = "".join(word[:1].upper() + word[1:] for word in words) or "Block"
    return f"Block{text}" if text[0].isdigit() else text
