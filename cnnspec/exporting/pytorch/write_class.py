"""The source of the class of a block: its constructor and its forward method."""

import re

from cnnspec.exporting.pytorch.block_classes import BlockClass
from cnnspec.exporting.pytorch.layout import WIDTH, lay_out
from cnnspec.exporting.pytorch.loop_tables import write_head
from cnnspec.exporting.pytorch.loops import Loop
from cnnspec.exporting.pytorch.optional_layers import CALL
from cnnspec.exporting.pytorch.python_text import (
    SLICE,
    attribute_name,
    free_name,
    is_plain_name,
    quote,
    space_slice,
    type_name,
)
from cnnspec.exporting.pytorch.recorded_torch import InputName, ModuleName
from cnnspec.exporting.pytorch.signatures import MODULE_NAMES
from cnnspec.exporting.pytorch.statements import Hole, Reference, Statement
from cnnspec.exporting.pytorch.variables import name_variables


class ClassWriter:
    """Writes one class. ``inputs`` are the names of the inputs of its forward method.

    ``shapes`` are the comments on the values of the network itself, ``steps`` those on the steps of
    its loops by statement, and ``results`` how many of the values that it gives are there at
    inference."""

    def __init__(
        self,
        made: BlockClass,
        inputs: list[str],
        shapes: dict[Reference, str],
        steps: dict[int, list[str]],
        results: int,
        docstring: str,
    ):
        self.made, self.body, self.inputs, self.shapes = made, made.body, inputs, shapes
        self.steps, self.results, self.docstring = steps, results, docstring
        self.names = name_variables(self.body, inputs)
        self.taken = {s.owner for s in self.body.statements} | MODULE_NAMES
        self.stored: dict[str, str] = {}  # the attributes for numbers, by expression
        self.lists: set[str] = set()
        self.taken_names = {*made.parameters, "channels"}  # in the constructor

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
        """Return the lines that make all modules."""
        lines: list[str] = []
        for statement in self.body.statements:
            if statement.module is None:
                continue
            text = self.made.write_value(statement.module)
            if statement.loop:
                lines += self.write_loop(statement, text)
            elif statement.present:
                lines += self.write_optional(statement.owner, text, statement.present)
            else:
                lines += self.write_module(statement.owner, text)
        return lines

    def write_optional(self, owner: str, text: str, present: Hole) -> list[str]:
        """Return the lines that make a module, or an nn.Identity where it is left out."""
        name, condition = attribute_name(owner), self.made.write_value(present)
        line = f"        self.{name} = {text} if {condition} else nn.Identity()"
        if len(line) <= WIDTH:
            return [line]
        lines = [f"        self.{name}: nn.Module = nn.Identity()"]
        return [*lines, *lay_out(f"if {condition}:", 8), *self.write_module(owner, text, 12)]

    def write_loop(self, statement: Statement, text: str) -> list[str]:
        """Return the lines of the loop that makes the layers of one statement."""
        assert statement.loop is not None
        count, base = statement.loop.count, statement.owner.rstrip(".")
        loop = self.made.loops[count.position]
        shapes = self.steps.get(self.body.statements.index(statement), [])
        head, lines = write_head(loop, self.made.write_value(count), shapes, self.taken_names)
        text, following = (
            re.sub(r"\bin_channels\b", loop.channels or "in_channels", part)
            for part in (text, loop.following)
        )
        if loop.channels and loop.channels != loop.first:
            lines = [*lay_out(f"{loop.channels} = {loop.first}", 8), *lines]
        if base != statement.owner:
            lines.append(f"        self.{base} = nn.ModuleList()")
            made = lay_out(f"self.{base}.append({text})", 12)
        else:
            made = lay_out(f"self.add_module({step_name(statement.loop)}, {text})", 12)
        added = following.removeprefix(f"{loop.channels} + ")
        step = f"{loop.channels} {'=' if added == following else '+='} {added}"
        update = lay_out(step, 12) if following else []
        used = re.search(r"\bi\b", " ".join([*made, *update]))
        return [
            *lines,
            *lay_out(head if used else head.replace("for i ", "for _ "), 8),
            *made,
            *update,
        ]

    @property
    def is_chain(self) -> bool:
        """Whether each layer has a module that reads what the one before gives, and no more."""
        statements = self.body.statements
        return (
            not self.shapes
            and (len(statements) > 1 or any(s.loop for s in statements))
            and self.body.gives == (Reference(len(statements) - 1, 0),)
            and all(
                s.module is not None
                and s.parts == CALL
                and s.reads == (Reference(k - 1, 0),)
                and s.outputs == 1
                and "." not in s.owner
                and (s.present is None or s.module is not None)
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

    def stored_text(self, hole: Hole) -> str:
        """Return the text of a number in forward: itself, or the attribute that holds it."""
        text = self.made.write_value(hole)
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
            if statement.loop:
                lines += self.write_steps(statement, refs[0])
                continue
            indent, text = 8, f"{targets} = {self.expression(statement)}"
            if targets == "_":
                text = text.removeprefix("_ = ")
            if statement.training_only and self.body.gives == (refs[0],):
                text = text.replace(" = ", ": torch.Tensor = ", 1)
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
            given = lines[-1].removeprefix(last)
            if given.startswith(("torch.", "F.")) or given.split(" * ")[0] in self.inputs:
                lines[-1] = f"        return {given}"
                return lines
            result = self.inputs[0]  # whose type is known, where that of a module's call is not
            lines[-1] = f"        {result} = {given}"
        return [*lines, *lay_out(f"return {result}", 8)]

    def write_steps(self, statement: Statement, output: Reference) -> list[str]:
        """Return the lines that run the layers of a loop one after the other."""
        assert statement.loop is not None
        before, after = self.names[statement.reads[0]], self.names[output]
        lines = [] if before == after else [f"        {after} = {before}"]
        base = statement.owner.rstrip(".")
        if base != statement.owner:
            module = "layer" if "layer" not in self.names.values() else "layer_"
            lines.append(f"        for {module} in self.{base}:")
        else:
            module = f"self.get_submodule({step_name(statement.loop)})"
            lines.append(f"        for i in range({self.stored_text(statement.loop.count)}):")
        return [*lines, *lay_out(f"{after} = {self.expression(statement, module, after)}", 12)]

    def with_comment(self, lines: list[str], comment: str) -> list[str]:
        """Add a comment to a statement of one line if it fits."""
        if comment and len(lines) == 1 and len(f"{lines[0]}  # {comment}") <= WIDTH - 8:
            return [f"{lines[0]}  # {comment}"]
        return lines

    def expression(self, statement: Statement, module: str = "", read: str = "") -> str:
        """Return the expression that a statement computes, perhaps of a given module and input."""
        text = ""
        for part in statement.parts:
            if isinstance(part, InputName):
                text += read or self.names[statement.reads[part.index]]
            elif isinstance(part, ModuleName):
                text += module or self.module_text(statement.owner)
            else:
                text += self.stored_text(part) if isinstance(part, Hole) else str(part)
        text = SLICE.sub(space_slice, text)
        if statement.present and (statement.module is None or statement.parts != CALL):
            instead = self.names[statement.reads[0]]
            text = f"{text} if {self.stored_text(statement.present)} else {instead}"
        return text


def step_name(loop: Loop) -> str:
    """Return the expression for the name of the module of step ``i``."""
    number = f"i + {loop.start}" if loop.start else "i"
    return f'f"{loop.stem}{{{number}}}"' if loop.stem else f"str({number})"
