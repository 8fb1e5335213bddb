"""What is worked out once for all networks of a spec: its variants call the same lines, often at
the same sizes."""

from typing import Any

from cnnspec.graph.frame import Given
from cnnspec.ops.kit.operator import Operator
from cnnspec.units import Shape

Fields = dict[str, Given]
MANY = 100_000  # operators and shapes: some 50 MB


class SpecCache:
    """What does not depend on a network's arguments and input, so that another of the same spec may
    have it too."""

    def __init__(self) -> None:
        self.ops: dict[tuple[Any, ...], Operator] = {}  # by name and values
        self.outputs: dict[tuple[Operator, tuple[Shape, ...]], Shape] = {}  # by operator and shapes
        self.fields: dict[
            int, tuple[Fields, list[tuple[str, Given]]]
        ] = {}  # of lines, by their id; the dynamic ones
        self.presets: dict[
            int, tuple[str, Fields]
        ] = {}  # what those fill in that do so always alike, by their id
        self.parts: dict[tuple[str, str], str] = {}  # operators that norm and activation name
        self.proper: set[str] = set()  # names of lines that are

    def bounded(self) -> "SpecCache":
        """Itself, or one that is empty, where there is so much in it that it is better
        forgotten."""
        return self if len(self.ops) + len(self.outputs) < MANY else SpecCache()
