"""The source of the class of a block: its constructor and its forward method."""

import re
from typing import Any

from cnnspec.exporting.pytorch.block_classes import BlockClass, free_name
from cnnspec.exporting.pytorch.layout import WIDTH, lay_out
from cnnspec.exporting.pytorch.operator_code import WrittenCall
from cnnspec.exporting.pytorch.optional_layers import CALL
from cnnspec.exporting.pytorch.recorded_torch import InputName, ModuleName
from cnnspec.exporting.pytorch.signatures import MODULE_NAMES, SAME_AS_FIRST
from cnnspec.exporting.pytorch.statements import Hole, Reference, Statement
from cnnspec.exporting.pytorch.variables import name_variables

SHORTEST_LOOP = 3  # shorter ones are written line by line
SLICE = re.compile(r"[\w.]*:[\w.]*(?::[\w.]*)?")


class ClassWriter:
    """Writes one class. ``inputs`` are the names of the inputs of its forward method.

    ``shapes`` are the comments on the values of the network itself, and ``results`` how many of
    the values that it gives are there at inference."""

    def __init__(
        self,
        made: BlockClass,
        inputs: list[str],
        shapes: dict[Reference, str],
        results: int,
        docstring: str,
    ):
        self.made, self.body, self.inputs, self.shapes = made, made.body, inputs, shapes
        self.results, self.docstring = results, docstring
        self.names = name_variables(self.body, inputs)
        self.taken = {s.owner for s in self.body.statements} | MODULE_NAMES
        self.stored: dict[str, str] = {}  # the attributes for numbers, by expression
        self.lists: set[str] = set()

    def write(self) -> list[str]:
        """Return the lines of the class."""
        forward = [] if self.is_chain else ["", *self.write_forward()]
        base = "nn.Sequential" if self.is_chain else "nn.Module"
        lines = [f"class {self.made.name}({base}):", f'    """{self.docstring}"""', ""]
        given = [f"{name}: {type_name(c)}" for name, c in self.made.parameters.items()]
        signature = ", ".join(["self", *given])
        lines += lay_out(f"def __init__({signature}) -> None:", 4)
        lines.append("        super().__init__()")
        for text, name in self.stored.items():
            lines += lay_out(f"self.{name} = {text}", 8)
        return [*lines, *self.write_modules(), *forward]

    def write_modules(self) -> list[str]:
        """Return the lines that make all modules; equal ones with a number each in a loop."""
        made = [
            (s.owner, self.call_text(s.module), self.text(s.present) if s.present else "")
            for s in self.body.statements
            if s.module is not None
        ]
        lines: list[str] = []
        while made:
            first, text, condition = made[0]
            counted = count_run(
                [name if (call, when) == (text, "") else "" for name, call, when in made]
            )
            if condition:
                counted = 1
                lines.append(f"        self.{attribute_name(first)}: nn.Module = nn.Identity()")
                lines += lay_out(f"if {condition}:", 8)
                lines += self.write_module(first, text, 12)
            elif counted < SHORTEST_LOOP:
                counted = 1
                lines += self.write_module(first, text)
            else:
                lines += write_loop(first, counted, text)
            made = made[counted:]
        return lines

    @property
    def is_chain(self) -> bool:
        """Whether each layer has a module that reads what the one before gives, and no more."""
        statements = self.body.statements
        return (
            not self.shapes
            and len(statements) > 1
            and self.body.gives == (Reference(len(statements) - 1, 0),)
            and all(
                s.module is not None
                and s.parts == CALL
                and s.reads == (Reference(k - 1, 0),)
                and s.outputs == 1
                and "." not in s.owner
                for k, s in enumerate(statements)
            )
        )

    def write_module(self, name: str, text: str, indent: int = 8) -> list[str]:
        """Return the lines that make the module called ``name``."""
        base, dot, number = name.rpartition(".")
        if dot and number.isdigit():
            start = [] if base in self.lists else [f"        self.{base} = nn.ModuleList()"]
            self.lists.add(base)
            return [*start, *lay_out(f"self.{base}.append({text})", indent)]
        attribute = attribute_name(name)
        if is_plain_name(attribute):
            return lay_out(f"self.{attribute} = {text}", indent)
        return lay_out(f"self.add_module({quote(attribute)}, {text})", indent)

    def module_text(self, name: str) -> str:
        """Return the expression for the module of a statement."""
        base, dot, number = name.rpartition(".")
        if dot and number.isdigit():
            return f"self.{base}[{number}]"
        attribute = attribute_name(name)
        plain = is_plain_name(attribute)
        return f"self.{attribute}" if plain else f"self.get_submodule({quote(attribute)})"

    def call_text(self, call: WrittenCall) -> str:
        """Return the call of a class, without arguments that are defaults."""
        given: list[str] = []
        first = ""
        for name, value, default in call.arguments:
            text = self.call_text(value) if isinstance(value, WrittenCall) else self.text(value)
            first = first or text
            if default and text == (first if default == SAME_AS_FIRST else default):
                continue
            given.append(text if call.is_positional(name, default) else f"{name}={text}")
        return f"{call.name}({', '.join(given)})"

    def text(self, hole: Hole) -> str:
        text = self.made.texts[hole.position]
        return text.replace("'", '"') if text.startswith("'") else text

    def stored_text(self, hole: Hole) -> str:
        """Return the text of a number in forward: itself, or the attribute that holds it."""
        text = self.text(hole)
        if not any(name in text.split() for name in self.made.parameters):
            return text
        if text not in self.stored:
            label = text if text.isidentifier() else self.body.labels[hole.position]
            self.stored[text] = free_name(label, self.taken)
            self.taken.add(self.stored[text])
        return f"self.{self.stored[text]}"

    def write_forward(self) -> list[str]:
        """Return the lines of the forward method."""
        given = ", ".join(["self", *(f"{name}: torch.Tensor" for name in self.inputs)])
        several = "tuple[torch.Tensor, ...]"
        one = several if self.results > 1 else "torch.Tensor"
        training = len(self.body.gives) > self.results
        kind = f"{one} | {several}" if training and one != several else one
        lines = lay_out(f"def forward({given}) -> {kind}:", 4)
        for k, statement in enumerate(self.body.statements):
            refs = [Reference(k, i) for i in range(statement.outputs)]
            targets = ", ".join(self.names.get(ref, "_") for ref in refs)
            indent, text = 8, f"{targets} = {self.expression(statement)}"
            if targets == "_":
                text = text.removeprefix("_ = ")
            if statement.training_only:
                if not (k and self.body.statements[k - 1].training_only):
                    lines.append("        if self.training:")
                indent = 12
            lines += self.with_comment(lay_out(text, indent), self.shapes.get(refs[0], ""))
        names = [self.names[ref] for ref in self.body.gives]
        if training:
            lines += ["        if self.training:", f"            return {', '.join(names)}"]
        result = ", ".join(names[: self.results])
        last = f"        {result} = "
        if len(names) == 1 and lines[-1].startswith(last):
            lines[-1] = f"        return {lines[-1].removeprefix(last)}"
            return lines
        return [*lines, *lay_out(f"return {result}", 8)]

    def with_comment(self, lines: list[str], comment: str) -> list[str]:
        """Add a comment to a statement of one line if it fits."""
        if comment and len(lines) == 1 and len(f"{lines[0]}  # {comment}") <= WIDTH - 8:
            return [f"{lines[0]}  # {comment}"]
        return lines

    def expression(self, statement: Statement) -> str:
        """Return the expression that a statement computes."""
        text = ""
        for part in statement.parts:
            if isinstance(part, InputName):
                text += self.names[statement.reads[part.index]]
            elif isinstance(part, ModuleName):
                text += self.module_text(statement.owner)
            else:
                text += self.stored_text(part) if isinstance(part, Hole) else str(part)
        return SLICE.sub(space_slice, text)


