"""A network as it ran: its calls in order, in the words of the operators, whoever recorded them.

What a recording of a model holds is no tensor and needs no PyTorch, so that two of them can be
compared, and the comparison tested, without it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from cnnspec.records import Record
from cnnspec.units import Shape


class Edge(NamedTuple):
    """A value: the index of the call that gave it, and which of that call's outputs it is."""

    call: int
    port: int = 0


CONSTANT = Edge(-1)  # a value that depends neither on an input nor on a parameter


class Call(Record):
    """One operation at work.

    ``kind`` is the operator that does the same where there is one ("conv", "global_avgpool",
    "input"), else what PyTorch calls the operation. ``fields`` are its settings without what
    follows from its inputs. ``output`` is the shape of its (first) output without the batch.
    ``tensors`` are the names of the parameters and buffers that it takes, and ``place`` is where it
    was called: the path of a module, or, in a twin, the name of a node."""

    kind: str
    fields: dict[str, Any]
    reads: tuple[Edge, ...]
    output: Shape
    tensors: tuple[str, ...] = ()
    place: str = ""

    @property
    def work(self) -> tuple[Any, ...]:
        """What it does, without regard to what it reads or how large that is."""
        return self.kind, frozen(self.fields)


class Recording(Record):
    """The calls of one run, the inputs first, and what the network gave."""

    calls: list[Call]
    outputs: tuple[Edge, ...]

    def tensors(self) -> list[str]:
        """The names of the parameters and buffers in the order of their first use."""
        return list(dict.fromkeys(name for call in self.calls for name in call.tensors))


def frozen(value: Any) -> Any:
    """Fields as a value that can be hashed."""
    if isinstance(value, dict):
        return tuple((k, frozen(v)) for k, v in sorted(value.items()))
    return (
        tuple(map(frozen, value))
        if isinstance(value, Iterable) and not isinstance(value, str)
        else value
    )
