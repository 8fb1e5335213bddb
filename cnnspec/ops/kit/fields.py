"""The fields of operators.

One declaration gives a field's TOML key, default, checks, JSON Schema and documentation:
``out_channels: int = size_field("K, ...")``. The functions that declare fields return ``Any``, so
that the attribute of an operator has the type of its value; on the class it is a :class:`Field`.
Fields that take lists are in list_fields."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from cnnspec.problems import visible

MAX_SIZE = 2**31 - 1
REQUIRED: Any = object()


class OperatorError(Exception):
    """An input or a field that an operator cannot take.

    ``rule`` is the code, ``hint`` how to fix it, and ``field`` the name of the field at fault.
    ``$0``, ``$1``, ... in the message and the hint stand for the names of the inputs, which the
    graph fills in."""

    def __init__(self, rule: str, message: str, hint: str = "", field: str = ""):
        super().__init__(message)
        self.rule, self.message, self.hint, self.field = rule, message, hint, field

    def describe(self) -> str:
        """Return the message with numbers for the inputs, where they have no names."""
        text = self.message
        for i in reversed(range(text.count("$"))):
            text = text.replace(f"${i}", f"input {i + 1}")
        return text


class Field:
    """A field: its documentation, its default or REQUIRED, and what it takes, in words."""

    takes = "a value"
    name = ""

    def __init__(self, doc: str, default: Any = REQUIRED):
        self.doc, self.default = doc, default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    def read(self, value: Any) -> Any:
        """Return ``value`` in the form that the operator stores.

        Raises OperatorError (L003) that quotes what the field takes and what it got."""
        result = self.accept(value)
        if result is None:
            lower = value.lower() if isinstance(value, str) else None
            known = lower is not None and self.accept(lower) is not None
            raise OperatorError(
                "L003",
                f"{self.name} is {self.takes}, not {describe_value(value)}",
                f'"{lower}", in lower case' if known else "",
                self.name,
            )
        return result

    def accept(self, value: Any) -> Any:
        """Convert ``value``, or return None if the field does not take it."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema (draft-07) of the field's plain values."""
        raise NotImplementedError


def field_errors(
    fields: Mapping[str, Field],
    values: Mapping[str, Any],
    unevaluated: Collection[str] = (),
    meant: Callable[[str], str] | None = None,
) -> list[OperatorError]:
    """List all that is wrong with the values of an operator's fields; no other place checks them.

    The codes are L001 for a name that is no field, L003 for a value that its field does not take,
    and L002 for a required field that is missing. ``unevaluated`` are names that are given too, but
    whose values are not known. ``meant`` returns the field that a wrong name stands for; that field
    is then not reported as missing.
    """
    errors, given = [], {**dict.fromkeys(values), **dict.fromkeys(unevaluated)}
    replaced = set()
    for name in given:
        if name not in fields:
            errors.append(OperatorError("L001", f"{visible(name, 60)} is not a field", field=name))
            if meant is not None:
                replaced.add(meant(name))
        elif name in values:
            try:
                fields[name].read(values[name])
            except OperatorError as error:
                errors.append(error)
    for name, field in fields.items():
        if field.required and name not in given and name not in replaced:
            errors.append(OperatorError("L002", f"{name} is missing ({field.doc})", field=name))
    return errors


def describe_value(value: Any, depth: int = 0) -> str:
    """Quote a value of a spec for a message: short, printable, with its TOML type if that helps."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{visible(value, 60)}"'
    if isinstance(value, float):
        return f"{value!r} (a float)"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        if depth > 2:
            return "[…]"
        shown = [describe_value(v, depth + 1) for v in value[:8]] + ["…"] * (len(value) > 8)
        return visible(f"[{', '.join(shown)}]", 60)
    return visible(value, 60)


def is_int(value: Any, minimum: int, maximum: int = MAX_SIZE) -> bool:
    """Tell whether ``value`` is an integer, and no boolean, within the bounds."""
    return type(value) is int and minimum <= value <= maximum


class IntegerField(Field):
    def __init__(self, doc: str, default: Any, minimum: int):
        super().__init__(doc, default)
        self.minimum = minimum
        self.takes = f"an integer from {minimum} to {MAX_SIZE}"

    def accept(self, value: Any) -> Any:
        return value if is_int(value, self.minimum) else None

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": MAX_SIZE}


class FlagField(Field):
    takes = "true or false"

    def accept(self, value: Any) -> Any:
        return value if isinstance(value, bool) else None

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class NumberField(Field):
    def __init__(self, doc: str, default: Any, minimum: float, maximum: float):
        super().__init__(doc, default)
        self.minimum, self.maximum = minimum, maximum
        self.takes = f"a number from {minimum:g} to {maximum:g}"

    def accept(self, value: Any) -> Any:
        number = type(value) in (int, float)
        return (
            float(value) if number and self.minimum <= value <= self.maximum else None
        )  # NaN compares false

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.minimum, "maximum": self.maximum}


class ChoiceField(Field):
    def __init__(self, doc: str, default: Any, options: tuple[str, ...]):
        super().__init__(doc, default)
        self.options = options
        self.takes = "one of " + ", ".join(f'"{o}"' for o in options)

    def accept(self, value: Any) -> Any:
        return value if isinstance(value, str) and value in self.options else None

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.options)}


def size_field(doc: str, default: Any = REQUIRED) -> Any:
    """Declare a size: an integer of at least 1."""
    return IntegerField(doc, default, 1)


def count_field(doc: str, default: Any = REQUIRED) -> Any:
    """Declare a count, which may be zero."""
    return IntegerField(doc, default, 0)


def flag_field(doc: str, default: Any = REQUIRED) -> Any:
    """Declare a flag: true or false."""
    return FlagField(doc, default)


def number_field(
    doc: str, default: Any = REQUIRED, minimum: float = 0.0, maximum: float = 1e9
) -> Any:
    """Declare a finite number within bounds."""
    return NumberField(doc, default, minimum, maximum)


def choice_field(doc: str, *options: str, default: Any = REQUIRED) -> Any:
    """Declare a field that takes one of the words in ``options``."""
    return ChoiceField(doc, default, options)


def padding_mode_field() -> Any:
    """Declare what a convolution pads with, by PyTorch's names."""
    return choice_field(
        "what the padding holds: zeros, the input mirrored, its border repeated, or its other end",
        "zeros",
        "reflect",
        "replicate",
        "circular",
        default="zeros",
    )


def weight_dropout_field() -> Any:
    """Declare the probability of dropout of the weights of attention."""
    doc = "the probability with which a weight of a value is dropped in training"
    return NumberField(doc, 0.0, 0.0, 1.0)


def inplace_field() -> Any:
    """Declare the flag of operators that can overwrite their input."""
    return FlagField("whether the output takes the input's place in memory", False)
