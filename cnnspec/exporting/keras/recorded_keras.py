"""Writes down the calls of Keras that an operator's ``write_keras`` makes, as pieces of source.

Keras has the channels last: a map of the shape (C, H, W) of a spec is (batch, H, W, C) there."""

from typing import Any

from cnnspec.exporting.keras.keras_calls import KerasCalls
from cnnspec.exporting.keras.keras_defaults import find_default, position_names
from cnnspec.exporting.keras.own_layers import OWN
from cnnspec.exporting.pytorch.operator_code import OperatorCode
from cnnspec.exporting.pytorch.recorded_torch import InputName, Literal, Mark, Part, Parts
from cnnspec.records import Record
from cnnspec.units import Shape


class Open(Mark):
    """An opening bracket, with what is before it."""

    text: str


class Close(Mark):
    """A closing bracket."""

    text: str


class CallItem(Mark):
    """The begin of an item in brackets: its name, and the default that is left out.

    ``label`` is the name of an argument that is written without it."""

    name: str = ""
    default: str = ""
    label: str = ""


class LayerName(Mark):
    """The item for the name of a layer, to which ``ending`` is added."""

    ending: str = ""


class NextLine(Mark):
    """The end of a line, after which Previous is what it gave."""


class Previous(Mark):
    """What the line before gave."""


class KerasWeight(Record):
    """A weight of a Keras layer: the attribute, the spec's tensor, and the order of its axes.

    None for ``order`` leaves the axes as they are. The layer has the node's name and ``ending``."""

    attribute: str
    tensor: str
    order: tuple[int, ...] | None = None


class KerasCode(OperatorCode):
    """The source of a node, the classes and functions that it needs, and the weights it has."""

    helpers: tuple[str, ...] = ()
    weights: tuple[KerasWeight, ...] = ()


class KerasValue(Record):
    """A value in Keras: the source of its expression, and its shape as a spec has it.

    ``call`` and ``read`` are those of a call of one value, which can have a line of its own."""

    parts: Parts
    shape: Shape = ()
    call: tuple[Parts, Parts] | None = None
    read: "KerasValue | None" = None


class KerasWriter(KerasCalls):
    """What ``write_keras`` gets: its methods write calls, and return the values they give.

    ``may_be_same`` says whether a padding can be written as Keras's "same"."""

    def __init__(self, may_be_same: bool = True) -> None:
        self.may_be_same = may_be_same
        self.helpers: dict[str, None] = {}
        self.weights: list[KerasWeight] = []

    def layer(
        self,
        name: str,
        inputs: Any,
        *given: Any,
        weights: dict[str, Any] | None = None,
        **named: Any,
    ) -> KerasValue:
        """Write a layer of ``keras.layers`` and its call with a value or a list of values.

        ``weights`` has for each of its attributes the operator's tensor, or a pair of it and the
        order of its axes. A layer with weights has the name of the operator's layer."""
        return self._make_layer(f"layers.{name}", inputs, given, named, weights)

    def own_layer(
        self, name: str, inputs: Any, *given: Any, weights: dict[str, Any], **named: Any
    ) -> KerasValue:
        """Write a layer of a class of own_layers.py; the rest is as in ``layer``."""
        self.helpers[OWN[name]] = None
        return self._make_layer(name, inputs, given, named, weights)

    def op(self, name: str, *given: Any, **named: Any) -> KerasValue:
        """Write a call of a function of ``keras.ops``; the values among the arguments are read."""
        return self._call(f"ops.{name}", given, named)

    def own_function(self, name: str, *given: Any, **named: Any) -> KerasValue:
        """Write a call of a function of own_layers.py."""
        self.helpers[OWN[name]] = None
        return self._call(name, given, named)

    def index(self, x: KerasValue, text: str) -> KerasValue:
        """Write the slice ``[text]`` of a value."""
        return call_of(x, (), (f"[{text}]",))

    def _make_layer(
        self, name: str, inputs: Any, given: Any, named: Any, weights: dict[str, Any] | None
    ) -> KerasValue:
        parts: list[Part] = [Open(f"{name}("), *write_items(given, named, name)]
        if weights:
            parts.append(LayerName())
            for attribute, tensor in weights.items():
                pair = (tensor, None) if isinstance(tensor, str) else tensor
                self.weights.append(KerasWeight(attribute, *pair))
        parts += [Close(")"), Open("(")]
        if isinstance(inputs, KerasValue):
            return call_of(inputs, (*parts, CallItem()), (Close(")"),))
        return KerasValue((*parts, CallItem(), *write_value(inputs), Close(")")))

    def _call(self, name: str, given: Any, named: Any) -> KerasValue:
        if isinstance(given[0], KerasValue) and not find_values((given[1:], named)):
            after = write_items(given[1:], named, name)
            return call_of(given[0], (Open(f"{name}("), CallItem()), (*after, Close(")")))
        return KerasValue((Open(f"{name}("), *write_items(given, named, name), Close(")")))


def call_of(x: KerasValue, before: Parts, after: Parts) -> KerasValue:
    """Return the value of a call with one value between two pieces of source."""
    return KerasValue((*before, *x.parts, *after), call=(before, after), read=x)


def write_items(given: Any, named: dict[str, Any], call: str) -> Parts:
    """Return the source of arguments."""
    parts: list[Part] = []
    names = position_names(call)
    for i, value in enumerate(given):
        label = names[i] if i < len(names) else ""
        parts += [CallItem(label=label), *write_value(value)]
    for name, value in named.items():
        parts += [CallItem(name, find_default(call, name)), *write_value(value)]
    return tuple(parts)


def write_value(value: Any) -> Parts:
    """Return the source of an argument: of values, lists with values, and literals."""
    if isinstance(value, KerasValue):
        return value.parts
    if isinstance(value, list):
        items = [part for item in value for part in (CallItem(), *write_value(item))]
        return (Open("["), *items, Close("]"))
    return (Literal(value),)


def find_values(given: Any) -> list[KerasValue]:
    """Return the values among arguments."""
    if isinstance(given, KerasValue):
        return [given]
    inner = given.values() if isinstance(given, dict) else given
    return [v for item in inner for v in find_values(item)] if is_nested(given) else []


def is_nested(given: Any) -> bool:
    """Tell whether an argument has others in it."""
    return isinstance(given, dict | list | tuple)


def write_lines(value: KerasValue) -> Parts:
    """Return the source of a value, with a line for each call of a chain."""
    calls: list[tuple[Parts, Parts]] = []
    while value.call is not None and value.read is not None:
        calls.append(value.call)
        value = value.read
    if not calls:
        return value.parts
    if value.parts == (InputName(0),):
        before, after = calls.pop()
        lines: list[Part] = [*before, *value.parts, *after]
    else:
        lines = [*value.parts]
    for before, after in reversed(calls):
        lines += [NextLine(), *before, Previous(), *after]
    return tuple(lines)
