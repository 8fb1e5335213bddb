"""The flat calls of one run of a model: PyTorch's operations in order, and what each of them reads.

The operations are those that the model calls, not those that PyTorch splits them into. They hold no
tensors, so they can be translated, and the translation tested, without PyTorch."""

from typing import Any

from cnnspec.records import Record
from cnnspec.units import Shape


class ModuleCall(Record):
    """One call of a module while the model runs.

    ``path`` is the module's path from the model down, such as ``layer1.0.conv1`` ("" is the model
    itself), and ``class_name`` its class. ``number`` counts the calls of this module from 0."""

    path: str
    class_name: str
    number: int = 0


class Value(Record):
    """A tensor that depends on an input: an output of an earlier call, with the batch.

    ``stale`` says that its elements were changed since, through another view of them."""

    call: int
    port: int
    shape: Shape
    stale: bool = False


class Weight(Record):
    """A parameter or a buffer, or a tensor computed from them by ``operations``.

    ``made_by`` is the last of these, and the tensor is its output ``port``."""

    names: tuple[str, ...]
    shape: Shape
    operations: tuple[str, ...] = ()
    made_by: "FlatCall | None" = None
    port: int = 0


class Constant(Record):
    """A tensor that depends on no input and no parameter, with its number if it has only one."""

    shape: Shape
    number: float | None = None


class FlatCall(Record):
    """One operation: PyTorch's name, the arguments by name, and the shapes of the outputs.

    Tensors among the arguments are a ``Value``, ``Weight`` or ``Constant``. The inputs of the model
    are calls named "input". ``modules`` are the module calls that contain the operation, from the
    model down, and ``source`` is the line that runs it, such as ``model.py:31``."""

    name: str
    arguments: dict[str, Any]
    outputs: tuple[Shape, ...]
    modules: tuple[ModuleCall, ...] = ()
    source: str = ""

    @property
    def path(self) -> str:
        """The path of the innermost module."""
        return self.modules[-1].path if self.modules else ""


class FlatRun(Record):
    """The calls of one run, and the tensors that the model returned, in order.

    ``fixed`` are the values of buffers that have one, or one for each channel."""

    calls: tuple[FlatCall, ...]
    outputs: tuple[Any, ...]
    fixed: dict[str, tuple[float, ...]] = {}


def list_values(argument: Any) -> list[Value]:
    """List the values in an argument, which may be a list, or in all arguments of a call."""
    return [t for t in list_tensors(argument) if isinstance(t, Value)]


def list_weight_names(argument: Any) -> list[str]:
    """List the names of the parameters and buffers in an argument, or in all of a call."""
    return [n for t in list_tensors(argument) if isinstance(t, Weight) for n in t.names]


def list_tensors(argument: Any) -> list[Any]:
    """List the values, weights and constants in an argument."""
    if isinstance(argument, (Value, Weight, Constant)):
        return [argument]
    if isinstance(argument, dict):
        argument = argument.values()
    elif not isinstance(argument, (list, tuple)):
        return []
    return [tensor for part in argument for tensor in list_tensors(part)]
