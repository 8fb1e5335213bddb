"""Expands blocks: each line of each called block becomes nodes, in file order.

File order is execution order. Blocks are expanded inside the blocks that call them."""

from typing import Any

from cnnspec.graph.arguments import (
    add_row_cells,
    bind_arguments,
    call_inputs,
    line_fields,
)
from cnnspec.graph.cache import CachedCall, Fields, call_key
from cnnspec.graph.connect import SourceError, count_channels, line_inputs, output_names
from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import (
    MISSING,
    BlockResult,
    Frame,
    LineError,
    LineInstance,
    Placement,
    Unresolved,
    Value,
)
from cnnspec.graph.infer import add_nodes
from cnnspec.graph.instances import (
    instance_name,
    leave_out,
    leave_out_repeated,
    line_instances,
    set_missing,
)
from cnnspec.graph.model import Call
from cnnspec.graph.operators import called_name, follow_presets
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import visible
from cnnspec.spec.lines import not_boolean
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import FAULTY, UNKNOWN, Scope

MAX_NESTING = 32
END_OF_CALLS = 'a when ends it: pass n = "{n - 1}" on, and write when = "{n > 1}"'


def expand_block(expansion: Expansion, frame: Frame) -> BlockResult:
    """Expand the lines of one call of a block. Raises Unresolved where its outputs do not exist."""
    for line in frame.block.layers:
        expand_line(expansion, frame, line)
    try:
        return BlockResult(frame.values, output_names(frame), frame.call.trail)
    except SourceError as error:
        block = frame.block
        path = (*block.path, "outputs", error.index or 0)
        fault = LineError(block.source, path, "L006", error.message, error.hint)
        expansion.report(fault, frame.call)  # the caller's frame is another
        raise Unresolved from None


def expand_line(expansion: Expansion, frame: Frame, line: Line) -> None:
    """Expand one line, with all its instances. One that has a problem gets the value MISSING."""
    try:
        instances, counted = line_instances(expansion, frame, line), True
    except Unresolved as error:  # expand it once, to find its other problems
        expansion.report(error, frame.call)
        row = None if line.each is None else FAULTY
        instances, counted = [(Scope({"i": UNKNOWN}, frame.scope), row, None)], False
    name = None
    if not instances:
        leave_out_repeated(expansion, frame, line)
    for scope, row, number in instances:
        expansion.count_lines(frame, line)
        try:
            name = instance_name(expansion, frame, line, scope, number)
        except Unresolved as error:
            expansion.report(error, frame.call)
            name = None
        instance = LineInstance(line, scope, row, name or str(line.name))
        try:
            value = expand_instance(expansion, frame, instance)
            if name is None or line.broken or not counted:
                raise Unresolved
        except Unresolved as error:
            expansion.report(error, frame.call)
            set_missing(frame, line, name if counted else None)
            frame.uncertain = frame.uncertain or name is None
            continue
        if value is None:
            leave_out(frame, line, name, scope)
            continue
        frame.values[name] = value
        if frame.training or not line.training_only:
            frame.previous = value
    # the name of a repeated line means its last instance
    if name in frame.values and isinstance(line.name, str) and instances[-1][2] is not None:
        frame.values[line.name] = frame.values[name]
        if name in frame.instances:
            frame.instances[line.name] = frame.instances[name]


def expand_instance(expansion: Expansion, frame: Frame, instance: LineInstance) -> Value | None:
    """Expand one instance of a line, and return its value; None where `when` leaves it out.

    Raises LineError or Unresolved.
    """
    line = instance.line
    present = is_present(expansion, frame, line, instance.scope)
    if present is False:
        return None
    values = line_inputs(expansion, frame, line, instance.scope)
    if instance.row is not None and line.share is not None:
        message = "a line with share takes no rows"
        raise LineError(line.source, line.at("each"), "L009", message, "use repeat")
    if present is None:
        raise Unresolved
    training = frame.training or line.training_only
    if line.share is not None:
        original = shared_instance(expansion, frame, instance)
        share = (frame.full_name(instance.name), frame.full_name(original.name))
        at = Placement(instance.name, values, training, share)
        return expand_called(expansion, frame, original, at)
    frame.instances.setdefault(instance.name, instance)
    prefixes = frame.share
    if prefixes is not None:
        prefixes = (f"{prefixes[0]}.{instance.name}", f"{prefixes[1]}.{instance.name}")
    at = Placement(instance.name, values, training, prefixes)
    return expand_called(expansion, frame, instance, at)


