"""Reading the lines of a list of layers: control keys, and the fields of an operator or arguments
of a block."""

from collections.abc import Sequence
from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import did_you_mean, nearest_name, visible
from cnnspec.spec.model import Block, Fields, Line
from cnnspec.spec.reader import CONTROL, SHORTHAND, SpecReader
from cnnspec.spec.scope import FAULTY, Dynamic
from cnnspec.spec.shorthand import check_part
from cnnspec.spec.source import Path, Source

OP = ("type", "kind", "layer", "operator", "class")  # what others call it


def read_lines(reader: SpecReader, source: Source, path: Path, value: Any) -> tuple[Line, ...]:
    """The lines of ``layers``; problems go to ``reader`` and their lines are marked broken."""
    items = reader.check_type(source, path, value, list, "a list of lines { name = ..., op = ... }")
    if items == []:
        reader.report(source, path, "L002", "a list of layers needs at least one line")
    return tuple(read_line(reader, source, (*path, i), item) for i, item in enumerate(items or []))


def read_line(reader: SpecReader, source: Source, path: Path, item: Any) -> Line:
    """One line of a list of layers."""
    before = len(reader.problems)
    if not isinstance(item, dict):
        reader.report(
            source,
            path,
            "L003",
            f"a line is a table {{ name = ..., op = ... }}, not {describe_value(item)}",
        )
        return Line(source, path, FAULTY, FAULTY, {}, broken=True)
    values = {key: reader.compile_expressions(source, (*path, key), v) for key, v in item.items()}
    if "name" not in values:
        reader.report(source, path, "L002", "a line needs a name")
    elif not isinstance(values["name"], Dynamic):
        reader.check_name(source, (*path, "name"), values["name"], "name")
    if ("op" in values) == ("share" in values):
        both = "op" in values
        if both:
            values["op"] = values["share"] = FAULTY
            reader.report(
                source,
                path,
                "L001",
                "a line has op or share, not both",
                "share stands in place of op and its fields",
            )
        else:
            here = next((f"{key} is op here" for key in OP if key in values), "")
            reader.report(source, path, "L002", "a line needs op, or share", here)
    only = (
        [key for key in values if key not in CONTROL]
        if "share" in values and "op" not in values
        else []
    )
    for key in only:
        reader.report(
            source,
            (*path, key),
            "L001",
            f"a line with share takes no {visible(key, 60)}",
            "share repeats a line with its fields, and with its norm and activation",
            key=True,
        )
    training = values.get("training_only", False)
    if not isinstance(training, bool) and training is not FAULTY:
        message = f"training_only is true or false, not {describe_value(item['training_only'])}"
        reader.report(source, (*path, "training_only"), "L003", message)
    when = values.get("when", True)
    if not isinstance(when, bool) and not isinstance(when, Dynamic):
        reader.report(source, (*path, "when"), "L003", *not_boolean(when))
        values["when"] = True
    check_unrolling(reader, source, path, values)
    return Line(
        source,
        path,
        values.get("name", FAULTY),
        values.get("op", FAULTY),
        {k: v for k, v in values.items() if k not in CONTROL},
        values.get("from"),
        values.get("repeat"),
        values.get("each"),
        values.get("when", True),
        values.get("share"),
        training is True,
        broken=len(reader.problems) > before,
    )


def not_boolean(value: Any) -> tuple[str, str]:
    """Message and hint for a `when` that is neither true nor false."""
    return f"when is true or false, not {describe_value(value)}", 'compare: when = "{n > 0}"'


def check_unrolling(reader: SpecReader, source: Source, path: Path, values: dict[str, Any]) -> None:
    """repeat and each exclude each other, and a repeated line must not read the same thing every
    time."""
    if "repeat" in values and "each" in values:
        reader.report(
            source,
            (*path, "each"),
            "L009",
            "a line has repeat or each, not both",
            "each counts its rows",
            key=True,
        )
        values["repeat"] = values["each"] = FAULTY
    if ("repeat" in values or "each" in values) and "from" in values:
        sources = values["from"] if isinstance(values["from"], list) else [values["from"]]
        if not isinstance(values["from"], Dynamic) and "previous" not in sources:
            reader.report(
                source,
                (*path, "from"),
                "L009",
                "a repeated line must not read the same layers every time: "
                "that would make parallel copies",
                'name "previous", or use an expression of i',
            )


