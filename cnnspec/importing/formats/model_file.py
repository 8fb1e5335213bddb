"""What every format of model files gives to the import."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatRun
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.records import Record
from cnnspec.units import Shape

BATCH = 2  # as in a recording of PyTorch: 1 could be the size of any dimension


class FileTrace(Record):
    """The flat calls of a file at one input size, and the tensors that they read.

    ``parameters`` have the shapes with which the calls read them. ``complaints`` name all layers
    that no call expresses, and ``complete`` counts the calls before the first of them. ``notes``
    say what was left out or assumed."""

    run: FlatRun
    parameters: dict[str, Shape]
    complaints: tuple[str, ...] = ()
    complete: int = 0
    notes: tuple[str, ...] = ()
    initial: dict[str, float] = {}


class ModelFile:
    """A model file that has been read. Each format derives a class from it."""

    format = ""  # as messages and specs name it

    def __init__(self, path: str, title: str):
        self.path, self.title = path, title

    @property
    def origin(self) -> str:
        """Where the network comes from, for the spec."""
        raise NotImplementedError

    def input_shapes(self) -> tuple[Shape | None, ...]:
        """Return the shapes of the inputs without the batch, channels first; None if unknown."""
        raise NotImplementedError

    def trace(self, shapes: tuple[Shape, ...], training: bool = False) -> FileTrace:
        """Return the calls for inputs of these shapes. Raises RequestError."""
        raise NotImplementedError

    def finish(self, graph: ImportedGraph) -> ImportedGraph:
        """Return the canonical graph with what the format knows besides, such as class names."""
        return graph

    def output_shapes(self) -> tuple[Shape | None, ...]:
        """Return the shapes of the outputs that the file states, None for those that it does not.

        Empty if it does not even say which are outputs."""
        return ()

    def prove(self, graph: Any, imported: ImportedGraph) -> list[Any]:
        """Return the checks that compare a graph with the file by running both."""
        return []
