"""From the fields of a line to an operator: what it calls, through presets, and its values."""

from typing import Any

from cnnspec.graph.arguments import bind_arguments, line_fields
from cnnspec.graph.cache import Fields
from cnnspec.graph.connect import count_channels
from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import Frame, LineError, Placement, Unresolved, WrittenValue
from cnnspec.ops.kit.fields import OperatorError, describe_value, field_errors
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import OPERATORS, find_installed, load_operator
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.calls import named_part
from cnnspec.spec.model import Block, Line
from cnnspec.spec.reader import CONTROL, SHORTHAND, quoted
from cnnspec.spec.scope import FAULTY, UNKNOWN, Scope


def called_name(expansion: Expansion, frame: Frame, line: Line, scope: Scope) -> str:
    """Return the name of the operator or block that a line calls. Raises LineError, Unresolved."""
    blocks = expansion.spec.blocks
    name = line.op if type(line.op) is str else expansion.evaluate_key(frame, line, "op", scope)
    if not isinstance(name, str) or not (
        name in OPERATORS or name in blocks or find_installed(name)
    ):
        hint = did_you_mean(name, [*OPERATORS, *blocks]) if isinstance(name, str) else ""
        message = f"{describe_value(name)} is neither an operator nor a block"
        raise LineError(line.source, line.at("op"), "L005", message, hint)
    return name


def follow_presets(
    expansion: Expansion, frame: Frame, line: Line, called: str, fields: Fields, at: Placement
) -> tuple[str, Fields]:
    """Replace presets by what they call: the operator or block, and its fields.

    Raises LineError or Unresolved.
    """
    seen: list[str] = []
    while called in expansion.spec.blocks and expansion.spec.blocks[called].preset is not None:
        if called in seen:
            message = f"the preset {visible(called)} calls itself"
            raise LineError(line.source, line.at("op"), "L010", message)
        seen.append(called)
        block = expansion.spec.blocks[called]
        called, fields = fill_preset(expansion, frame, line, block, fields, at)
    return called, fields


def fill_preset(
    expansion: Expansion, frame: Frame, line: Line, block: Block, given: Fields, at: Placement
) -> tuple[str, Fields]:
    """Return what a preset calls, and its fields overridden by those that the line gives.

    Inside the preset, `in_channels` are the channels of the first input in ``at``.
    """
    preset = block.preset
    if preset is None or block.broken:
        raise Unresolved
    cached = expansion.cache.presets.get(id(block))
    if cached is None:
        own = {k: v for k, v in given.items() if k in block.args or k in block.defaults}
        channels = count_channels(at.values)
        scope, _ = bind_arguments(expansion, frame, line, block, own, channels, at.name)
        inner = line_fields(expansion, preset, scope)
        cached = called_name(expansion, frame, preset, scope), inner
        if (
            not block.args
            and not block.defaults
            and isinstance(preset.op, str)
            and not any(written.dynamic for written in inner.values())
        ):
            expansion.cache.presets[id(block)] = cached
        given = {k: v for k, v in given.items() if k not in own}
    called, inner = cached
    return called, inner | given


def part_operator(
    expansion: Expansion, frame: Frame, line: Line, part: str, written: WrittenValue, at: Placement
) -> tuple[str, Fields]:
    """Return the operator that `norm` or `activation` names, and its fields.

    They come from a preset or from an inline table. In both, `in_channels` are the channels of what
    the norm or activation reads, which is in ``at``. Raises LineError, Unresolved.
    """
    blocks = expansion.spec.blocks
    if written.dynamic:
        scope = Scope({"in_channels": count_channels(at.values)}, written.scope)
        written = WrittenValue(written.value, written.source, written.path, scope)
    value = expansion.evaluate(written, frame.call)
    known = expansion.cache.parts
    if type(value) is str and (part, value) in known:
        return known[part, value], {}
    fields: Fields = {}
    if isinstance(value, dict):
        fields = {
            k: WrittenValue(v, written.source, (*written.path, k), written.scope)
            for k, v in value.items()
            if k != "op"
        }
    seen: list[str] = []
    try:
        called = named_part(part, value, blocks)
        if type(value) is str and called not in blocks:
            known[part, value] = called
        while called in blocks:
            if called in seen:
                raise OperatorError("L005", f"{part}: the preset {visible(called)} calls itself")
            seen.append(called)
            called, fields = fill_preset(expansion, frame, line, blocks[called], fields, at)
            named_part(part, called, blocks)
    except OperatorError as error:
        raise LineError(
            written.source, written.path, error.rule, error.message, error.hint
        ) from None
    return called, fields


