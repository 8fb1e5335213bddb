"""What `from` names: the values that a line reads, and the nodes behind them."""

from typing import Any

from cnnspec.graph.frame import POISON, Frame, Poison, Poisoned, Ports, Value, find, single
from cnnspec.graph.model import Node
from cnnspec.ops.fields import described
from cnnspec.problems import did_you_mean, visible


class Mismatch(Exception):
    """A `from` that does not fit: the message, what would mend it, and which of its names it is about."""

    def __init__(self, message: str, hint: str = "", index: int | None = None):
        super().__init__(message)
        self.message, self.hint, self.index = message, hint, index


def read(frame: Frame, sources: Any) -> list[Value]:
    """The values that the evaluated `from` names; None means the line before. Raises Mismatch, Poisoned."""
    if sources is None:
        return [frame.previous]
    names = sources if isinstance(sources, list) else [sources]
    if not names:
        raise Mismatch("from names at least one layer")
    values = []
    for i, name in enumerate(names):
        if not isinstance(name, str):
            raise Mismatch(f"from is a layer's name, or a list of them, not {described(name)}", index=i)
        values.append(named(frame, name, i))
    return values


def named(frame: Frame, name: str, index: int) -> Value:
    """One value by its name. Raises Mismatch where nothing above has it, Poisoned where that is not certain."""
    if name == "previous":
        return frame.previous
    found = find(frame.values, name)
    if found is not None:
        return found
    if frame.uncertain:
        raise Poisoned
    known = [*frame.values, "previous"]
    later = [line.name for line in frame.block.layers if isinstance(line.name, str)]
    if name in later:
        hint = "it stands below: lines read only what is above them"
    else:
        hint = did_you_mean(name, known, "there are " + ", ".join(visible(k, 40) for k in known[-8:]))
    raise Mismatch(f"{described(name)} is neither an input nor a line above", hint, index)


def node(value: Value, index: int | None = None) -> Node:
    """The node that a value stands for. Raises Mismatch for a block with several outputs, Poisoned."""
    found = single(value)
    if isinstance(found, Poison):
        raise Poisoned
    if isinstance(found, Ports):
        names = ", ".join(found.outputs)
        raise Mismatch(f"the block has several outputs ({visible(names)}): from says which",
                       f'from = "BLOCK.{visible(found.outputs[0])}", say', index)
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
                raise Mismatch(f"outputs: there is no layer {described(name)}",
                               did_you_mean(name, list(frame.values)), i)
        if name not in frame.dropped:
            present.append(name)
            frame.values.setdefault(name, find(frame.values, name))
    return tuple(present)
