"""Norm and activation as keys of an operator's line: what they may name, for reading and for
unrolling alike."""

from collections.abc import Sequence
from typing import Any

from cnnspec.ops.kit.fields import OperatorError, describe_value
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import visible
from cnnspec.spec.model import Block, Line
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import Dynamic


def check_part(
    reader: SpecReader,
    line: Line,
    part: str,
    value: Any,
    blocks: dict[str, Block],
    names: Sequence[str],
) -> bool:
    """Whether a plain norm or activation is one, and its fields fit; problems where they do not."""
    if isinstance(value, Dynamic):
        return True
    path, before = line.at(part), len(reader.problems)
    try:
        name = named_part(part, value, blocks)
    except OperatorError as misfit:
        reader.report(line.source, path, misfit.rule, misfit.message, misfit.hint)
        return False
    if isinstance(value, dict) and name in OPERATORS:
        fields = {key: v for key, v in value.items() if key != "op"}
        reader.report_field_errors(line.source, path, name, fields, names, partial=True)
    return len(reader.problems) == before


def named_part(part: str, value: Any, blocks: dict[str, Block]) -> str:
    """The operator, preset or "none" that ``norm`` or ``activation`` names, alone or in a table
    with its fields.

    Raises OperatorError (L002, L005) where it is none that can stand there.
    """
    if isinstance(value, dict) and "op" not in value:
        raise OperatorError("L002", f"{part}, as a table, needs op", part_hint(None, part))
    name = value["op"] if isinstance(value, dict) else value
    if name == "none":
        return "none"
    if not isinstance(name, str) or (name not in OPERATORS and name not in blocks):
        raise OperatorError(
            "L005", f"{part}: {describe_value(name)} is no operator", part_hint(name, part)
        )
    if name in blocks and blocks[name].preset is None:
        raise OperatorError("L005", f"{part}: {visible(name)} is a block, not an operator")
    if name in OPERATORS and load_operator(name).role != part:
        raise OperatorError("L005", f"{part}: {name} is no {part}", part_hint(name, part))
    return name


def part_hint(value: Any, part: str) -> str:
    """The hint for a norm or an activation that is none."""
    from cnnspec.spec.vocabulary import operator_hint  # on the error path only

    known = [n for n in OPERATORS if load_operator(n).role == part]
    listed = f'"none" is nothing; there are {", ".join(known)}'
    return operator_hint(value, known, listed) if isinstance(value, str) else listed
