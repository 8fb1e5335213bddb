"""Placing what a line calls: an operator becomes nodes, a preset its operator, a block the nodes of
its lines."""

from typing import TYPE_CHECKING

from cnnspec.graph import connect
from cnnspec.graph.again import Unrolled, key_of
from cnnspec.graph.arguments import bind, evaluated, fields_of, fill_row
from cnnspec.graph.cache import Fields
from cnnspec.graph.frame import POISON, Frame, Given, Poisoned, Recipe, Value
from cnnspec.graph.infer import add_node
from cnnspec.graph.model import Call
from cnnspec.ops.kit.fields import OperatorError, describe_value
from cnnspec.ops.registry import OPERATORS
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import UNKNOWN, Scope
from cnnspec.spec.shorthand import SHORTHAND, named_part

if TYPE_CHECKING:
    from cnnspec.graph.unroll import Unroller

MAX_NESTING = 32


class Spot:
    """Where a line is placed: its name, what it reads, whether in training only, and with whom it
    shares.

    No ``values`` at all mean that nobody knows what it reads.
    """

    __slots__ = ("name", "share", "training", "values")

    def __init__(
        self, name: str, values: list[Value], training: bool, share: tuple[str, str] | None
    ):
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
            raise un.stop(
                frame,
                line.source,
                line.at("op"),
                "L010",
                f"the preset {visible(called)} calls itself",
            )
        seen.append(called)
        called, given = filled(un, frame, line, block, given, spot.name)
    if called in OPERATORS:
        return place_operator(un, frame, line, called, given, spot)
    return place_block(un, frame, line, un.spec.blocks[called], given, spot)


def target(un: "Unroller", frame: Frame, line: Line, scope: Scope) -> str:
    """The operator or block that a line calls, by name. Raises Poisoned."""
    name = line.op if type(line.op) is str else un.control(frame, line, "op", scope)
    if not isinstance(name, str) or (name not in OPERATORS and name not in un.spec.blocks):
        hint = did_you_mean(name, [*OPERATORS, *un.spec.blocks]) if isinstance(name, str) else ""
        message = f"{describe_value(name)} is neither an operator nor a block"
        raise un.stop(frame, line.source, line.at("op"), "L005", message, hint)
    return name


def filled(
    un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields, name: str
) -> tuple[str, Fields]:
    """What a preset calls, and its fields under those that the line ``name`` gives."""
    preset = block.preset
    if preset is None or block.broken:
        raise Poisoned
    known = un.known.presets.get(id(block))
    if known is None:
        own = {k: v for k, v in given.items() if k in block.args or k in block.defaults}
        scope, _ = bind(
            un, frame, line, block, own, frame.scope.get_or_unknown("in_channels"), name
        )
        inner = fields_of(un, preset, scope)
        known = target(un, frame, preset, scope), inner
        if (
            not block.args
            and not block.defaults
            and isinstance(preset.op, str)
            and not any(g.dynamic for g in inner.values())
        ):
            un.known.presets[id(block)] = known
        given = {k: v for k, v in given.items() if k not in own}
    called, inner = known
    return called, inner | given


def place_block(
    un: "Unroller", frame: Frame, line: Line, block: Block, given: Fields, spot: Spot
) -> Value:
    """Unroll a called block."""
    call: Call | None = frame.call
    while call is not None:
        if call.block == block.name and call.trail:
            raise un.stop(
                frame,
                line.source,
                line.at("op"),
                "L010",
                f"the block {visible(block.name)} calls itself",
            )
        call = call.outer
    if len(frame.call.trail) >= MAX_NESTING:
        raise un.stop(
            frame, line.source, line.at("op"), "L010", f"blocks nest at most {MAX_NESTING} deep"
        )
    if spot.values and len(spot.values) != len(block.inputs):
        at = line.at("sources" if line.sources is not None else "op")
        raise un.stop(
            frame,
            line.source,
            at,
            "L006",
            f"{visible(block.name)} reads {len(block.inputs)} input{'s' * (len(block.inputs) > 1)}"
            f" ({', '.join(block.inputs)}), but this line gives it {len(spot.values)}",
            "from names one for each, in this order",
        )
    inputs: dict[str, Value] = {}
    for i, (name, value) in enumerate(
        zip(block.inputs, spot.values or [POISON] * len(block.inputs), strict=True)
    ):
        try:
            inputs[name] = connect.node(value, i, len(frame.call.trail))
        except connect.Mismatch as fault:
            raise un.stop(
                frame, line.source, line.at("sources"), "L006", fault.message, fault.hint
            ) from None
        except Poisoned:
            inputs[name] = POISON
    first = inputs[block.inputs[0]]
    scope, inner = bind(
        un, frame, line, block, given, UNKNOWN if first is POISON else first.output[0], spot.name
    )
    key = key_of(inner, inputs, spot.training) if un.faultless() and not spot.share else None
    before = un.calls.get(key)
    if before and before.serves(un):
        return before.again(un, inner, scope, inputs)
    unrolled = Unrolled(un, inner, scope, inputs)
    ports = un.block(block, inner, scope, inputs, spot.training, spot.share)
    if key and un.faultless():
        unrolled.gave(un, ports)
        un.calls[key] = unrolled
    return ports


def place_operator(
    un: "Unroller", frame: Frame, line: Line, kind: str, given: Fields, spot: Spot
) -> Value:
    """Add the node of an operator, and those of its norm and activation."""
    extra = {key: given[key] for key in SHORTHAND if key in given}
    fields = {k: v for k, v in given.items() if k not in extra} if extra else given
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


def shorthand(
    un: "Unroller", frame: Frame, line: Line, part: str, given: Given, name: str
) -> tuple[str, Fields]:
    """The operator that `norm` or `activation` names, and its fields: from a preset, or from an
    inline table.

    ``name`` is the line's. Raises Poisoned.
    """
    value = un.value(frame, given)
    if type(value) is str and (part, value) in un.known.parts:
        return un.known.parts[part, value], {}
    fields: Fields = {}
    if isinstance(value, dict):
        fields = {
            k: Given(v, given.source, (*given.path, k), given.scope)
            for k, v in value.items()
            if k != "op"
        }
    seen: list[str] = []
    try:
        called = named_part(part, value, un.spec.blocks)
        if type(value) is str and called not in un.spec.blocks:
            un.known.parts[part, value] = called
        while called in un.spec.blocks:
            if called in seen:
                raise OperatorError("L005", f"{part}: the preset {visible(called)} calls itself")
            seen.append(called)
            called, fields = filled(un, frame, line, un.spec.blocks[called], fields, name)
            named_part(part, called, un.spec.blocks)
    except OperatorError as fault:
        raise un.stop(
            frame, given.source, given.path, fault.rule, fault.message, fault.hint
        ) from None
    return called, fields
