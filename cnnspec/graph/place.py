"""Placing what a line calls: an operator becomes nodes, a preset its operator, a block the nodes of its lines."""

from typing import TYPE_CHECKING, Any

from cnnspec.graph import connect
from cnnspec.graph.frame import POISON, Frame, Given, Poisoned, Recipe, Value
from cnnspec.graph.infer import add_node
from cnnspec.graph.model import Call
from cnnspec.ops.fields import described
from cnnspec.ops.registry import OPERATORS, operator
from cnnspec.problems import did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.lines import SHORTHAND
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import UNKNOWN, Scope, declared_below

if TYPE_CHECKING:
    from cnnspec.graph.unroll import Unroller

MAX_NESTING = 32
Fields = dict[str, Given]


class Spot(Record):
    """Where a line is placed: its name, what it reads, whether in training only, and with whom it shares."""

    name: str
    values: list[Value]
    training: bool
    share: tuple[str, str] | None


def place(un: "Unroller", frame: Frame, recipe: Recipe, spot: Spot) -> Value:
    """Place a line, and give its value. Raises Poisoned where it has a problem."""
    line = recipe.line
    given = {k: Given(v, line.source, line.at(k), recipe.scope) for k, v in line.fields.items()}
    called = target(un, frame, Given(line.op, line.source, line.at("op"), recipe.scope))
    fill_row(un, frame, recipe, called, given)
    seen: list[str] = []
    while called not in OPERATORS and (block := un.spec.blocks[called]).preset is not None:
        if called in seen:
            raise un.stop(frame, line.source, line.at("op"), "L010", f"the preset {visible(called)} calls itself")
        seen.append(called)
        called, given = filled(un, frame, line, block, given)
    if called in OPERATORS:
        return place_operator(un, frame, line, called, given, spot)
    return place_block(un, frame, line, un.spec.blocks[called], given, spot)


def target(un: "Unroller", frame: Frame, given: Given) -> str:
    """The operator or block that a line calls, by name. Raises Poisoned."""
    name = un.value(frame, given)
    if not isinstance(name, str) or (name not in OPERATORS and name not in un.spec.blocks):
        hint = did_you_mean(name, [*OPERATORS, *un.spec.blocks]) if isinstance(name, str) else ""
        message = f"{described(name)} is neither an operator nor a block"
        raise un.stop(frame, given.source, given.path, "L005", message, hint)
    return name


def fill_row(un: "Unroller", frame: Frame, recipe: Recipe, called: str, given: Fields) -> None:
    """Add the cells of an `each` row: a table by name, a list or a scalar in the order of the block's arguments."""
    row, line = recipe.row, recipe.line
    if row is None:
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


def filled(un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields) -> tuple[str, Fields]:
    """What a preset calls, and its fields under those that the line gives."""
    preset = block.preset
    if preset is None or preset.broken:
        raise Poisoned
    own = {k: v for k, v in given.items() if k in block.args or k in block.defaults}
    scope, _ = bind(un, frame, line, block, own, frame.scope.get_or_unknown("in_channels"))
    inner = {k: Given(v, preset.source, preset.at(k), scope) for k, v in preset.fields.items()}
    called = target(un, frame, Given(preset.op, preset.source, preset.at("op"), scope))
    return called, inner | {k: v for k, v in given.items() if k not in own}


def bind(un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields,
         channels: Any) -> tuple[Scope, dict[str, Any]]:
    """The scope inside a call, and its arguments: evaluated where they were written, then the defaults."""
    for key, value in given.items():
        if key not in block.args and key not in block.defaults:
            known = [*block.args, *block.defaults]
            message = f"{visible(key, 60)} is not an argument of {block.name}"
            raise un.stop(frame, value.source, value.path, "L008", message,
                          did_you_mean(key, known, "it takes " + (", ".join(known) or "none")))
    missing = [a for a in block.args if a not in given]
    if missing:
        raise un.stop(frame, line.source, line.path, "L008", f"{visible(block.name)} needs {', '.join(missing)}",
                      f"it takes {', '.join(block.args)}")
    un.spend(frame, line, 4 * (len(given) + len(block.defaults)))  # each costs as much as a few steps
    arguments = {key: un.value(frame, value) for key, value in given.items()}
    own = {**arguments, "in_channels": channels}
    scope = Scope(own, un.scope if block.own else None, un.scope.work)
    scope.hints = declared_below(block.defaults)
    scope.written = {key: (value.value, value.scope) for key, value in given.items()}
    for key, default in block.defaults.items():
        if key not in own:
            own[key] = un.value(frame, Given(default, block.source, (*block.path, "defaults", key), scope))
            scope.written[key] = default, scope
    return scope, arguments


