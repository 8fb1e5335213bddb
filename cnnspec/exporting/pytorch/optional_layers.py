"""Joins classes of a block that differ only in layers that some calls leave out.

A layer that is left out stands for what it would read first, as in the language. So the class makes
an nn.Identity in the place of a module, and a condition says when the layer is there."""

from collections.abc import Sequence
from typing import Any

from cnnspec.exporting.pytorch.operator_code import WrittenCall
from cnnspec.exporting.pytorch.recorded_torch import InputName, ModuleName
from cnnspec.exporting.pytorch.statements import ClassBody, Hole, Reference, Statement
from cnnspec.importing.folding.expressions import ABSENT

CALL = (ModuleName(), "(", InputName(0), ")")  # the module's call with one input


class JoinedBody:
    """The body with all layers, and how the values of the others fit into it."""

    def __init__(self, full: ClassBody, optional: Sequence[str]):
        """Give the layers called ``optional`` a condition."""
        self.full, self.optional = full, optional
        first = len(full.labels)
        statements = tuple(
            s.replace(present=Hole(first + optional.index(s.name))) if s.name in optional else s
            for s in full.statements
        )
        labels = [*full.labels, *(f"with_{name}" for name in optional)]
        self.body = full.replace(statements=statements, labels=labels)

    def values_of(self, other: ClassBody) -> list[Any]:
        """Return the values of a call for the holes of the joined body."""
        given = {
            s.name: values for s, values in zip(other.statements, split_values(other), strict=True)
        }
        found: list[Any] = []
        for statement in self.full.statements:
            missing = [ABSENT] * len(find_holes(statement))
            found += given.get(statement.name, missing)
        return [*found, *(name in given for name in self.optional)]


def find_left_out(full: ClassBody, other: ClassBody) -> set[str] | None:
    """Return the layers that ``other`` leaves out of ``full``; None where more is different."""
    names = [s.name for s in full.statements]
    kept = [s.name for s in other.statements]
    absent = {*names} - {*kept}
    if [name for name in names if name not in absent] != kept or len({*names}) < len(names):
        return None
    for statement in full.statements:
        if statement.name in absent and not can_be_left_out(statement):
            return None
        if statement.owner in absent and statement.owner != statement.name:
            return None

    def translate(ref: Reference) -> Reference:
        while ref.statement >= 0 and names[ref.statement] in absent:
            ref = full.statements[ref.statement].reads[0]
        place = kept.index(names[ref.statement]) if ref.statement >= 0 else -1
        return Reference(place, ref.output)

    same = full.inputs == other.inputs and tuple(map(translate, full.gives)) == other.gives
    for statement in other.statements:
        model = full.statements[names.index(statement.name)]
        model = model.replace(reads=tuple(map(translate, model.reads)))
        same = same and without_positions(model) == without_positions(statement)
    return absent if same else None


def can_be_left_out(statement: Statement) -> bool:
    """Tell whether a class can have a condition for a layer."""
    return (
        statement.outputs == 1
        and statement.name == statement.owner
        and statement.name.isidentifier()
        and not statement.training_only
        and statement.loop is None
    )


def find_holes(statement: Statement) -> list[Hole]:
    """Return the holes of a statement, in order."""
    found = [*holes_of(statement.module)] if statement.module else []
    found += [part for part in statement.parts if isinstance(part, Hole)]
    return found + ([statement.loop.count, statement.loop.inputs] if statement.loop else [])


def holes_of(call: WrittenCall) -> list[Hole]:
    """Return the holes of a call and of those among its arguments."""
    found: list[Hole] = []
    for _, value, _ in call.arguments:
        found += holes_of(value) if isinstance(value, WrittenCall) else [value]
    return found


def split_values(body: ClassBody) -> list[list[Any]]:
    """Return the values of each statement."""
    return [[body.values[hole.position] for hole in find_holes(s)] for s in body.statements]


def without_positions(statement: Statement) -> Statement:
    """Return a statement whose holes all have the position 0."""

    def clear(call: WrittenCall) -> WrittenCall:
        return call.replace(
            arguments=tuple(
                (name, clear(v) if isinstance(v, WrittenCall) else Hole(0), default)
                for name, v, default in call.arguments
            )
        )

    parts = tuple(Hole(0) if isinstance(part, Hole) else part for part in statement.parts)
    loop = statement.loop and statement.loop.replace(count=Hole(0), inputs=Hole(0))
    return statement.replace(
        module=statement.module and clear(statement.module), parts=parts, loop=loop
    )
