"""The source of the function that applies a block, and of the one that makes the network."""

import re
from collections.abc import Collection

from cnnspec.exporting.keras.function_body import join_name
from cnnspec.exporting.keras.recorded_keras import (
    CallItem,
    Close,
    LayerName,
    NextLine,
    Open,
    Previous,
)
from cnnspec.exporting.pytorch.block_classes import BlockClass
from cnnspec.exporting.pytorch.layout import WIDTH, lay_out
from cnnspec.exporting.pytorch.loop_tables import write_head
from cnnspec.exporting.pytorch.loops import Loop
from cnnspec.exporting.pytorch.python_text import free_name, type_name
from cnnspec.exporting.pytorch.recorded_torch import InputName, Parts
from cnnspec.exporting.pytorch.statements import Hole, Reference, Statement
from cnnspec.exporting.pytorch.variables import name_variables


class FunctionWriter:
    """Writes one function. ``inputs`` are the names of its inputs.

    ``shapes`` are the comments on values, ``steps`` those on the steps of loops by statement, and
    ``reserved`` the names that Keras gives itself."""

    def __init__(
        self,
        made: BlockClass,
        inputs: list[str],
        shapes: dict[Reference, str],
        steps: dict[int, list[str]],
        reserved: Collection[str] = (),
    ):
        self.made, self.body, self.inputs = made, made.body, inputs
        self.shapes, self.steps, self.reserved = shapes, steps, reserved
        self.variables = name_variables(self.body, inputs)
        self.arguments = {n: c for n, c in made.parameters.items() if n != "in_channels"}
        self.name = free_name("name", {*made.parameters}) if made.block else ""
        self.taken = {*made.parameters, *self.variables.values(), self.name}

    def write(self, docstring: str) -> list[str]:
        """Return the lines of the function of a block."""
        several = len(self.body.gives) > 1
        given = [f"{name}: KerasTensor" for name in self.inputs]
        given += [f"{name}: {type_name(c)}" for name, c in self.arguments.items()]
        result = "tuple[KerasTensor, ...]" if several else "KerasTensor"
        head = f"def {self.made.name}({', '.join([*given, f'{self.name}: str'])}) -> {result}:"
        lines = self.write_body()
        last = self.write_return(lines)
        return [*lay_out(head, 0), f'    """{docstring}"""', *lines, *last]

    def write_return(self, lines: list[str]) -> list[str]:
        """Return the last line; a single value is returned where its last line is."""
        names = [self.variables[ref] for ref in self.body.gives]
        start = f"    {names[0]} = "
        begin = max((k for k, line in enumerate(lines) if line.startswith(start)), default=-1)
        rest = lines[begin + 1 :]
        inside = all(line.startswith(("     ", "    )", "    ]")) for line in rest)
        conditional = begin < 0 or lines[begin - 1].startswith(("    if ", "    for "))
        if len(names) == 1 and inside and not conditional:
            lines[begin:] = lay_out(f"return {unfold(lines[begin:]).removeprefix(start)}", 4)
            return []
        return [f"    return {', '.join(names)}"]

    def write_body(self) -> list[str]:
        """Return the lines that apply all layers."""
        lines: list[str] = []
        for k, statement in enumerate(self.body.statements):
            refs = [Reference(k, i) for i in range(statement.outputs)]
            if statement.loop:
                lines += self.write_loop(k, statement, refs[0])
                continue
            targets = ", ".join(self.variables.get(ref, "_") for ref in refs)
            reads = [self.variables[ref] for ref in statement.reads]
            if statement.present:
                first = reads[0]
                lines += [f"    {targets} = {first}"] if targets != first else []
                condition = self.made.write_value(statement.present)
                lines += lay_out(f"if {condition}:", 4)
            name = join_name(statement.name, self.reserved)
            name = f'f"{{{self.name}}}_{name}%"' if self.name else f'"{name}%"'
            made = self.write_calls(statement, targets, reads, name, 8 if statement.present else 4)
            lines += self.with_comment(made, self.shapes.get(refs[0], ""))
        if any(re.search(r"\bin_channels\b", line) for line in lines):
            return [f"    in_channels = {self.inputs[0]}.shape[-1]", *lines]
        return lines

    def write_calls(
        self, statement: Statement, targets: str, reads: list[str], name: str, indent: int
    ) -> list[str]:
        """Return the lines of one layer or call; in ``name``, % is the place of an ending."""
        if statement.module is not None:
            given = [*reads]
            for argument, value, _ in statement.module.arguments:
                if argument != "in_channels":
                    text = self.made.write_value(value)
                    same = argument in re.findall(r"\w+", text) and len(given) < 4
                    given.append(text if same and "=" not in given[-1] else f"{argument}={text}")
            argument = self.made_name(statement)
            given.append(f"{argument}={name.replace('%', '')}")
            texts = [f"{statement.module.name}({', '.join(given)})"]
        else:
            texts = [*self.write_lines(statement.parts, targets, reads, name)]
        return [
            line
            for text in texts
            if text != targets
            for line in lay_out(f"{targets} = {text}", indent)
        ]

    def made_name(self, statement: Statement) -> str:
        """Return the argument for the name of layers of the function that a statement calls."""
        assert statement.module is not None
        return free_name("name", {name for name, _, _ in statement.module.arguments})

    def write_lines(self, parts: Parts, target: str, reads: list[str], name: str) -> list[str]:
        """Return the expressions of the lines of a layer."""
        lines, text = [], ""
        counts: list[int] = []
        item: CallItem | None = None

        def begin() -> str:
            nonlocal item
            before = ", " if counts and counts[-1] and item else ""
            named = f"{item.name}=" if item and item.name else ""
            if counts and item:
                counts[-1] += 1
            item = None
            return before + named

        for part in parts:
            if isinstance(part, NextLine):
                lines.append(text)
                text = ""
            elif isinstance(part, CallItem):
                item = part
            elif isinstance(part, Open):
                text += begin() + part.text
                counts.append(0)
            elif isinstance(part, Close):
                text += part.text
                counts.pop()
            elif isinstance(part, LayerName):
                item = CallItem("name")
                ending = name.replace("%", part.ending)
                text += begin() + ending
            elif isinstance(part, Hole):
                value = self.made.write_value(part)
                if item and value.replace('"', "'") == item.default:
                    item = None
                else:
                    text += begin() + value.replace("-torch.inf", '-float("inf")')
            elif isinstance(part, InputName):
                text += begin() + reads[part.index]
            elif isinstance(part, Previous):
                text += begin() + target
            else:
                text += str(part)
        return [*lines, text]

    def write_loop(self, k: int, statement: Statement, output: Reference) -> list[str]:
        """Return the loop that applies the layers of one statement."""
        assert statement.loop is not None
        before, after = self.variables[statement.reads[0]], self.variables[output]
        lines = [] if before == after else [f"    {after} = {before}"]
        loop = self.made.loops[statement.loop.count.position]
        count = self.made.write_value(statement.loop.count)
        head, table = write_head(loop, count, self.steps.get(k, []), self.taken, 4)
        name = step_name(statement.loop)
        name = f'f"{{{self.name}}}_{name}%"' if self.name else f'f"{name}%"'
        made = [
            re.sub(r"\bin_channels\b", f"{after}.shape[-1]", line)
            for line in self.write_calls(statement, after, [after], name, 8)
        ]
        return [*lines, *table, *lay_out(head, 4), *made]

    def with_comment(self, lines: list[str], comment: str) -> list[str]:
        """Add a comment to the last line of a statement if it fits."""
        if comment and lines and len(f"{lines[-1]}  # {comment}") <= WIDTH:
            return [*lines[:-1], f"{lines[-1]}  # {comment}"]
        return lines


def unfold(lines: list[str]) -> str:
    """Return a statement on several lines as one line."""
    first, *rest = lines
    text = first
    for line in map(str.strip, rest):
        joined = text.endswith(("(", "[")) or line.startswith((")", "]"))
        text = f"{text.rstrip(',') if line[0] in ')]' else text}{'' if joined else ' '}{line}"
    return text


def step_name(loop: Loop) -> str:
    """Return the name of a layer of a loop, as it is in a formatted string."""
    number = f"{{i + {loop.start}}}" if loop.start else "{i}"
    return f"{join_name(loop.stem)}{number}"