def check_line(
    reader: SpecReader, line: Line, blocks: dict[str, Block], names: Sequence[str]
) -> Line:
    """The line, with what is wrong in what it calls and in its plain values noted, and FAULTY in
    its place.

    ``names`` are those that its expressions see.
    """
    before = len(reader.problems)
    op, fields = line.op, line.fields
    if isinstance(op, str):
        if op in OPERATORS:
            fields = check_fields(reader, line, op, blocks, names)
        elif op in blocks:
            fields = check_call(reader, line, blocks[op], blocks)
        else:
            from cnnspec.spec.vocabulary import operator_hint  # on the error path only

            known = [*OPERATORS, *blocks]
            reader.report(
                line.source,
                line.at("op"),
                "L005",
                f"{describe_value(op)} is neither an operator nor a block",
                operator_hint(op, known, "there are " + ", ".join(known)),
            )
            op = FAULTY
    elif not isinstance(op, Dynamic):
        reader.report(line.source, line.at("op"), "L003", f"op is a name, not {describe_value(op)}")
        op = FAULTY
    return (
        line if len(reader.problems) == before else line.replace(op=op, fields=fields, broken=True)
    )


def check_fields(
    reader: SpecReader, line: Line, name: str, blocks: dict[str, Block], names: Sequence[str]
) -> Fields:
    """Return the fields of an operator's line, FAULTY where they are wrong, and report why."""
    own = {key: value for key, value in line.fields.items() if key not in SHORTHAND}
    partial = line.each is not None  # its rows may hold the others
    wrong = reader.report_field_errors(line.source, line.path, name, own, names, partial)
    for key in line.fields.keys() - own.keys():
        if not check_part(reader, line, key, line.fields[key], blocks, names):
            wrong.add(key)
    return {key: FAULTY if key in wrong else value for key, value in line.fields.items()}


def check_call(reader: SpecReader, line: Line, block: Block, blocks: dict[str, Block]) -> Fields:
    """The arguments of a call of a block, FAULTY where it declares none such; what is missing is
    noted.

    Of a preset, the fields of its operator as well.
    """
    if block.broken:
        return line.fields
    known = [*block.args, *block.defaults]
    if block.preset is not None:
        inner = preset_operator(block, blocks)
        if inner is None:
            return line.fields  # reported where the preset stands, or where the graph is unrolled
        known = [*load_operator(inner).fields, *SHORTHAND, *known]
    good, meant = dict(line.fields), set()
    for key in line.fields:
        if key not in known:
            hint = did_you_mean(key, known, "it takes " + (", ".join(known) or "none"))
            if key in SHORTHAND:
                hint = f"{key} belongs to operators; give the block an argument for it"
            reader.report(
                line.source, line.at(key), "L008", not_argument(key, block), hint, key=True
            )
            meant.add(nearest_name(key, known))
            good[key] = FAULTY
    lacking = [a for a in block.args if a not in line.fields and a not in meant]
    if lacking and line.each is None and line.share is None:
        reader.report(line.source, line.path, "L008", *lacks(block, lacking))
    return good


def preset_operator(block: Block, blocks: dict[str, Block]) -> str | None:
    """The operator that a preset calls, through other presets too; None where only unrolling can
    say."""
    seen: set[str] = set()
    while block.preset is not None and isinstance(block.preset.op, str) and block.name not in seen:
        if block.preset.op in OPERATORS:
            return block.preset.op
        if block.preset.op not in blocks:
            return None
        seen.add(block.name)
        block = blocks[block.preset.op]
    return None


def not_argument(key: str, block: Block) -> str:
    """The message for a key that a block does not declare."""
    return f"{visible(key, 60)} is not an argument of {visible(block.name)}"


def lacks(block: Block, missing: list[str]) -> tuple[str, str]:
    """Message and hint for a call without some of the arguments that its block requires."""
    return f"{visible(block.name)} needs {', '.join(missing)}", f"it takes {', '.join(block.args)}"