def place_block(un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields, spot: Spot) -> Value:
    """Unroll a called block."""
    call: Call | None = frame.call
    while call is not None:
        if call.block == block.name and call.trail:
            raise un.stop(frame, line.source, line.at("op"), "L010", f"the block {visible(block.name)} calls itself")
        call = call.outer
    if len(frame.call.trail) >= MAX_NESTING:
        raise un.stop(frame, line.source, line.at("op"), "L010", f"blocks nest at most {MAX_NESTING} deep")
    if len(spot.values) != len(block.inputs):
        at = line.at("sources" if line.sources is not None else "op")
        raise un.stop(frame, line.source, at, "L006", f"{visible(block.name)} reads {len(block.inputs)} "
                      f"input{'s' * (len(block.inputs) > 1)} ({', '.join(block.inputs)}), but this line gives it "
                      f"{len(spot.values)}", "from names one for each, in this order")
    inputs: dict[str, Value] = {}
    for i, (name, value) in enumerate(zip(block.inputs, spot.values, strict=True)):
        try:
            inputs[name] = connect.node(value, i, len(frame.call.trail))
        except connect.Mismatch as fault:
            raise un.stop(frame, line.source, line.at("sources"), "L006", fault.message, fault.hint) from None
        except Poisoned:
            inputs[name] = POISON
    first = inputs[block.inputs[0]]
    scope, arguments = bind(un, frame, line, block, given, UNKNOWN if first is POISON else first.output[0])
    inner = Call((*frame.call.trail, spot.name), block.name, arguments, frame.call, line)
    return un.block(block, inner, scope, inputs, spot.training, spot.share)


def place_operator(un: "Unroller", frame: Frame, line: Line, kind: str, given: Fields, spot: Spot) -> Value:
    """Add the node of an operator, and those of its norm and activation."""
    extra = {key: given[key] for key in SHORTHAND if key in given}
    fields = {k: v for k, v in given.items() if k not in extra}
    parts, faulty = [(kind, fields, "")], False
    for part, value in extra.items():
        try:
            parts.append((*shorthand(un, frame, line, part, value), part))
        except Poisoned:
            faulty = True
    for called, inner, part in parts:
        if called == "none":
            continue
        try:
            spot = spot.replace(values=[add_node(un, frame, line, called, inner, spot, part)])
        except Poisoned:
            faulty, spot = True, spot.replace(values=[POISON])
    if faulty:
        raise Poisoned
    return spot.values[0]


def shorthand(un: "Unroller", frame: Frame, line: Line, part: str, given: Given) -> tuple[str, Fields]:
    """The operator that `norm` or `activation` names, and its fields: from a preset, or from an inline table."""
    value = un.value(frame, given)
    fields: Fields = {}
    if isinstance(value, dict):
        fields = {k: given.replace(value=v, path=(*given.path, k)) for k, v in value.items() if k != "op"}
        if "op" not in value:
            raise un.stop(frame, given.source, given.path, "L002", f"{part}, as a table, needs op", nearest(None, part))
        value = value["op"]
    if value == "none":
        return "none", {}
    if not isinstance(value, str) or (value not in OPERATORS and value not in un.spec.blocks):
        raise un.stop(frame, given.source, given.path, "L005", f"{part}: {described(value)} is no operator",
                      nearest(value, part))
    seen: list[str] = []
    while value not in OPERATORS:
        block = un.spec.blocks[value]
        if block.preset is None or value in seen:
            message = f"{part}: {visible(value)} is a block, not an operator"
            raise un.stop(frame, given.source, given.path, "L005", message)
        seen.append(value)
        value, fields = filled(un, frame, line, block, fields)
    if operator(value).role != part:
        raise un.stop(frame, given.source, given.path, "L005", f"{part}: {value} is no {part}", nearest(value, part))
    return value, fields


def nearest(value: Any, part: str) -> str:
    """The hint for a norm or an activation that is none."""
    from cnnspec.spec.vocabulary import operator_hint  # on the error path only

    known = [n for n in OPERATORS if operator(n).role == part]
    listed = f'"none" is nothing; there are {", ".join(known)}'
    return operator_hint(value, known, listed) if isinstance(value, str) else listed
