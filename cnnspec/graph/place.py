"""Placing what a line calls: an operator becomes nodes, a preset its operator, a block the nodes of its lines."""

from typing import TYPE_CHECKING, Any

from cnnspec.graph import connect
from cnnspec.graph.again import Unrolled, key_of
from cnnspec.graph.frame import POISON, Frame, Given, Poisoned, Recipe, Value
from cnnspec.graph.infer import add_node
from cnnspec.graph.model import Call
from cnnspec.ops.fields import Misfit, described
from cnnspec.ops.registry import OPERATORS
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.lines import lacks, not_argument
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import FAULTY, UNKNOWN, Scope
from cnnspec.spec.shorthand import SHORTHAND, named_part

if TYPE_CHECKING:
    from cnnspec.graph.unroll import Unroller

MAX_NESTING = 32
Fields = dict[str, Given]


class Spot:
    """Where a line is placed: its name, what it reads, whether in training only, and with whom it shares.

    No ``values`` at all mean that nobody knows what it reads.
    """

    __slots__ = ("name", "share", "training", "values")

    def __init__(self, name: str, values: list[Value], training: bool, share: tuple[str, str] | None):
        self.name, self.values, self.training, self.share = name, values, training, share


def place(un: "Unroller", frame: Frame, recipe: Recipe, spot: Spot) -> Value:
    """Place a line, and give its value. Raises Poisoned where it has a problem."""
    line = recipe.line
    given = fields_of(un, line, recipe.scope)
    try:
        called = target(un, frame, line, recipe.scope)
        if recipe.row is not None:
            fill_row(un, frame, recipe, called, given)
    except Poisoned:
        evaluated(un, frame, given)  # for its other faults
        raise
    if called in un.spec.blocks and un.spec.blocks[called].broken:
        evaluated(un, frame, given)
        raise Poisoned
    seen: list[str] = []
    while called not in OPERATORS and (block := un.spec.blocks[called]).preset is not None:
        if called in seen:
            raise un.stop(frame, line.source, line.at("op"), "L010", f"the preset {visible(called)} calls itself")
        seen.append(called)
        called, given = filled(un, frame, line, block, given, spot.name)
    if called in OPERATORS:
        return place_operator(un, frame, line, called, given, spot)
    return place_block(un, frame, line, un.spec.blocks[called], given, spot)


def fields_of(un: "Unroller", line: Line, scope: Scope) -> Fields:
    """The fields of a line in a scope, which only those that are expressions need."""
    known = un.fields.get(id(line))
    if known is None:
        known = {k: Given(v, line.source, line.at(k), scope) for k, v in line.fields.items()}
        un.fields[id(line)] = known
    return {k: Given(g.value, g.source, g.path, scope) if g.dynamic else g for k, g in known.items()}


def evaluated(un: "Unroller", frame: Frame, given: Fields, call: Call | None = None) -> dict[str, Any]:
    """The values of fields or arguments; UNKNOWN, with the problem noted (in ``call``), where there is none."""
    values = {}
    for key, value in given.items():
        try:
            values[key] = un.value(frame, value, call)
        except Poisoned:
            values[key] = UNKNOWN
    return values


def target(un: "Unroller", frame: Frame, line: Line, scope: Scope) -> str:
    """The operator or block that a line calls, by name. Raises Poisoned."""
    name = un.control(frame, line, "op", scope)
    if not isinstance(name, str) or (name not in OPERATORS and name not in un.spec.blocks):
        hint = did_you_mean(name, [*OPERATORS, *un.spec.blocks]) if isinstance(name, str) else ""
        message = f"{described(name)} is neither an operator nor a block"
        raise un.stop(frame, line.source, line.at("op"), "L005", message, hint)
    return name


def fill_row(un: "Unroller", frame: Frame, recipe: Recipe, called: str, given: Fields) -> None:
    """Add the cells of an `each` row: a table by name, a list or a scalar in the order of the block's arguments."""
    row, line = recipe.row, recipe.line
    if row is FAULTY:
        given["each"] = Given(row, line.source, line.at("each"), recipe.scope)  # any field may be in it
        return
    where = (*line.at("each"), recipe.scope.own["i"])
    cells = row
    if not isinstance(row, dict):
        listed = row if isinstance(row, list) else [row]
        block = un.spec.blocks.get(called)
        if block is None:
            raise un.stop(frame, line.source, line.at("each"), "L009", f"{called} is an operator, so its rows are "
                          "tables such as { out_channels = 64 }",
                          "or call a block, whose arguments a list fills in order")
        order = [*block.args, *block.defaults]
        if len(listed) > len(order):
            raise un.stop(frame, line.source, where, "L009", f"the row {described(listed)} has {len(listed)} value"
                          f"{'s' * (len(listed) > 1)}, but {visible(called)} takes {len(order)}: "
                          + (", ".join(order) or "none"))
        cells = dict(zip(order, listed, strict=False))
    for key, value in cells.items():
        if key in given:
            raise un.stop(frame, line.source, line.at(key), "L009", f"{visible(key)} is given both by the line and by "
                          f"the row, there as {described(value)}", "leave one of them out")
        cell = list(cells).index(key) if isinstance(row, list) else key
        given[key] = Given(value, line.source, (*where, cell), recipe.scope)


