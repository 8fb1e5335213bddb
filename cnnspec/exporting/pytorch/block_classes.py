"""One class for all calls of a block that differ in numbers only, with arguments for these."""

from collections.abc import Sequence
from keyword import iskeyword
from math import isfinite
from typing import Any

from cnnspec.exporting.pytorch.instances import BlockInstance, BlockTree
from cnnspec.exporting.pytorch.operator_code import WrittenCall
from cnnspec.exporting.pytorch.optional_layers import JoinedBody, find_left_out
from cnnspec.exporting.pytorch.statements import BodyWriter, ClassBody
from cnnspec.importing.folding.expressions import ABSENT, are_equal, find_expression

TAKEN = {"self", "torch", "nn", "F", "math", "x", "super", "range", "len", "zip", "input"}

INPUTS = ("in_channels", "in_features")  # the ends of labels of what the input decides


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
        self.written: dict[str, Sequence[Any]] = {}  # products that it writes, for conditions

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

    def find_parameters(self) -> None:
        """Find the arguments of the class, and what it writes for each hole."""
        columns = [list(values) for values in zip(*self.rows, strict=True)]
        common = [n for n in self.known[0] if all(n in known for known in self.known)]
        known = {n: [k[n] for k in self.known] for n in sorted(common, key="in_channels".__eq__)}
        used: set[str] = set()
        own: dict[str, list[Any]] = {}
        for column, label in zip(columns, self.body.labels, strict=True):
            given = [value for value in column if value is not ABSENT]
            if are_equal(given, given[:1] * len(given)):
                self.texts.append(write_literal(given[0]))
                continue
            first = {
                n: c for n, c in known.items() if n == "in_channels" and label.endswith(INPUTS)
            }
            names: dict[str, Sequence[Any]] = {**first, **known, **own}
            if all(type(value) is bool for value in given):
                names = {**self.written, **names}
            text = find_expression(column, names)
            if text is None or "round_channels" in text:
                text = argument_name(label, {*known, *own})
                own[text] = [given[0] if value is ABSENT else value for value in column]
            elif "*" in text and type(given[0]) is int:
                self.written.setdefault(text, evaluate(text, names))
            used |= {n for n in (*known, *own) if n in text.split()}
            self.texts.append(text)
        ordered = [n for n in (*common, *own) if n in used]
        self.parameters = {n: (known | own)[n] for n in ordered}

    def call(self, position: int) -> WrittenCall:
        """Return the call that makes the module of one of the calls of the block."""
        given = [(name, column[position], "") for name, column in self.parameters.items()]
        return WrittenCall(self.name, tuple(given))


def evaluate(text: str, names: dict[str, Sequence[Any]]) -> list[Any]:
    """Return the values of a product such as ``4 * width`` or ``a * b``."""
    factors = [
        names.get(factor) or [int(factor)] * len(next(iter(names.values())))
        for factor in text.split(" * ")
    ]
    return [a * b for a, b in zip(*factors, strict=True)]


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
                groups[key] = BlockClass("", instance.block, body)
            groups[key].rows.append(body.values)
            groups[key].known.append(known_arguments(tree, instance))
            groups[key].members.append((tree, instance))
        for found in join_classes([*groups.values()]):
            is_root = found.members[0][1] is found.members[0][0].root
            name = camel_case(root_name if is_root else found.block)
            found.name = name if is_root else free_name(name, names, "")
            names.add(found.name)
            found.find_parameters()
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