def is_present(expansion: Expansion, frame: Frame, line: Line, scope: Scope) -> bool | None:
    """Whether `when` keeps a line; None where that is not known because of a problem."""
    try:
        present = expansion.evaluate_key(frame, line, "when", scope)
        if isinstance(present, bool):
            return present
        raise LineError(line.source, line.at("when"), "L003", *not_boolean(present))
    except Unresolved as error:
        expansion.report(error, frame.call)
        return None


def shared_instance(expansion: Expansion, frame: Frame, instance: LineInstance) -> LineInstance:
    """Find the instance of the line that `share` names. Raises LineError or Unresolved."""
    line = instance.line
    name = expansion.evaluate_key(frame, line, "share", instance.scope)
    if isinstance(name, str) and name in frame.instances:
        original = frame.instances[instance.name] = frame.instances[name]
        return original
    if isinstance(name, str) and (frame.uncertain or frame.values.get(name) is MISSING):
        raise Unresolved
    dropped = isinstance(name, str) and name in frame.dropped
    raise LineError(
        line.source,
        line.at("share"),
        "L014",
        f"share names a line above with op, but {describe_value(name)} "
        + ("is left out by when" if dropped else "is not one"),
        "known here: " + visible(", ".join(frame.instances) or "none"),
    )


def expand_called(
    expansion: Expansion, frame: Frame, instance: LineInstance, at: Placement
) -> Value:
    """Expand what a line calls, and return its value. Raises LineError or Unresolved."""
    line = instance.line
    fields = line_fields(expansion, line, instance.scope)
    try:
        called = called_name(expansion, frame, line, instance.scope)
        if instance.row is not None:
            add_row_cells(expansion, instance, called, fields)
        if called in expansion.spec.blocks and expansion.spec.blocks[called].broken:
            raise Unresolved
    except Unresolved:
        expansion.evaluate_all(fields, frame.call)  # to find its other problems
        raise
    called, fields = follow_presets(expansion, frame, line, called, fields, at)
    if called not in expansion.spec.blocks:
        return add_nodes(expansion, frame, line, called, fields, at)
    return expand_call(expansion, frame, line, expansion.spec.blocks[called], fields, at)


def expand_call(
    expansion: Expansion, frame: Frame, line: Line, block: Block, fields: Fields, at: Placement
) -> Value:
    """Expand a call of a block, or copy an equal one. Raises LineError or Unresolved."""
    check_nesting(frame, line, block)
    inputs = call_inputs(frame, line, block, at.values)
    channels = count_channels([inputs[block.inputs[0]]])
    scope, call = bind_arguments(expansion, frame, line, block, fields, channels, at.name)
    nodes, work, summed = expansion.nodes, expansion.work, expansion.summed_calls
    key: Any = None
    sum_key: Any = None
    if not at.share and not expansion.has_problems():
        key = call_key(call, inputs, at.training)
        if summed is not None:
            sum_key = summed.key(key, call, expansion.scope)
            node = summed.add_node(nodes, work, sum_key, call, inputs)
            if node is not None:
                node.training_only = at.training
                return node
        known = expansion.cached_calls.get(key)
        if known and known.can_be_copied(nodes, work):
            return known.copy_nodes(nodes, expansion.scope, call, scope, inputs)
    made = CachedCall(nodes, work, call, scope, inputs)
    result = expand_block(expansion, Frame(call, block, scope, inputs, at.training, at.share))
    if key and not expansion.has_problems():
        made.finish(nodes, work, result)
        expansion.cached_calls[key] = made
        if summed is not None:
            summed.keep(sum_key, made, nodes, at.training)
    return result


def check_nesting(frame: Frame, line: Line, block: Block) -> None:
    """Raise LineError for a block that calls itself without end, or is called too deep."""
    itself, deep = f"the block {visible(block.name)} calls itself", len(frame.call.trail)
    always = line.when is True and line.repeat is None and line.each is None
    if frame.block is block and always and isinstance(line.op, str):
        raise LineError(line.source, line.at("op"), "L010", f"{itself} without end", END_OF_CALLS)
    if deep < MAX_NESTING:
        return
    call: Call | None = frame.call
    while call is not None and call.block != block.name:
        call = call.outer
    message, hint = f"blocks nest at most {MAX_NESTING} deep", ""
    if call is not None:
        message, hint = f"{itself}, and {message}", END_OF_CALLS
    raise LineError(line.source, line.at("op"), "L010", message, hint)
