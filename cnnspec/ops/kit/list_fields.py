"""Fields that take lists: a value or a pair for each dimension, a shape, a table of integers.

As in :mod:`cnnspec.ops.kit.fields`, operators declare them by the functions at the end."""

from typing import Any

from cnnspec.ops.kit.fields import MAX_SIZE, REQUIRED, Field, NumberField, is_int

PerAxis = int | tuple[int, ...]
Padding = int | str | tuple[Any, ...]
PerChannel = float | tuple[float, ...]
MOST_CHANNELS = 65_536


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


class ChannelNumbersField(NumberField):
    """A number for all channels, or a list with one for each."""

    def __init__(self, doc: str, default: Any, minimum: float, maximum: float):
        super().__init__(doc, default, minimum, maximum)
        self.takes += ", or a list with one for each channel"

    def accept(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            numbers = [super(ChannelNumbersField, self).accept(v) for v in value[:MOST_CHANNELS]]
            good = 1 <= len(value) <= MOST_CHANNELS and None not in numbers
            return tuple(numbers) if good else None
        return super().accept(value)

    def schema(self) -> dict[str, Any]:
        one = super().schema()
        many = {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_CHANNELS}
        return {"anyOf": [one, many]}


class KeptSizesField(PerAxisField):
    """A size for each dimension, or "none" for that of the input."""

    def __init__(self, doc: str, default: Any):
        super().__init__(doc, default, 1)
        self.takes = (
            'an integer of at least 1 or "none", or a list with one of these for each dimension'
        )

    def accept(self, value: Any) -> Any:
        if value == "none":
            return value
        if isinstance(value, list | tuple):
            numbers = super().accept([1 if v == "none" else v for v in value])
            return tuple(value) if numbers is not None else None
        return super().accept(value)

    def schema(self) -> dict[str, Any]:
        number, numbers = super().schema()["anyOf"]
        one = {"anyOf": [number, {"enum": ["none"]}]}
        return {"anyOf": [one, {**numbers, "items": one}]}


class SidesField(Field):
    """An amount for each side, in numbers, or by one of ``words`` if a subclass has any."""

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


class PaddingField(SidesField):
    takes = 'a number, one for each dimension, a pair for each dimension, "valid", "half" or "same"'
    words = ("valid", "half", "same")


class DimsField(Field):
    """Dimensions, or offsets for each: a list of integers from ``minimum``."""

    def __init__(self, doc: str, default: Any, minimum: int):
        super().__init__(doc, default)
        self.minimum = minimum
        self.takes = f"a list of 1 to 9 integers from {minimum}"

    def accept(self, value: Any) -> Any:
        good = (
            isinstance(value, list | tuple)
            and 1 <= len(value) <= 9
            and all(is_int(v, self.minimum) for v in value)
        )
        return tuple(value) if good else None

    def schema(self) -> dict[str, Any]:
        one = {"type": "integer", "minimum": self.minimum, "maximum": MAX_SIZE}
        return {"type": "array", "items": one, "minItems": 1, "maxItems": 9}


class ShapeField(Field):
    takes = "a list of 1 to 9 sizes, of which 0 keeps the input's and one may be -1"

    def accept(self, value: Any) -> Any:
        good = (
            isinstance(value, list | tuple)
            and 1 <= len(value) <= 9
            and all(is_int(v, -1) for v in value)
            and list(value).count(-1) <= 1
        )
        return tuple(value) if good else None

    def schema(self) -> dict[str, Any]:
        one = {"type": "integer", "minimum": -1, "maximum": MAX_SIZE}
        return {"type": "array", "items": one, "minItems": 1, "maxItems": 9}


class RowsField(Field):
    takes = "a list of non-empty lists of integers from 0"

    def accept(self, value: Any) -> Any:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= 65536:
            return None
        good = all(
            isinstance(r, list | tuple) and r and all(is_int(v, 0) for v in r) for r in value
        )
        return tuple(tuple(r) for r in value) if good else None

    def schema(self) -> dict[str, Any]:
        row = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
        return {"type": "array", "items": row, "minItems": 1}


def per_axis_field(doc: str, default: Any = REQUIRED, minimum: int = 1) -> Any:
    """Declare an integer for all spatial dimensions, or a list with one for each."""
    return PerAxisField(doc, default, minimum)


def channel_numbers_field(
    doc: str, default: Any = REQUIRED, minimum: float = 0.0, maximum: float = 1e9
) -> Any:
    """Declare a finite number within bounds for all channels, or a list with one for each."""
    return ChannelNumbersField(doc, default, minimum, maximum)


def kept_sizes_field(doc: str, default: Any = REQUIRED) -> Any:
    """Declare a size for all spatial dimensions or a list, where "none" keeps the input's size."""
    return KeptSizesField(doc, default)


def padding_field(default: Any = 0) -> Any:
    """Declare zero padding: a number, one or a pair per dimension, "valid", "half" or "same"."""
    return PaddingField(
        "P, zeros added on each side: a number, one for each dimension, a pair [before, after] "
        'for each, "valid" (0), "half" (floor(K/2), with dilation) or "same" '
        "(the output is ceil(W/S); an odd one goes after)",
        default,
    )


def sides_field(doc: str, default: Any = REQUIRED) -> Any:
    """Declare an amount for each side: a number, one or a pair per dimension."""
    return SidesField(doc, default)


def dims_field(doc: str, default: Any = REQUIRED, minimum: int = 0) -> Any:
    """Declare a list of dimensions, 0 for the channels, or of integers from ``minimum``."""
    return DimsField(doc, default, minimum)


def shape_field(doc: str, default: Any = REQUIRED) -> Any:
    """Declare a shape: one size may be -1 and follows from the others, 0 is the input's size."""
    return ShapeField(doc, default)


def rows_field(doc: str, default: Any = REQUIRED) -> Any:
    """Declare a table of integers: a list of rows."""
    return RowsField(doc, default)
