"""What `from` names: the values that a line reads, and the nodes behind them."""

from typing import Any

from cnnspec.graph.frame import (
    MAX_PATH,
    POISON,
    Frame,
    Poison,
    Poisoned,
    Ports,
    Value,
    find,
    single,
)
from cnnspec.graph.model import Node
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import did_you_mean, visible


class Mismatch(Exception):
    """A `from` that does not fit: the message, what would mend it, and which of its names it is
    about."""

    def __init__(self, message: str, hint: str = "", index: int | None = None):
        super().__init__(message)
        self.message, self.hint, self.index = message, hint, index


def read(frame: Frame, sources: Any) -> tuple[list[Value], list[Mismatch]]:
    """The values that the evaluated `from` names, POISON for those that are not there, and what is
    wrong.

    None means the line before. Without any value, there is nothing to go on with.
    """
    if sources is None:
        return [frame.previous], []
    names = sources if isinstance(sources, list) else [sources]
    if not names:
        return [], [Mismatch("from names at least one layer")]
    values, faults = [], []
    for i, given in enumerate(names):
        name = str(given) if type(given) is int else given  # as an expression in a name puts it
        value: Value = POISON
        try:
            value = named(frame, name, i)
        except Mismatch as fault:
            faults.append(fault)
        except Poisoned:
            pass
        values.append(value)
    return (values if sources is names or isinstance(sources, str | int) else []), faults


def named(frame: Frame, name: Any, index: int) -> Value:
    """One value by its name. Raises Mismatch where nothing above has it, Poisoned where that is not
    certain."""
    if not isinstance(name, str):
        raise Mismatch(
            f"from is a layer's name, or a list of them, not {describe_value(name)}", index=index
        )
    if name == "previous":
        return frame.previous
    found = find(frame.values, name)
    if found is not None:
        return found
    if frame.uncertain:
        raise Poisoned
    known = [*frame.values, *inside(frame.values, name), "previous"]
    later = [line.name for line in frame.block.layers if isinstance(line.name, str)]
    if name in later:
        hint = "it does not stand above: a line reads only lines above it"
    else:
        hint = did_you_mean(
            name, known, "there are " + ", ".join(visible(k, 40) for k in known[-8:])
        )
    raise Mismatch(f"{describe_value(name)} is neither an input nor a line above", hint, index)


def inside(values: dict[str, Value], name: str) -> list[str]:
    """The dotted paths down into the block that a path such as ``name`` leads into, if there is
    one."""
    for end in (i for i, c in reversed(list(enumerate(name[:MAX_PATH]))) if c == "."):
        block = find(values, name[:end])
        if isinstance(block, Ports):
            return [f"{name[:end]}.{inner}" for inner in block.values if inner != "(last)"]
    return []


def node(value: Value, index: int | None = None, depth: int = 0) -> Node:
    """The node that a value stands for. Raises Mismatch for a block with several outputs, Poisoned.

    The reader stands in a block ``depth`` calls down from the network.
    """
    if type(value) is Node:  # most are
        return value
    found = single(value)
    if isinstance(found, Poison):
        raise Poisoned
    if isinstance(found, Ports):
        name, names = visible(".".join(found.trail[depth:])), visible(", ".join(found.outputs))
        if not found.outputs:
            raise Mismatch(
                f"the block {name} has no output: when has left out all that its outputs name",
                index=index,
            )
        raise Mismatch(
            f"the block {name} has several outputs ({names}): from says which",
            f'from = "{name}.{visible(found.outputs[0])}", say',
            index,
        )
    return found


def outputs(frame: Frame) -> tuple[str, ...]:
    """The names of the outputs of a block that has been unrolled, those that are not there dropped.

    Raises Mismatch for a name that no line has.
    """
    if frame.block.outputs is None:
        frame.values["(last)"] = frame.previous
        return ("(last)",)
    present = []
    for i, name in enumerate(frame.block.outputs):
        if find(frame.values, name) is None:
            if frame.uncertain:
                frame.values[name] = POISON
            else:
                raise Mismatch(
                    f"outputs: there is no layer {describe_value(name)}",
                    did_you_mean(name, list(frame.values)),
                    i,
                )
        if name not in frame.dropped:
            present.append(name)
            frame.values.setdefault(name, find(frame.values, name))
    return tuple(present)
