"""One class for all calls of a block that differ in numbers only, with arguments for these."""

from collections.abc import Sequence
from keyword import iskeyword
from math import isfinite
from typing import Any

from cnnspec.exporting.pytorch.instances import BlockInstance, BlockTree
from cnnspec.exporting.pytorch.operator_code import WrittenCall
from cnnspec.exporting.pytorch.statements import BodyWriter, ClassBody
from cnnspec.importing.folding.expressions import are_equal, find_expression

TAKEN = {"self", "torch", "nn", "F", "math", "x", "super", "range", "len", "zip", "input"}

INPUTS = ("in_channels", "in_features")  # the ends of labels of what the input decides


class BlockClass:
    """The class of some calls of a block.

    ``columns`` are the values of each hole in all calls, ``texts`` what the class writes for each
    hole, and ``parameters`` the arguments of the class with their values in all calls."""

    def __init__(self, name: str, block: str, body: ClassBody):
        self.name, self.block, self.body = name, block, body
        self.bodies: list[ClassBody] = []
        self.members: list[tuple[BlockTree, BlockInstance]] = []
        self.known: list[dict[str, Any]] = []  # by call: the block's arguments, and in_channels
        self.parameters: dict[str, list[Any]] = {}
        self.texts: list[str] = []

    def find_parameters(self) -> None:
        """Find the arguments of the class, and what it writes for each hole."""
        columns = [list(values) for values in zip(*[b.values for b in self.bodies], strict=True)]
        common = [n for n in self.known[0] if all(n in known for known in self.known)]
        known = {n: [k[n] for k in self.known] for n in sorted(common, key="in_channels".__eq__)}
        used: set[str] = set()
        own: dict[str, list[Any]] = {}
        for column, label in zip(columns, self.body.labels, strict=True):
            if are_equal(column, column[:1] * len(column)):
                self.texts.append(write_literal(column[0]))
                continue
            first = {
                n: c for n, c in known.items() if n == "in_channels" and label.endswith(INPUTS)
            }
            names: dict[str, Sequence[Any]] = {**first, **known, **own}
            text = find_expression(column, names)
            if text is None or "round_channels" in text:
                text = argument_name(label, {*known, *own})
                own[text] = column
            used |= {n for n in (*known, *own) if n in text.split()}
            self.texts.append(text)
        ordered = [n for n in (*common, *own) if n in used]
        self.parameters = {n: (known | own)[n] for n in ordered}

    def call(self, position: int) -> WrittenCall:
        """Return the call that makes the module of one of the calls of the block."""
        given = [(name, column[position], "") for name, column in self.parameters.items()]
        return WrittenCall(self.name, tuple(given))


def write_literal(value: Any) -> str:
    """Return a value as Python writes it; infinity is that of torch."""
    if isinstance(value, float) and not isfinite(value):
        return "-torch.inf" if value < 0 else "torch.inf"
    return repr(value)


def argument_name(label: str, known: set[str]) -> str:
    """Return a new name of an argument for the value of a hole."""
    text = "".join(c if c.isascii() and c.isalnum() else "_" for c in label).strip("_").lower()
    text = f"arg_{text}" if not text or text[0].isdigit() else text
    return free_name(text, known)


def free_name(name: str, known: set[str], between: str = "_") -> str:
    """Return ``name``, with ``between`` and a number after it where it is taken."""
    found, n = name, 1
    while found in known or found in TAKEN or iskeyword(found):
        n += 1
        found = f"{name}{between}{n}"
    return found


def known_arguments(tree: BlockTree, instance: BlockInstance) -> dict[str, Any]:
    """Return what a class can know: the channels of the input, and the arguments of the call."""
    known: dict[str, Any] = {}
    reads = tree.inputs if instance is tree.root else instance.reads
    if reads:
        known["in_channels"] = tree.nodes[reads[0][0]].output[0]
    given = tree.graph.arguments if instance is tree.root else instance.call.arguments
    for name, value in given.items():
        name = "num_classes" if instance is tree.root and name == "classes" else name
        fits = name.isidentifier() and name not in TAKEN and not iskeyword(name)
        if fits and isinstance(value, int | float | str):
            known[name] = value
    return known


def make_classes(trees: Sequence[BlockTree], root_name: str) -> list[BlockClass]:
    """Return the classes of all blocks, the inner ones first; the last is the network's."""
    made: list[BlockClass] = []
    calls: dict[int, WrittenCall] = {}
    pairs = [(tree, instance) for tree in trees for instance in tree.root.blocks()]
    names: set[str] = {camel_case(root_name)}
    for height in sorted({instance.height for _, instance in pairs}):
        groups: dict[Any, BlockClass] = {}
        for tree, instance in pairs:
            if instance.height != height:
                continue
            body = BodyWriter(tree, instance, calls).write()
            key = (instance.block, body.skeleton)
            if key not in groups:
                is_root = instance is tree.root
                name = camel_case(root_name if is_root else instance.block)
                name = name if is_root else free_name(name, names, "")
                names.add(name)
                groups[key] = BlockClass(name, instance.block, body)
            groups[key].bodies.append(body)
            groups[key].known.append(known_arguments(tree, instance))
            groups[key].members.append((tree, instance))
        for found in groups.values():
            found.find_parameters()
            for position, (_, instance) in enumerate(found.members):
                calls[id(instance)] = found.call(position)
        made += groups.values()
    return made


def camel_case(name: str) -> str:
    """Return the name of a class for the name of a block."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in name).split()
    text = "".join(word[:1].upper() + word[1:] for word in words) or "Block"
    return f"Block{text}" if text[0].isdigit() else text