def count_run(names: list[str]) -> int:
    """Return how many names at the start differ in a number at their end only, which counts up."""
    stem = names[0].rstrip("0123456789")
    if "." in stem or stem == names[0]:
        return 1
    count, first = 1, int(names[0][len(stem) :])
    while count < len(names) and names[count] == f"{stem}{first + count}":
        count += 1
    return count


def write_loop(name: str, count: int, text: str) -> list[str]:
    """Return the loop that makes ``count`` equal modules, the first of which is called ``name``."""
    stem = name.rstrip("0123456789")
    first = int(name[len(stem) :])
    bounds = f"{first}, {first + count}" if first else str(count)
    key = f'f"{stem}{{i}}"' if stem else "str(i)"
    return [f"        for i in range({bounds}):", *lay_out(f"self.add_module({key}, {text})", 12)]


def space_slice(found: re.Match[str]) -> str:
    """Return a slice as ruff format writes it: with spaces where a bound is not simple."""
    parts = found[0].split(":")
    if all(re.fullmatch(r"\w*", part) for part in parts):
        return found[0]
    return " ".join(filter(None, " : ".join(parts).split(" ")))


def type_name(column: list[Any]) -> str:
    """Return the type of an argument, from its values."""
    kinds = dict.fromkeys(
        "tuple[int, ...]" if isinstance(v, tuple) else type(v).__name__ for v in column
    )
    return " | ".join(kinds)


def attribute_name(name: str) -> str:
    """Return the name under which a module is registered; nn.Module's own names get a _."""
    return f"{name}_" if name in MODULE_NAMES else name


def is_plain_name(name: str) -> bool:
    """Tell whether a name can be an attribute in source."""
    from keyword import iskeyword

    return name.isascii() and name.isidentifier() and not iskeyword(name)


def quote(text: str) -> str:
    """Return a text in double quotes, as ruff format writes it."""
    return '"' + repr(f"'{text}")[2:-1].replace('"', '\\"') + '"'