def filled(un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields, name: str) -> tuple[str, Fields]:
    """What a preset calls, and its fields under those that the line ``name`` gives."""
    preset = block.preset
    if preset is None or block.broken:
        raise Poisoned
    own = {k: v for k, v in given.items() if k in block.args or k in block.defaults}
    scope, _ = bind(un, frame, line, block, own, frame.scope.get_or_unknown("in_channels"), name)
    inner = fields_of(un, preset, scope)
    called = target(un, frame, preset, scope)
    return called, inner | {k: v for k, v in given.items() if k not in own}


def bind(un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields,
         channels: Any, name: str) -> tuple[Scope, Call]:
    """The scope inside the call of a line ``name``: arguments evaluated where they were written, then the defaults.

    An argument without a value is UNKNOWN, and so are those that are not given where a name is wrong.
    """
    known = [*block.args, *block.defaults]
    strange = [key for key in given if key not in known]
    for key in strange:
        value = given[key]
        if value.value is not FAULTY:
            un.stop(frame, value.source, value.path, "L008", not_argument(key, block),
                    did_you_mean(key, known, "it takes " + (", ".join(known) or "none")))
    missing = [a for a in block.args if a not in given]
    if missing and not strange:
        un.stop(frame, line.source, line.path, "L008", *lacks(block, missing))
    un.spend(frame, line, 4 * (len(given) + len(block.defaults)))  # each costs as much as a few steps
    own = dict.fromkeys(known if strange else missing, UNKNOWN) | evaluated(un, frame, given)
    call = Call((*frame.call.trail, name), block.name, {k: own[k] for k in given if own[k] is not UNKNOWN}, frame.call,
                line)
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
            scope.written[key] = default, scope
    return scope, call


def place_block(un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields, spot: Spot) -> Value:
    """Unroll a called block."""
    call: Call | None = frame.call
    while call is not None:
        if call.block == block.name and call.trail:
            raise un.stop(frame, line.source, line.at("op"), "L010", f"the block {visible(block.name)} calls itself")
        call = call.outer
    if len(frame.call.trail) >= MAX_NESTING:
        raise un.stop(frame, line.source, line.at("op"), "L010", f"blocks nest at most {MAX_NESTING} deep")
    if spot.values and len(spot.values) != len(block.inputs):
        at = line.at("sources" if line.sources is not None else "op")
        raise un.stop(frame, line.source, at, "L006", f"{visible(block.name)} reads {len(block.inputs)} "
                      f"input{'s' * (len(block.inputs) > 1)} ({', '.join(block.inputs)}), but this line gives it "
                      f"{len(spot.values)}", "from names one for each, in this order")
    inputs: dict[str, Value] = {}
    for i, (name, value) in enumerate(zip(block.inputs, spot.values or [POISON] * len(block.inputs), strict=True)):
        try:
            inputs[name] = connect.node(value, i, len(frame.call.trail))
        except connect.Mismatch as fault:
            raise un.stop(frame, line.source, line.at("sources"), "L006", fault.message, fault.hint) from None
        except Poisoned:
            inputs[name] = POISON
    first = inputs[block.inputs[0]]
    scope, inner = bind(un, frame, line, block, given, UNKNOWN if first is POISON else first.output[0], spot.name)
    key = key_of(inner, inputs, spot.training) if un.faultless() and not spot.share else None
    before = un.calls.get(key)
    if before and before.serves():
        return before.again(inner, scope, inputs)
    unrolled = Unrolled(un, inner, scope, inputs)
    ports = un.block(block, inner, scope, inputs, spot.training, spot.share)
    if key and un.faultless():
        unrolled.gave(ports)
        un.calls[key] = unrolled
    return ports


def place_operator(un: "Unroller", frame: Frame, line: Line, kind: str, given: Fields, spot: Spot) -> Value:
    """Add the node of an operator, and those of its norm and activation."""
    extra = {key: given[key] for key in SHORTHAND if key in given}
    fields = {k: v for k, v in given.items() if k not in extra}
    parts, faulty = [(kind, fields, "")], False
    for part, value in extra.items():
        try:
            parts.append((*shorthand(un, frame, line, part, value, spot.name), part))
        except Poisoned:
            faulty = True
    for called, inner, part in parts:
        if called == "none":
            continue
        try:
            made: Value = add_node(un, frame, line, called, inner, spot, part)
        except Poisoned:
            faulty, made = True, POISON
        spot = Spot(spot.name, [made], spot.training, spot.share)
    if faulty:
        raise Poisoned
    return spot.values[0]


def shorthand(un: "Unroller", frame: Frame, line: Line, part: str, given: Given, name: str) -> tuple[str, Fields]:
    """The operator that `norm` or `activation` names, and its fields: from a preset, or from an inline table.

    ``name`` is the line's. Raises Poisoned.
    """
    value = un.value(frame, given)
    fields: Fields = {}
    if isinstance(value, dict):
        fields = {k: Given(v, given.source, (*given.path, k), given.scope) for k, v in value.items() if k != "op"}
    seen: list[str] = []
    try:
        called = named_part(part, value, un.spec.blocks)
        while called in un.spec.blocks:
            if called in seen:
                raise Misfit("L005", f"{part}: the preset {visible(called)} calls itself")
            seen.append(called)
            called, fields = filled(un, frame, line, un.spec.blocks[called], fields, name)
            named_part(part, called, un.spec.blocks)
    except Misfit as fault:
        raise un.stop(frame, given.source, given.path, fault.rule, fault.message, fault.hint) from None
    return called, fields
