"""The fields of operators: one declaration is TOML key, default, validation, JSON Schema and documentation.

An operator declares ``stride: PerAxis = per_axis("S, ...", default=1)``. The functions in lower case return
``Any`` so that the attribute keeps the type of its values; on the class it is a :class:`Field`.
"""

from typing import Any

from cnnspec.problems import visible

MAX_SIZE = 2**31 - 1
PerAxis = int | tuple[int, ...]
Padding = int | str | tuple[Any, ...]
REQUIRED: Any = object()


class Misfit(Exception):
    """What an operator cannot take: the rule's code, the message, what would mend it, and the field at fault.

    ``$0``, ``$1`` ... in the message stand for the names of the inputs; the graph fills them in.
    """

    def __init__(self, rule: str, message: str, hint: str = "", field: str = ""):
        super().__init__(message)
        self.rule, self.message, self.hint, self.field = rule, message, hint, field


class Field:
    """One field: its documentation, its default (or REQUIRED), what it takes in words, and its JSON Schema."""

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
        """``value`` as the operator keeps it. Raises Misfit (L003) with what the field takes and what it got."""
        result = self.accept(value)
        if result is None:
            raise Misfit("L003", f"{self.name} is {self.takes}, not {described(value)}", field=self.name)
        return result

    def accept(self, value: Any) -> Any:
        """``value`` converted, or None where the field does not take it."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """The JSON Schema (draft-07) of the field's plain values."""
        raise NotImplementedError


def described(value: Any, depth: int = 0) -> str:
    """A value of a spec as messages quote it: short, printable, with its TOML type where that is the point."""
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
        shown = [described(v, depth + 1) for v in value[:8]] + ["…"] * (len(value) > 8)
        return visible(f"[{', '.join(shown)}]", 60)
    return visible(value, 60)


def is_int(value: Any, minimum: int, maximum: int = MAX_SIZE) -> bool:
    """Whether ``value`` is an integer (a boolean is none) within the bounds."""
    return type(value) is int and minimum <= value <= maximum


class Integer(Field):
    def __init__(self, doc: str, default: Any, minimum: int):
        super().__init__(doc, default)
        self.minimum = minimum
        self.takes = f"an integer from {minimum} to {MAX_SIZE}"

    def accept(self, value: Any) -> Any:
        return value if is_int(value, self.minimum) else None

    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": MAX_SIZE}


class Flag(Field):
    takes = "true or false"

    def accept(self, value: Any) -> Any:
        return value if isinstance(value, bool) else None

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Real(Field):
    def __init__(self, doc: str, default: Any, minimum: float, maximum: float):
        super().__init__(doc, default)
        self.minimum, self.maximum = minimum, maximum
        self.takes = f"a number from {minimum:g} to {maximum:g}"

    def accept(self, value: Any) -> Any:
        number = type(value) in (int, float)
        return float(value) if number and self.minimum <= value <= self.maximum else None  # NaN compares false

    def schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum": self.minimum, "maximum": self.maximum}


class Choice(Field):
    def __init__(self, doc: str, default: Any, options: tuple[str, ...]):
        super().__init__(doc, default)
        self.options = options
        self.takes = "one of " + ", ".join(f'"{o}"' for o in options)

    def accept(self, value: Any) -> Any:
        return value if isinstance(value, str) and value in self.options else None

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.options)}


class PerAxisField(Field):
    def __init__(self, doc: str, default: Any, minimum: int):
        super().__init__(doc, default)
        self.minimum = minimum
        self.takes = f"an integer of at least {minimum}, or a list with one for each dimension"

    def accept(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            good = 1 <= len(value) <= 8 and all(is_int(v, self.minimum) for v in value)
            return tuple(value) if good else None
        return value if is_int(value, self.minimum) else None

    def schema(self) -> dict[str, Any]:
        one = {"type": "integer", "minimum": self.minimum, "maximum": MAX_SIZE}
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 8}]}


