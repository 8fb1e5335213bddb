"""Checks what a line calls: the operator or block, its fields or arguments, norm and activation."""

from collections.abc import Sequence
from typing import Any

from cnnspec.ops.kit.fields import OperatorError, describe_value
from cnnspec.ops.registry import OPERATORS, find_installed, load_operator
from cnnspec.problems import did_you_mean, nearest_name, visible
from cnnspec.spec.model import Block, Line
from cnnspec.spec.reader import SHORTHAND, SpecReader
from cnnspec.spec.scope import FAULTY, Dynamic
from cnnspec.spec.source import Fields


def check_line(
    reader: SpecReader, line: Line, blocks: dict[str, Block], names: Sequence[str]
) -> Line:
    """Check what a line calls and its plain values; return it with FAULTY for those that are wrong.

    ``names`` are those that its expressions can use.
    """
    before = len(reader.problems)
    op, fields = line.op, line.fields
    if isinstance(op, str):
        if op in OPERATORS and op not in blocks:
            fields = check_fields(reader, line, op, blocks, names)
        elif op in blocks:
            fields = check_arguments(reader, line, blocks[op], blocks)
        elif find_installed(op):
            fields = check_fields(reader, line, op, blocks, names)
        else:
            from cnnspec.spec.hints import operator_hint  # only where something is wrong

            known = [*OPERATORS, *blocks]
            message = f"{describe_value(op)} is neither an operator nor a block"
            hint = operator_hint(op, known, "known here: " + ", ".join(known))
            reader.report(line.source, line.at("op"), "L005", message, hint)
            op = FAULTY
    elif not isinstance(op, Dynamic):
        message = f"op is a name, not {describe_value(op)}"
        reader.report(line.source, line.at("op"), "L003", message)
        op = FAULTY
    if len(reader.problems) == before:
        return line
    return line.replace(op=op, fields=fields, broken=True)


def check_fields(
    reader: SpecReader, line: Line, name: str, blocks: dict[str, Block], names: Sequence[str]
) -> Fields:
    """Check the fields of an operator's line; return them with FAULTY for those that are wrong."""
    own = {key: value for key, value in line.fields.items() if key not in SHORTHAND}
    partial = line.each is not None  # its rows may hold the others
    wrong = reader.report_field_errors(line.source, line.path, name, own, names, partial)
    for key in line.fields.keys() - own.keys():
        if not check_part(reader, line, key, line.fields[key], blocks, names):
            wrong.add(key)
    return {key: FAULTY if key in wrong else value for key, value in line.fields.items()}


def check_part(
    reader: SpecReader,
    line: Line,
    part: str,
    value: Any,
    blocks: dict[str, Block],
    names: Sequence[str],
) -> bool:
    """Whether a norm or activation is right, as far as its values are plain."""
    if isinstance(value, Dynamic):
        return True
    path, before = line.at(part), len(reader.problems)
    try:
        name = named_part(part, value, blocks)
    except OperatorError as error:
        reader.report(line.source, path, error.rule, error.message, error.hint)
        return False
    if isinstance(value, dict) and name in OPERATORS and name not in blocks:
        fields = {key: v for key, v in value.items() if key != "op"}
        reader.report_field_errors(line.source, path, name, fields, names, partial=True)
    return len(reader.problems) == before


def named_part(part: str, value: Any, blocks: dict[str, Block]) -> str:
    """Return the operator, preset or "none" that ``norm`` or ``activation`` names.

    The value is a name, or a table with op and fields. Raises OperatorError (L002, L005) where it
    is not a norm or an activation.
    """
    if isinstance(value, dict) and "op" not in value:
        raise OperatorError("L002", f"{part}, as a table, needs op", part_hint(None, part))
    name = value["op"] if isinstance(value, dict) else value
    if name == "none":
        return "none"
    if not isinstance(name, str) or not (
        name in OPERATORS or name in blocks or find_installed(name)
    ):
        message = f"{part}: {describe_value(name)} is not an operator"
        raise OperatorError("L005", message, part_hint(name, part))
    if name in blocks and blocks[name].preset is None:
        raise OperatorError("L005", f"{part}: {visible(name)} is a block, not an operator")
    if name not in blocks and load_operator(name).role != part:
        article = "an" if part == "activation" else "a"
        message = f"{part}: {name} is not {article} {part}"
        raise OperatorError("L005", message, part_hint(name, part))
    return name


def part_hint(value: Any, part: str) -> str:
    """Return the hint for a norm or activation that does not exist."""
    from cnnspec.spec.hints import operator_hint  # only where something is wrong

    known = [n for n in OPERATORS if load_operator(n).role == part]
    listed = f'known here: {", ".join(known)}; "none" leaves it out'
    return operator_hint(value, known, listed) if isinstance(value, str) else listed


def check_arguments(
    reader: SpecReader, line: Line, block: Block, blocks: dict[str, Block]
) -> Fields:
    """Check the arguments of a call; return them with FAULTY for those that are unknown.

    A preset takes the fields of its operator as well.
    """
    if block.broken:
        return line.fields
    known = [*block.args, *block.defaults]
    if block.preset is not None:
        inner = preset_operator(block, blocks)
        if inner is None:
            return line.fields  # reported at the preset, or when the network is expanded
        known = [*load_operator(inner).fields, *SHORTHAND, *known]
    good, meant = dict(line.fields), set()
    for key in line.fields:
        if key not in known:
            hint = did_you_mean(key, known, "it takes " + (", ".join(known) or "none"))
            if key in SHORTHAND:
                hint = f"{key} is a key of operators; give the block an argument for it"
            message = not_argument(key, block)
            reader.report(line.source, line.at(key), "L008", message, hint, key=True)
            meant.add(nearest_name(key, known))
            good[key] = FAULTY
    missing = [a for a in block.args if a not in line.fields and a not in meant]
    if missing and line.each is None and line.share is None:
        reader.report(line.source, line.path, "L008", *lacks_arguments(block, missing))
    return good


def preset_operator(block: Block, blocks: dict[str, Block]) -> str | None:
    """Return the operator that a preset calls, also through other presets.

    None where that is known only once the network is expanded.
    """
    seen: set[str] = set()
    while block.preset is not None and isinstance(block.preset.op, str) and block.name not in seen:
        if block.preset.op not in blocks:
            return block.preset.op if block.preset.op in OPERATORS else None
        seen.add(block.name)
        block = blocks[block.preset.op]
    return None


def not_argument(key: str, block: Block) -> str:
    """Return the message for an argument that a block does not declare."""
    what = ", which is a block here" if block.name in OPERATORS else ""
    return f"{visible(key, 60)} is not an argument of {visible(block.name)}{what}"


def lacks_arguments(block: Block, missing: list[str]) -> tuple[str, str]:
    """Return the message and the hint for a call without some of its block's arguments."""
    return f"{visible(block.name)} needs {', '.join(missing)}", f"it takes {', '.join(block.args)}"
