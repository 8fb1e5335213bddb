"""How one layer with its norm and activation is written: its module and its expression."""

from collections.abc import Iterator
from typing import Any

from cnnspec.exporting.pytorch.instances import LayerInstance
from cnnspec.exporting.pytorch.operator_code import AFTER_FUNCTION, WrittenCall
from cnnspec.exporting.pytorch.recorded_torch import Literal, ModuleName, Parts
from cnnspec.exporting.pytorch.signatures import FUNCTIONS
from cnnspec.problems import RequestError, visible


def separate(items: list[Parts]) -> Iterator[Any]:
    """Yield the parts of items, with commas between them."""
    for i, item in enumerate(items):
        yield from ((", ", *item) if i else item)


def write_layer(layer: LayerInstance) -> tuple[WrittenCall | None, Parts]:
    """Return the module and the expression of a layer with its norm and activation.

    An activation alone is written as a function. Otherwise norm and activation are arguments of a
    subclass of the layer's class, or of a module of their own after a function.
    """
    main, *rest = layer.codes
    if not rest:
        return main.module, main.parts
    for node, code in zip(layer.nodes[1:], rest, strict=True):
        if not code.is_plain_call or code.module is None:
            raise RequestError(f"{visible(node.name)} cannot be exported to PyTorch: it is no call")
    function = rest[0].module
    if len(rest) == 1 and function and function.name in FUNCTIONS:
        given = [(f"{k}=", Literal(v)) for k, v, d in function.arguments if repr(v) != d]
        return main.module, (FUNCTIONS[function.name], "(", *separate([main.parts, *given]), ")")
    added = tuple(
        (node.part, code.module, "") for node, code in zip(layer.nodes[1:], rest, strict=True)
    )
    if main.module is None:
        return WrittenCall(AFTER_FUNCTION, added), (ModuleName(), "(", *main.parts, ")")
    if not ends_with_module(main.parts):
        name = visible(layer.nodes[0].name)
        raise RequestError(f"{name} cannot be exported to PyTorch: more follows its module's call")
    name = main.module.name.removeprefix("nn.") + AFTER_FUNCTION
    return WrittenCall(name, main.module.arguments + added), main.parts


def ends_with_module(parts: Parts) -> bool:
    """Tell whether an expression is the call of its module, with any arguments."""
    depth = 0
    for part in parts[1:-1]:
        text = part if isinstance(part, str) else ""
        for c in text:
            depth += (c == "(") - (c == ")")
            if not depth:
                return False
    return isinstance(parts[0], ModuleName)
