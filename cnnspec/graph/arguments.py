"""What a line is expanded with: its fields, and the inputs and arguments of calls."""

from typing import Any

from cnnspec.graph.cache import Fields
from cnnspec.graph.connect import SourceError, node_of
from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import (
    MISSING,
    Frame,
    LineError,
    LineInstance,
    Unresolved,
    Value,
    WrittenValue,
)
from cnnspec.graph.model import Call
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.calls import lacks_arguments, not_argument
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import FAULTY, UNKNOWN, Scope


def line_fields(expansion: Expansion, line: Line, scope: Scope) -> Fields:
    """Return the fields of a line, with expressions to be evaluated in ``scope``."""
    cached = expansion.cache.fields.get(id(line))
    if cached is None:
        every = {k: WrittenValue(v, line.source, line.at(k), scope) for k, v in line.fields.items()}
        dynamic = [(k, written) for k, written in every.items() if written.dynamic]
        cached = expansion.cache.fields[id(line)] = every, dynamic
    fields = cached[0].copy()
    for k, written in cached[1]:
        fields[k] = WrittenValue(written.value, written.source, written.path, scope)
    return fields


def add_row_cells(
    expansion: Expansion, instance: LineInstance, called: str, fields: Fields
) -> None:
    """Add the cells of a row of `each` to ``fields``. Raises LineError.

    A row is a table, or a list of values (one value alone) in the order of the block's arguments.
    """
    row, line = instance.row, instance.line
    if row is FAULTY:  # any field may be in it
        fields["each"] = WrittenValue(row, line.source, line.at("each"), instance.scope)
        return
    path = (*line.at("each"), instance.scope.own["i"])
    cells = row
    if not isinstance(row, dict):
        listed = row if isinstance(row, list) else [row]
        block = expansion.spec.blocks.get(called)
        if block is None:
            message = (
                f"{called} is an operator, so its rows are tables such as {{ out_channels = 64 }}"
            )
            hint = "or call a block: a list fills its arguments in order"
            raise LineError(line.source, line.at("each"), "L009", message, hint)
        order = [*block.args, *block.defaults]
        if len(listed) > len(order):
            plural = "s" * (len(listed) > 1)
            raise LineError(
                line.source,
                path,
                "L009",
                f"the row {describe_value(listed)} has {len(listed)} value{plural}, "
                f"but {visible(called)} takes {len(order)}: {', '.join(order) or 'none'}",
            )
        cells = dict(zip(order, listed, strict=False))
    for i, (key, value) in enumerate(cells.items()):
        if key in fields:
            raise LineError(
                line.source,
                line.at(key),
                "L009",
                f"the line gives {visible(key)}, and so does the row, as {describe_value(value)}",
                "leave one of them out",
            )
        cell = i if isinstance(row, list) else key
        fields[key] = WrittenValue(value, line.source, (*path, cell), instance.scope)


def call_inputs(frame: Frame, line: Line, block: Block, values: list[Value]) -> dict[str, Value]:
    """Return the inputs of a call by name: a node, or MISSING. Raises LineError."""
    names = block.inputs
    if values and len(values) != len(names):
        raise LineError(
            line.source,
            line.at("sources" if line.sources is not None else "op"),
            "L006",
            f"{visible(block.name)} reads {len(names)} input{'s' * (len(names) > 1)}"
            f" ({', '.join(names)}), but this line gives it {len(values)}",
            "from names one layer for each input, in this order",
        )
    inputs: dict[str, Value] = dict.fromkeys(names, MISSING)
    for i, (name, value) in enumerate(zip(names, values, strict=False)):
        try:
            inputs[name] = node_of(value, i, len(frame.call.trail))
        except SourceError as error:
            path = line.at("sources")
            raise LineError(line.source, path, "L006", error.message, error.hint) from None
        except Unresolved:
            pass
    return inputs


def bind_arguments(
    expansion: Expansion,
    frame: Frame,
    line: Line,
    block: Block,
    given: Fields,
    channels: Any,
    name: str,
) -> tuple[Scope, Call]:
    """Return the scope inside a call of a block, and the call. Raises LineError.

    Arguments are evaluated where they are written, then the defaults inside the block. An argument
    without a value is UNKNOWN, and so are all missing ones where an unknown name is given.
    ``channels`` are those of the first input, ``name`` is the calling line's.
    """
    known = [*block.args, *block.defaults]
    unknown = [key for key in given if key not in block.args and key not in block.defaults]
    for key in unknown:
        written = given[key]
        if written.value is not FAULTY:
            message = not_argument(key, block)
            hint = did_you_mean(key, known, "it takes " + (", ".join(known) or "none"))
            expansion.log.add(written.source, written.path, "L008", message, hint, frame.call)
    missing = [a for a in block.args if a not in given]
    if missing and not unknown:
        expansion.log.add(
            line.source, line.path, "L008", *lacks_arguments(block, missing), frame.call
        )
    # each argument costs as much as a few steps of an expression
    expansion.count_steps(line, 4 * (len(given) + len(block.defaults)))
    own = dict.fromkeys(known if unknown else missing, UNKNOWN)
    own |= expansion.evaluate_all(given, frame.call)
    trail = (*frame.call.trail, name)
    arguments = {k: own[k] for k in given if own[k] is not UNKNOWN}
    call = Call(trail, block.name, arguments, frame.call, line)
    own["in_channels"] = channels
    scope = Scope(own, expansion.scope if block.own else None, expansion.work)
    scope.below = block.defaults
    if not block.own:
        scope.declare = 'args = [..., "{}"] in the block'
    scope.written = {key: (written.value, written.scope) for key, written in given.items()}
    for key, default in block.defaults.items():
        if key not in own:
            path = (*block.path, "defaults", key)
            written = WrittenValue(default, block.source, path, scope)
            own |= expansion.evaluate_all({key: written}, call)
            scope.written[key] = default, None
    return scope, call
