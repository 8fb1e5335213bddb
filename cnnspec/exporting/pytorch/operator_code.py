"""How one node is written in Python: the call that makes its module, and the expression it gives.

The source is that of the operator's own ``build``; an operator that needs a class of its own has
its source in ``python_class``."""

import ast
from typing import Any

from cnnspec.exporting.pytorch.recorded_torch import (
    ATOM,
    TORCH,
    WRITTEN,
    InputName,
    Literal,
    ModuleName,
    NotWritable,
    Parts,
    WrittenModule,
    WrittenTensor,
    module_class,
    write_call,
)
from cnnspec.exporting.pytorch.signatures import name_arguments
from cnnspec.graph.model import Node
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record

AFTER_FUNCTION = "NormActivation"  # a class of cnnspec, and the end of the names of subclasses


class WrittenCall(Record):
    """The call of a class: its name, and its arguments, each with its name and its default.

    The default is as Python writes it, "" for none. A name "" is that of the first argument.
    ``is_block`` says that the class is that of a block."""

    name: str
    arguments: tuple[tuple[str, Any, str], ...] = ()
    is_block: bool = False

    def is_positional(self, name: str, default: str) -> bool:
        """Tell whether an argument is written without its name: those that PyTorch requires."""
        if self.name.startswith("nn.") or self.name.endswith(AFTER_FUNCTION):
            return not default and name not in ("norm", "activation")
        return name in ("", "in_channels")


class OperatorCode(Record):
    """What makes the module of a node, if it has one, and the expression of its output.

    ``helper`` is the source of the class, if torch.nn has none."""

    module: WrittenCall | None
    parts: Parts
    helper: str = ""

    @property
    def is_plain_call(self) -> bool:
        """Whether the expression is the module's call with one input."""
        return self.parts == (ModuleName(), "(", InputName(0), ")")

    @property
    def reads(self) -> list[int]:
        """The inputs that the expression uses."""
        return [*dict.fromkeys(p.index for p in self.parts if isinstance(p, InputName))]


def write_operator(node: Node, gives_indices: bool) -> OperatorCode:
    """Return the code of a node. Raises RequestError where it cannot be written in PyTorch.

    ``gives_indices`` says that it is a max pool whose indices are read.
    """
    op, more = node.op, {"return_indices": True} if gives_indices else {}
    inputs = [WrittenTensor((InputName(i),), ATOM, shape) for i, shape in enumerate(node.shapes)]
    try:
        if op.python_class:
            given = op.python_arguments(*node.shapes, y=node.output)
            name, defaults = read_class(op.python_class)
            call = WrittenCall(name, tuple((k, v, defaults.get(k, "")) for k, v in given.items()))
            return OperatorCode(call, write_call((ModuleName(),), inputs, {}), op.python_class)
        WRITTEN.clear()
        built = op.build_as_written(TORCH, *node.shapes, y=node.output, **more)
        return write_built(built, inputs)
    except (OperatorError, NotWritable) as error:
        reason = error.message if isinstance(error, OperatorError) else str(error)
        for i, read in enumerate(node.inputs):
            reason = reason.replace(f"${i}", visible(read.name))
        raise RequestError(
            f"{visible(node.name)} ({node.kind}) cannot be exported to PyTorch: {reason}"
        ) from None


def read_class(source: str) -> tuple[str, dict[str, str]]:
    """Return the name of a class and the defaults of its arguments, from its source."""
    (made,) = ast.parse(source).body
    assert isinstance(made, ast.ClassDef)
    defaults: dict[str, str] = {}
    for item in made.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            names = [a.arg for a in item.args.args][-len(item.args.defaults) or None :]
            defaults = dict(zip(names, map(ast.unparse, item.args.defaults), strict=False))
    return made.name, defaults


def write_built(built: Any, inputs: list[WrittenTensor]) -> OperatorCode:
    """Return the code of what ``build`` returned. Raises NotWritable."""
    if type(built).__name__ == "Sequential":
        first, *rest = [write_built(m, inputs) for m in built.args]
        if [code.module and code.module.name for code in rest] != ["nn.Flatten"]:
            raise NotWritable("its modules are no pooling to a vector")
        return OperatorCode(first.module, (*first.parts, ".flatten(", Literal(1), ")"))
    output = built.forward(*inputs)
    if not isinstance(output, WrittenTensor):
        raise NotWritable("it gives several tensors")
    module = built
    if isinstance(built, module_class("Module")):
        if len(WRITTEN) > 1:
            raise NotWritable("it calls several modules")
        module = WRITTEN[0] if WRITTEN else None
    return OperatorCode(module and write_module(module), output.parts)


def write_module(module: WrittenModule) -> WrittenCall:
    """Return the call that makes a module of torch.nn."""
    name = type(module).__name__
    return WrittenCall(f"nn.{name}", tuple(name_arguments(name, module.args, module.kwargs)))
