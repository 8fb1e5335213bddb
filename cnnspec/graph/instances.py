"""The instances of a line: those of repeat and each, their names, and lines that are left out."""

from typing import Any

from cnnspec.graph.connect import value_in_place
from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import MISSING, Frame, LineError
from cnnspec.ops.kit.fields import describe_value
from cnnspec.spec.expressions import Expression, Text
from cnnspec.spec.model import Line
from cnnspec.spec.reader import name_fault, quoted
from cnnspec.spec.scope import Scope


def line_instances(
    expansion: Expansion, frame: Frame, line: Line
) -> list[tuple[Scope, Any, int | None]]:
    """List the instances of a line: scope, row of `each`, and the number that its name needs.

    There are none where it is repeated 0 times. Raises LineError or Unresolved.
    """
    if line.each is None and line.repeat is None:
        return [(frame.scope, None, None)]
    numbered = not isinstance(line.name, Expression | Text)
    key = "repeat" if line.each is None else "each"
    value = expansion.evaluate_key(frame, line, key, frame.scope)
    hint = quoted(value, frame.scope.names())
    if key == "each":
        if not isinstance(value, list):
            message = f"each takes a list of rows, not {describe_value(value)}"
            raise LineError(line.source, line.at(key), "L009", message, hint)
        rows = value
    else:
        if type(value) is not int or value < 0:
            message = f"repeat takes an integer from 0, not {describe_value(value)}"
            raise LineError(line.source, line.at(key), "L009", message, hint)
        if value > expansion.work.max_lines:
            expansion.count_lines(frame, line, value)
        rows = [None] * value
    return [
        (Scope({"i": i}, frame.scope), row, i if numbered else None) for i, row in enumerate(rows)
    ]


def instance_name(
    expansion: Expansion, frame: Frame, line: Line, scope: Scope, number: int | None
) -> str:
    """Return the name of one instance of a line.

    Raises Unresolved where it has no value, and LineError where it is not a name or is in use.
    """
    name = expansion.evaluate_key(frame, line, "name", scope)
    text = str(name) if type(name) is int else name
    known = expansion.cache.good_names
    fault = "" if type(text) is str and text in known else name_fault(text)
    if not fault:
        known.add(text)
    full = f"{name}.{number}" if number is not None else str(name)
    taken = full in frame.values or full in frame.dropped or full in ("input", "previous")
    if not fault and taken:
        fault = f"the name {describe_value(full)} is in use: {describe_holder(frame, line, full)}"
    if fault:
        hint = "put {i} into the name of a repeated line" if line.each or line.repeat else ""
        raise LineError(line.source, line.at("name"), "L004", fault, hint)
    return full


def describe_holder(frame: Frame, line: Line, name: str) -> str:
    """Say what has a name already."""
    if name in frame.inputs:
        return "an input has it"
    if name in ("input", "previous"):
        return "it means what the block or the line before gives"
    others = [
        above for above in frame.block.layers if above is not line and str(above.name) == name
    ]
    holder = others[0] if others else None
    if holder is None and name in frame.instances:
        holder = frame.instances[name].line
    if holder is line:
        return "an earlier instance of the line has it"
    if holder is None:
        return "a line above has it"
    return f"line {holder.source.where(holder.path).line} has it"


def leave_out(frame: Frame, line: Line, name: str, scope: Scope) -> None:
    """Let the name of a line that is left out stand for what the line would have read."""
    frame.dropped.add(name)
    value = value_in_place(frame, line, scope)
    if value is not None:
        frame.values[name] = value


def leave_out_repeated(expansion: Expansion, frame: Frame, line: Line) -> None:
    """Leave out a line that is repeated 0 times. A name with an expression names nothing then.

    Raises LineError where the name is not a name or is in use.
    """
    if not isinstance(line.name, Expression | Text):
        scope = Scope({"i": 0}, frame.scope)
        leave_out(frame, line, instance_name(expansion, frame, line, scope, None), scope)


def set_missing(frame: Frame, line: Line, name: str | None) -> None:
    """Give a line that has a problem the value MISSING."""
    name = name or (line.name if isinstance(line.name, str) else None)
    if name is None:
        frame.uncertain = True
    else:
        frame.values[name] = MISSING
    if not line.training_only:
        frame.previous = MISSING
