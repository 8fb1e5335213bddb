"""What a call is given: the fields of its line and row, evaluated, and the scope inside the block
that takes them."""

from typing import TYPE_CHECKING, Any

from cnnspec.graph.cache import Fields
from cnnspec.graph.frame import Frame, Given, Poisoned, Recipe
from cnnspec.graph.model import Call
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.lines import lacks, not_argument
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import FAULTY, UNKNOWN, Scope

if TYPE_CHECKING:
    from cnnspec.graph.unroll import Unroller


def fields_of(un: "Unroller", line: Line, scope: Scope) -> Fields:
    """The fields of a line in a scope, which only those that are expressions need."""
    known = un.known.fields.get(id(line))
    if known is None:
        every = {k: Given(v, line.source, line.at(k), scope) for k, v in line.fields.items()}
        known = un.known.fields[id(line)] = every, [(k, g) for k, g in every.items() if g.dynamic]
    fields = known[0].copy()
    for k, g in known[1]:
        fields[k] = Given(g.value, g.source, g.path, scope)
    return fields


def evaluated(
    un: "Unroller", frame: Frame, given: Fields, call: Call | None = None
) -> dict[str, Any]:
    """The values of fields or arguments; UNKNOWN, with the problem noted (in ``call``), where there
    is none."""
    values = {}
    for key, value in given.items():
        try:
            values[key] = un.value(frame, value, call) if value.dynamic else value.value
        except Poisoned:
            values[key] = UNKNOWN
    return values


def fill_row(un: "Unroller", frame: Frame, recipe: Recipe, called: str, given: Fields) -> None:
    """Add the cells of an `each` row: a table by name, a list or a scalar in the order of the
    block's arguments."""
    row, line = recipe.row, recipe.line
    if row is FAULTY:
        given["each"] = Given(
            row, line.source, line.at("each"), recipe.scope
        )  # any field may be in it
        return
    where = (*line.at("each"), recipe.scope.own["i"])
    cells = row
    if not isinstance(row, dict):
        listed = row if isinstance(row, list) else [row]
        block = un.spec.blocks.get(called)
        if block is None:
            raise un.stop(
                frame,
                line.source,
                line.at("each"),
                "L009",
                f"{called} is an operator, so its rows are tables such as {{ out_channels = 64 }}",
                "or call a block, whose arguments a list fills in order",
            )
        order = [*block.args, *block.defaults]
        if len(listed) > len(order):
            raise un.stop(
                frame,
                line.source,
                where,
                "L009",
                f"the row {describe_value(listed)} has {len(listed)} value"
                f"{'s' * (len(listed) > 1)}, but {visible(called)} takes {len(order)}: "
                + (", ".join(order) or "none"),
            )
        cells = dict(zip(order, listed, strict=False))
    for key, value in cells.items():
        if key in given:
            raise un.stop(
                frame,
                line.source,
                line.at(key),
                "L009",
                f"{visible(key)} is given both by the line and by "
                f"the row, there as {describe_value(value)}",
                "leave one of them out",
            )
        cell = list(cells).index(key) if isinstance(row, list) else key
        given[key] = Given(value, line.source, (*where, cell), recipe.scope)


def bind(
    un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields, channels: Any, name: str
) -> tuple[Scope, Call]:
    """The scope inside the call of a line ``name``: arguments evaluated where they were written,
    then the defaults.

    An argument without a value is UNKNOWN, and so are those that are not given where a name is
    wrong."""
    known = [*block.args, *block.defaults]
    strange = [key for key in given if key not in block.args and key not in block.defaults]
    for key in strange:
        value = given[key]
        if value.value is not FAULTY:
            un.stop(
                frame,
                value.source,
                value.path,
                "L008",
                not_argument(key, block),
                did_you_mean(key, known, "it takes " + (", ".join(known) or "none")),
            )
    missing = [a for a in block.args if a not in given]
    if missing and not strange:
        un.stop(frame, line.source, line.path, "L008", *lacks(block, missing))
    un.spend(
        frame, line, 4 * (len(given) + len(block.defaults))
    )  # each costs as much as a few steps
    own = dict.fromkeys(known if strange else missing, UNKNOWN) | evaluated(un, frame, given)
    call = Call(
        (*frame.call.trail, name),
        block.name,
        {k: own[k] for k in given if own[k] is not UNKNOWN},
        frame.call,
        line,
    )
    own["in_channels"] = channels
    scope = Scope(own, un.scope if block.own else None, un.scope.work)
    scope.below = block.defaults
    if not block.own:
        scope.declare = 'args = [..., "{}"] in the block'
    scope.written = {key: (value.value, value.scope) for key, value in given.items()}
    for key, default in block.defaults.items():
        if key not in own:
            value = Given(default, block.source, (*block.path, "defaults", key), scope)
            own |= evaluated(un, frame, {key: value}, call)
            scope.written[key] = default, None
    return scope, call
