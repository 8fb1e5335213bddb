"""Reading the lines of a list of layers: control keys, and the fields of an operator or arguments of a block."""

from typing import Any

from cnnspec.ops.fields import REQUIRED, Misfit, described
from cnnspec.ops.registry import OPERATORS, operator
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.collect import CONTROL, Collector, is_dynamic
from cnnspec.spec.model import Block, Line
from cnnspec.spec.source import Path, Source

SHORTHAND = ("norm", "activation")


def read_lines(notes: Collector, source: Source, path: Path, value: Any) -> tuple[Line, ...]:
    """The lines of ``layers``; problems go to ``notes`` and their lines are marked broken."""
    items = notes.typed(source, path, value, list, "a list of lines { name = ..., op = ... }")
    if items == []:
        notes.add(source, path, "L002", "a list of layers needs at least one line")
    return tuple(read_line(notes, source, (*path, i), item) for i, item in enumerate(items or []))


def read_line(notes: Collector, source: Source, path: Path, item: Any) -> Line:
    """One line of a list of layers."""
    before = len(notes.problems)
    if not isinstance(item, dict):
        notes.add(source, path, "L003", f"a line is a table {{ name = ..., op = ... }}, not {described(item)}")
        return Line(source, path, None, None, {}, broken=True)
    values = {key: notes.compile(source, (*path, key), v) for key, v in item.items()}
    if "name" not in values:
        notes.add(source, path, "L002", "a line needs a name")
    elif not is_dynamic(values["name"]) and values["name"] is not None:
        notes.named(source, (*path, "name"), values["name"], "name")
    if ("op" in values) == ("share" in values):
        both = "op" in values
        if both:
            notes.add(source, path, "L001", "a line has op or share, not both",
                      "share stands in place of op and its fields")
        else:
            notes.add(source, path, "L002", "a line needs op, or share")
    only = [key for key in values if key not in CONTROL] if "share" in values else []
    for key in only:
        notes.add(source, (*path, key), "L001", f"a line with share takes no {visible(key, 60)}",
                  "share repeats a line with its fields, and with its norm and activation", key=True)
    training = values.get("training_only", False)
    if not isinstance(training, bool):
        message = f"training_only is true or false, not {described(training)}"
        notes.add(source, (*path, "training_only"), "L003", message)
    check_unrolling(notes, source, path, values)
    return Line(
        source, path, values.get("name"), values.get("op"),
        {k: v for k, v in values.items() if k not in CONTROL},
        values.get("from"), values.get("repeat"), values.get("each"), values.get("when", True), values.get("share"),
        training is True, broken=len(notes.problems) > before,
    )


def check_unrolling(notes: Collector, source: Source, path: Path, values: dict[str, Any]) -> None:
    """repeat and each exclude each other, and a repeated line must not read the same thing every time."""
    if "repeat" in values and "each" in values:
        notes.add(source, (*path, "each"), "L009", "a line has repeat or each, not both", "each counts its rows",
                  key=True)
    if ("repeat" in values or "each" in values) and "from" in values:
        sources = values["from"] if isinstance(values["from"], list) else [values["from"]]
        if not is_dynamic(values["from"]) and "previous" not in sources:
            notes.add(source, (*path, "from"), "L009", "a repeated line must not read the same layers every time: "
                      "that would make parallel copies", 'name "previous", or use an expression of i')


def check_line(notes: Collector, line: Line, blocks: dict[str, Block]) -> bool:
    """Whether what a line calls is there, and its plain values fit; problems go to ``notes``."""
    before = len(notes.problems)
    if isinstance(line.op, str):
        if line.op in OPERATORS:
            check_fields(notes, line, line.op)
        elif line.op in blocks:
            check_call(notes, line, blocks[line.op], blocks)
        else:
            from cnnspec.spec.vocabulary import operator_hint  # on the error path only

            known = [*OPERATORS, *blocks]
            notes.add(line.source, line.at("op"), "L005", f"{described(line.op)} is neither an operator nor a block",
                      operator_hint(line.op, known, "there are " + ", ".join(known)))
    elif line.op is not None and not is_dynamic(line.op):
        notes.add(line.source, line.at("op"), "L003", f"op is a name, not {described(line.op)}")
    return len(notes.problems) == before


def check_fields(notes: Collector, line: Line, name: str) -> None:
    """The fields of an operator's line: known, there, and fit."""
    fields = operator(name).fields
    for key, value in line.fields.items():
        if key in SHORTHAND:
            continue
        if key not in fields:
            notes.unknown(line.source, line.at(key), [*fields, *SHORTHAND, *CONTROL], name)
        elif value is not None and not is_dynamic(value):
            try:
                fields[key].read(value)
            except Misfit as misfit:
                notes.add(line.source, line.at(key), misfit.rule, f"{name}: {misfit.message}", misfit.hint)
    if line.each is None and line.path[-1:] != ("preset",):
        for key, field in fields.items():
            if field.default is REQUIRED and key not in line.fields:
                notes.add(line.source, line.path, "L002", f"{name} needs {key}: {field.doc}")


def check_call(notes: Collector, line: Line, block: Block, blocks: dict[str, Block]) -> None:
    """The arguments of a call of a block: declared. Of a preset: fields of its operator."""
    if block.preset is not None:
        seen, last = {block.name}, block
        while last.preset is not None and isinstance(last.preset.op, str) and last.preset.op in blocks:
            last = blocks[last.preset.op]
            if last.name in seen:
                return  # reported where the graph is unrolled
            seen.add(last.name)
        if last.preset is None or not isinstance(last.preset.op, str) or last.preset.op not in OPERATORS:
            return
        known = [*operator(last.preset.op).fields, *SHORTHAND, *block.args, *block.defaults]
    else:
        known = [*block.args, *block.defaults]
    for key in line.fields:
        if key not in known:
            hint = ""
            if key in SHORTHAND:
                hint = f"{key} belongs to operators; give the block an argument for it"
            notes.add(line.source, line.at(key), "L008", f"{visible(key, 60)} is not an argument of {block.name}",
                      hint or did_you_mean(key, known, "it takes " + (", ".join(known) or "none")), key=True)