def read_operator(
    expansion: Expansion, frame: Frame, line: Line, kind: str, given: Fields
) -> Operator:
    """Evaluate the fields of an operator and make it.

    Raises LineError, or Unresolved once all faults of the fields are reported.
    Equal values give the same object, because networks repeat themselves.
    """
    values, complete = {}, True
    for name, written in given.items():
        try:
            if written.dynamic:
                values[name] = expansion.evaluate(written, frame.call)
            else:
                values[name] = written.value
        except Unresolved as error:
            expansion.report(error, frame.call)
            complete = False
    known = expansion.cache.operators
    key = (kind, *values, *values.values(), *map(type, values.values()))
    try:
        if complete and key in known:
            return known[key]
    except TypeError:  # a list cannot be looked up
        key = ()
    if not complete or not values.keys() <= load_operator(kind).fields.keys():
        report_fields(expansion, frame, line, kind, given, values)
        raise Unresolved
    try:
        op = load_operator(kind)(**values)
    except OperatorError as error:
        if report_fields(expansion, frame, line, kind, given, values):
            raise Unresolved from None
        source, path = line.source, line.path  # each field is right, but not all together
        if error.field in given:
            source, path = given[error.field].source, given[error.field].path
        message = f"{kind}: {error.message}"
        raise LineError(source, path, error.rule, message, error.hint) from None
    if key and not op.undoes:
        known[key] = op
    return op


def report_fields(
    expansion: Expansion,
    frame: Frame,
    line: Line,
    kind: str,
    given: Fields,
    values: dict[str, Any],
) -> bool:
    """Report all faults of the fields of an operator; whether there are any.

    ``values`` are those that could be evaluated.
    """
    from cnnspec.spec.hints import field_hint, field_meant  # only where something is wrong

    fields = load_operator(kind).fields
    known = [*fields, *SHORTHAND, *CONTROL]
    unknown_row = any(k not in fields and w.value is FAULTY for k, w in given.items())
    errors = field_errors(
        fields,
        values,
        fields if unknown_row else given,  # an unknown row may hold the missing ones
        lambda name: field_meant(name, known),
    )
    # an unknown field without a value is reported for that already
    errors = [e for e in errors if e.rule != "L001" or e.field in values]
    for error in errors:
        written = given.get(error.field)
        source, path, hint = line.source, (*line.path, error.field), error.hint
        if written is not None:
            source, path = written.source, written.path
            if error.rule == "L001":
                hint = field_hint(error.field, known, "known here: " + ", ".join(fields))
            else:
                hint = expression_hint(written, values[error.field], error)
        expansion.log.add(source, path, error.rule, f"{kind}: {error.message}", hint, frame.call)
    return bool(errors)


def expression_hint(written: WrittenValue, value: Any, error: OperatorError) -> str:
    """Return the hint for a wrong value: for an expression, the names in it and their values."""
    names = dict.fromkeys(getattr(written.value, "names", ()))
    scope = written.scope
    found = {name: scope.get_or_unknown(name) for name in names}
    values = [f"{n} = {visible(v, 40)}" for n, v in found.items() if v is not UNKNOWN]
    hints = [error.hint or quoted(value, scope.names())]
    if values:
        hints.append("here " + ", ".join(values))
    if names and "(a float)" in error.message:
        hints.append("ceil, floor, round and round_channels give integers")
    return "; ".join(filter(None, hints))
