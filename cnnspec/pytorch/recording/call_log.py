"""The calls that are recorded so far, with what merging them with later ones needs."""

from typing import Any

from cnnspec.analyses.alignment.call_graph import Edge, RecordedCall
from cnnspec.pytorch.recording.readers import Fields
from cnnspec.records import Record
from cnnspec.units import Shape

Weights = tuple[str, ...]  # the names of the parameters and buffers that a tensor comes from


class NewCall(Record):
    """A call that is not recorded yet.

    ``shapes`` are the shapes of what it reads and ``output`` that of its first output, with the
    batch. ``sizes`` are the numbers of elements of the parameters. ``absorbs`` are the indices of
    the calls whose work it does too, and ``fixed`` the buffers whose values are its settings. Of
    the kind VIEW, it is the value that it reads first.
    """

    kind: str
    fields: Fields
    reads: tuple[Edge, ...]
    weights: Weights
    shapes: tuple[Shape, ...]
    output: Shape
    sizes: tuple[int, ...] = ()
    absorbs: tuple[int, ...] = ()
    fixed: Weights = ()


def list_weights(origins: list[Any]) -> Weights:
    """Return the names of the parameters and buffers among origins, each once."""
    return tuple(dict.fromkeys(n for o in origins if not isinstance(o, Edge) for n in o))


class CallLog:
    """The calls so far, with the shapes of what they read and return, with the batch."""

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []
        self.new: list[NewCall | None] = []
        self.absorbed: set[int] = set()

    def append(self, call: RecordedCall, new: NewCall | None = None) -> Edge:
        self.calls.append(call)
        self.new.append(new)
        if new:
            self.absorbed.update(new.absorbs)
        return Edge(len(self.calls) - 1)

    def maker(self, edge: Edge, *kinds: str) -> NewCall | None:
        """Return the call of one of these kinds whose first output a value is, if there is one."""
        new = self.new[edge.call] if edge.call >= 0 and not edge.port else None
        return new if new and new.kind in kinds else None

    def drop_absorbed(self, outputs: tuple[Edge, ...]) -> None:
        """Let nothing be read by the absorbed calls that no other call reads."""
        read = {e.call for e in outputs}
        for i in reversed(range(len(self.calls))):
            if i in self.absorbed and i not in read:
                self.calls[i] = RecordedCall("merged", {}, (), self.calls[i].output)
            read.update(e.call for e in self.calls[i].reads)
