"""Read protobuf's wire format, in which ONNX files are: numbered fields, one after another.

Source: Protocol Buffers, Encoding, protobuf.dev/programming-guides/encoding."""

import struct
from collections.abc import Iterator

SIGN, RANGE = 1 << 63, 1 << 64
MOST_SHIFT = 63  # of a number of 64 bits


class WireError(Exception):
    """Bytes that are no message, or that end too early."""


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return a number of variable length and the place after it. Raises WireError."""
    number = shift = 0
    while True:
        if at >= len(data) or shift > MOST_SHIFT:
            raise WireError("a number does not end")
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7


def read_fields(data: memoryview) -> Iterator[tuple[int, int | float | memoryview]]:
    """Yield the numbers and values of the fields of a message. Raises WireError.

    A value is an unsigned number, a float, or the bytes of a text, a list or another message."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        field, kind = key >> 3, key & 7
        if not field:
            raise WireError("a field has the number 0")
        if kind == 0:
            number, at = read_varint(data, at)
            yield field, number
            continue
        if kind not in (1, 2, 5):
            raise WireError(f"a field is of an unknown type, {kind}")
        length = {1: 8, 5: 4}.get(kind, 0)
        if kind == 2:
            length, at = read_varint(data, at)
        if at + length > len(data):
            raise WireError("a field is longer than the file")
        part = data[at : at + length]
        if kind == 2:
            yield field, part
        else:
            yield field, shorten(struct.unpack("<f" if kind == 5 else "<d", part)[0])
        at += length


def signed(number: int) -> int:
    """Return a number of 64 bits with its sign."""
    return number - RANGE if number & SIGN else number


def as_message(value: int | float | memoryview) -> memoryview:
    """Return the bytes of a field that is a message or a text. Raises WireError."""
    if not isinstance(value, memoryview):
        raise WireError("a field is a number where a message belongs")
    return value


def as_text(value: int | float | memoryview) -> str:
    """Return a field that is a text. Raises WireError."""
    return str(as_message(value), "utf-8", "replace")


def as_integer(value: int | float | memoryview) -> int:
    """Return a field that is an integer. Raises WireError."""
    if not isinstance(value, int):
        raise WireError("a field is no integer where one belongs")
    return signed(value)


def as_integers(value: int | float | memoryview) -> list[int]:
    """Return an element of a list of integers, or the packed list. Raises WireError."""
    if not isinstance(value, memoryview):
        return [as_integer(value)]
    found, at = [], 0
    while at < len(value):
        number, at = read_varint(value, at)
        found.append(signed(number))
    return found


def as_floats(value: int | float | memoryview) -> list[float]:
    """Return an element of a list of floats, or the packed list. Raises WireError."""
    if isinstance(value, memoryview):
        if len(value) % 4:
            raise WireError("a list of floats ends too early")
        return [shorten(n) for n in struct.unpack(f"<{len(value) // 4}f", value)]
    return [float(value)]


def shorten(number: float) -> float:
    """Return the shortest number that is the same in float32: 1e-06 for 9.99999997475e-07."""
    try:
        wanted = struct.pack("<f", number)
        return next(
            short
            for digits in range(1, 10)
            if struct.pack("<f", short := float(f"{number:.{digits}g}")) == wanted
        )
    except (StopIteration, OverflowError):
        return number
