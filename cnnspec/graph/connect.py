"""What `from` and `outputs` name: the values that a line reads, and the nodes behind them."""

from typing import Any

from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import (
    MAX_PATH,
    MISSING,
    BlockResult,
    Frame,
    MissingValue,
    Unresolved,
    Value,
    find_value,
    follow_single_outputs,
)
from cnnspec.graph.model import Node
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import did_you_mean, visible
from cnnspec.spec.expressions import Many, Text, evaluate_value
from cnnspec.spec.model import Line
from cnnspec.spec.scope import UNKNOWN, ExpressionError, Scope, UnknownValue


class SourceError(Exception):
    """A name in `from` or `outputs` that fits nothing; ``index`` is its place in the list."""

    def __init__(self, message: str, hint: str = "", index: int | None = None):
        super().__init__(message)
        self.message, self.hint, self.index = message, hint, index


def read_sources(frame: Frame, sources: Any) -> tuple[list[Value], list[SourceError]]:
    """Look up the names of an evaluated `from`: their values, and the errors.

    None means the line before. A name that is not found has the value MISSING. The list of values
    is empty where `from` is no name and no list.
    """
    if sources is None:
        return [frame.previous], []
    names = sources if isinstance(sources, list) else [sources]
    if not names:
        return [], [SourceError("from names at least one layer")]
    values, errors = [], []
    for i, given in enumerate(names):
        name = str(given) if type(given) is int else given  # an expression may give an integer
        value: Value = MISSING
        try:
            value = find_source(frame, name, i)
        except SourceError as error:
            errors.append(error)
        except Unresolved:
            pass
        values.append(value)
    return (values if sources is names or isinstance(sources, str | int) else []), errors


def line_inputs(expansion: Expansion, frame: Frame, line: Line, scope: Scope) -> list[Value]:
    """Return the values that a line reads; none where a problem hides how many they are."""
    if line.sources is None:
        return [frame.previous]
    try:
        names = expansion.evaluate_key(frame, line, "sources", scope)
        if isinstance(names, list):
            expansion.count_steps(line, len(names))
    except Unresolved as error:
        expansion.report(error, frame.call)
        return []
    values, faults = read_sources(frame, names)
    for fault in faults:
        path = line.at("sources")
        if fault.index is not None and isinstance(names, list):
            path = (*path, fault.index)
        expansion.log.add(line.source, path, "L006", fault.message, fault.hint, frame.call)
    return values


def value_in_place(frame: Frame, line: Line, scope: Scope) -> Value | None:
    """Return what the name of a line that is left out stands for: the first value it would read.

    That is None where `from` names nothing that exists, which is no problem of such a line.
    """
    written = line.sources.items if isinstance(line.sources, Many) else line.sources
    try:
        first = evaluate_value(
            written[0] if isinstance(written, list) and written else written, scope
        )
    except ExpressionError:
        return None
    except UnknownValue:
        return MISSING
    values, errors = read_sources(frame, first[:1] if isinstance(first, list) else first)
    return None if errors or not values else values[0]


def find_source(frame: Frame, name: Any, index: int) -> Value:
    """Look up one name of `from`.

    Raises SourceError where no input and no line above has it, and Unresolved where a line above
    whose name is unknown may have it.
    """
    if not isinstance(name, str):
        raise SourceError(
            f"from takes the name of a layer, or a list of names, not {describe_value(name)}",
            index=index,
        )
    if name == "previous":
        return frame.previous
    found = find_value(frame.values, name)
    if found is not None:
        return found
    if frame.uncertain:
        raise Unresolved
    hint = source_hint(frame, name)
    raise SourceError(f"{describe_value(name)} is neither an input nor a line above", hint, index)


def source_hint(frame: Frame, name: str) -> str:
    """Return the hint for a name in `from` that no input and no line above has."""
    if name in frame.dropped:
        return "its line is left out, and what that would have read does not exist"
    lines = frame.block.layers
    if name in [line.name for line in lines if isinstance(line.name, str)]:
        return "it comes later: a line reads only lines above it"
    for line in lines:
        if isinstance(line.name, Text) and line.name.literals() == name:
            names = [visible(v, 40) for v in frame.values if line.name.could_be(v)]
            gives = f"gives {', '.join(names[-8:])}" if names else "gives no layer"
            return f'the line "{visible(str(line.name), 60)}" {gives}: name one of them'
    known = [*frame.values, *paths_inside(frame.values, name), "previous"]
    listed = ", ".join(visible(k, 40) for k in known[-8:])
    return did_you_mean(name, known, f"known here: {listed}")


def paths_inside(values: dict[str, Value], name: str) -> list[str]:
    """List the paths of the lines inside the block that a path such as ``name`` leads into."""
    for end in (i for i, c in reversed(list(enumerate(name[:MAX_PATH]))) if c == "."):
        block = find_value(values, name[:end])
        if isinstance(block, BlockResult):
            return [f"{name[:end]}.{inner}" for inner in block.values if inner != "(last)"]
    return []


def node_of(value: Value, index: int | None = None, depth: int = 0) -> Node:
    """Return the node that a value stands for.

    ``depth`` is the number of calls around the line that reads it. Raises SourceError for a block
    with no output or several, and Unresolved for a missing value.
    """
    if type(value) is Node:  # most are
        return value
    found = follow_single_outputs(value)
    if isinstance(found, MissingValue):
        raise Unresolved
    if isinstance(found, BlockResult):
        name, names = visible(".".join(found.trail[depth:])), visible(", ".join(found.outputs))
        if not found.outputs:
            raise SourceError(
                f"the block {name} has no output: when leaves out all layers that outputs names",
                index=index,
            )
        raise SourceError(
            f"the block {name} has several outputs ({names}), and from must say which",
            f'for example from = "{name}.{visible(found.outputs[0])}"',
            index,
        )
    return found


def count_channels(values: list[Value]) -> Any:
    """Return the channels of the first of a line's inputs; UNKNOWN where that has no value."""
    try:
        return node_of(values[0]).output[0] if values else UNKNOWN
    except (SourceError, Unresolved):
        return UNKNOWN


def output_names(frame: Frame) -> tuple[str, ...]:
    """The names of the outputs of a block whose lines are expanded, without those left out by when.

    Raises SourceError for a name that no line has.
    """
    if frame.block.outputs is None:
        frame.values["(last)"] = frame.previous
        return ("(last)",)
    present = []
    for i, name in enumerate(frame.block.outputs):
        if name in frame.dropped:
            continue
        if find_value(frame.values, name) is None:
            if frame.uncertain:
                frame.values[name] = MISSING
            else:
                raise SourceError(
                    f"outputs: there is no layer {describe_value(name)}",
                    source_hint(frame, name),
                    i,
                )
        present.append(name)
        frame.values.setdefault(name, find_value(frame.values, name))
    return tuple(present)
