"""Repeating: how often a line stands there, and the name of each time."""

from typing import TYPE_CHECKING, Any

from cnnspec.graph.frame import Frame, Poisoned
from cnnspec.ops.kit.fields import describe_value
from cnnspec.spec.expressions import Expression, Text
from cnnspec.spec.model import Line
from cnnspec.spec.reader import name_fault, quoted
from cnnspec.spec.scope import Scope

if TYPE_CHECKING:
    from cnnspec.graph.unroll import Unroller


def instances(un: "Unroller", frame: Frame, line: Line) -> list[tuple[Scope, Any, int | None]]:
    """How often a line stands there: for each time its scope, its row, and its number if it has to
    be told."""
    if line.each is None and line.repeat is None:
        return [(frame.scope, None, None)]
    numbered = not (isinstance(line.name, Expression | Text))
    if line.each is not None:
        rows = un.control(frame, line, "each", frame.scope)
        if not isinstance(rows, list):
            message = f"each takes a list of rows, not {describe_value(rows)}"
            raise un.stop(
                frame,
                line.source,
                line.at("each"),
                "L009",
                message,
                quoted(rows, frame.scope.names()),
            )
    else:
        n = un.control(frame, line, "repeat", frame.scope)
        if type(n) is not int or n < 0:
            raise un.stop(
                frame,
                line.source,
                line.at("repeat"),
                "L009",
                f"repeat is an integer from 0, not {describe_value(n)}",
                quoted(n, frame.scope.names()),
            )
        if n > un.max_lines:
            un.tick(frame, line, n)
        rows = [None] * n
    if not rows:
        frame.uncertain = frame.uncertain or not numbered
        raise un.stop(
            frame,
            line.source,
            line.at("each" if line.each is not None else "repeat"),
            "L009",
            "a line that is repeated 0 times gives nothing for its name",
            "when = false leaves a line out, and its name then stands for its input",
        )
    return [
        (Scope({"i": i}, frame.scope), row, i if numbered else None) for i, row in enumerate(rows)
    ]


def named(un: "Unroller", frame: Frame, line: Line, scope: Scope, number: int | None) -> str | None:
    """The name of one instance of a line; None, with the problem noted, where it is none, or
    taken."""
    try:
        name = un.control(frame, line, "name", scope)
    except Poisoned:
        return None
    text = str(name) if type(name) is int else name
    fault = "" if type(text) is str and text in un.known.proper else name_fault(text)
    if not fault:
        un.known.proper.add(text)
    found = f"{name}.{number}" if number is not None else str(name)
    if not fault and (found in frame.values or found in ("input", "previous")):
        fault = f"the name {describe_value(found)} is taken: {taken(frame, line, found)}"
    if fault:
        un.stop(
            frame,
            line.source,
            line.at("name"),
            "L004",
            fault,
            "put {i} into the name of a repeated line" if line.each or line.repeat else "",
        )
        return None
    return found


def taken(frame: Frame, line: Line, label: str) -> str:
    """Who has a name already."""
    if label in frame.inputs:
        return "an input has it"
    if label in ("input", "previous"):
        return "it stands for what the block or the line before gives"
    holder = next(
        (above for above in frame.block.layers if above is not line and str(above.name) == label),
        None,
    )
    if holder is None and label in frame.recipes:
        holder = frame.recipes[label].line
    if holder is line:
        return "the line has it from an earlier turn"
    return (
        f"line {holder.source.where(holder.path).line} has it" if holder else "a line above has it"
    )