class Sides(Field):
    """What is added on the sides: in numbers, or, where a subclass has ``words``, by a word."""

    takes = "a number, one for each dimension, or a pair for each dimension"
    words: tuple[str, ...] = ()

    def accept(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if value in self.words else None
        if isinstance(value, list | tuple):
            pairs = [self._side(v) for v in value]
            return tuple(pairs) if 1 <= len(pairs) <= 8 and None not in pairs else None
        return value if is_int(value, 0) else None

    @staticmethod
    def _side(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return tuple(value) if len(value) == 2 and all(is_int(v, 0) for v in value) else None
        return value if is_int(value, 0) else None

    def schema(self) -> dict[str, Any]:
        one = {"type": "integer", "minimum": 0, "maximum": MAX_SIZE}
        pair = {"type": "array", "items": one, "minItems": 2, "maxItems": 2}
        sides = {"type": "array", "items": {"anyOf": [one, pair]}, "minItems": 1, "maxItems": 8}
        return {"anyOf": [one, sides, *([{"enum": list(self.words)}] if self.words else [])]}


class PaddingField(Sides):
    takes = 'a number, one for each dimension, a pair for each dimension, "valid", "half" or "same"'
    words = ("valid", "half", "same")


class NewShape(Field):
    takes = "a list of 1 to 9 sizes, of which one may be -1"

    def accept(self, value: Any) -> Any:
        good = (isinstance(value, list | tuple) and 1 <= len(value) <= 9
                and all(is_int(v, 1) or is_int(v, -1, -1) for v in value) and list(value).count(-1) <= 1)
        return tuple(value) if good else None

    def schema(self) -> dict[str, Any]:
        one = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MAX_SIZE}, {"enum": [-1]}]}
        return {"type": "array", "items": one, "minItems": 1, "maxItems": 9}


class Rows(Field):
    takes = "a list of non-empty lists of integers from 0"

    def accept(self, value: Any) -> Any:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= 65536:
            return None
        good = all(isinstance(r, list | tuple) and r and all(is_int(v, 0) for v in r) for r in value)
        return tuple(tuple(r) for r in value) if good else None

    def schema(self) -> dict[str, Any]:
        row = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
        return {"type": "array", "items": row, "minItems": 1}


def size(doc: str, default: Any = REQUIRED) -> Any:
    """A size: an integer of at least 1."""
    return Integer(doc, default, 1)


def natural(doc: str, default: Any = REQUIRED) -> Any:
    """A count that may be zero."""
    return Integer(doc, default, 0)


def flag(doc: str, default: Any = REQUIRED) -> Any:
    """true or false."""
    return Flag(doc, default)


def real(doc: str, default: Any = REQUIRED, minimum: float = 0.0, maximum: float = 1e9) -> Any:
    """A finite number within bounds."""
    return Real(doc, default, minimum, maximum)


def choice(doc: str, *options: str, default: Any = REQUIRED) -> Any:
    """One of the words in ``options``."""
    return Choice(doc, default, options)


def per_axis(doc: str, default: Any = REQUIRED, minimum: int = 1) -> Any:
    """An integer for all spatial dimensions, or a list with one for each."""
    return PerAxisField(doc, default, minimum)


def padding(default: Any = 0) -> Any:
    """Zero padding: a number, one or a pair per dimension, "valid", "half" or "same"."""
    return PaddingField('P, zeros added on each side: a number, one for each dimension, a pair [before, after] '
                        'for each, "valid" (0), "half" (floor(K/2), with dilation) or "same" '
                        '(the output is ceil(W/S); an odd one goes after)', default)


def sides(doc: str, default: Any = REQUIRED) -> Any:
    """What is added on each side: a number, one or a pair per dimension."""
    return Sides(doc, default)


def new_shape(doc: str, default: Any = REQUIRED) -> Any:
    """A shape of which one size, given as -1, follows from the others."""
    return NewShape(doc, default)


def in_place() -> Any:
    """The flag of operators that may overwrite their input."""
    return Flag("whether the output takes the input's place in memory", False)


def rows(doc: str, default: Any = REQUIRED) -> Any:
    """A table of integers, a list of rows."""
    return Rows(doc, default)
