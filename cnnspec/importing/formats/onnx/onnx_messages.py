"""Read the messages of an ONNX file: tensors, nodes, attributes, inputs.

The numbers of the fields are those of onnx.proto3, version 1.16."""

import ast
import struct
from typing import Any

from cnnspec.importing.formats.onnx.onnx_records import (
    FLOATS,
    INTEGERS,
    OnnxInput,
    OnnxNode,
    OnnxTensor,
)
from cnnspec.importing.formats.onnx.wire_format import (
    WireError,
    as_floats,
    as_integer,
    as_integers,
    as_message,
    as_text,
    read_fields,
    shorten,
)
from cnnspec.problems import visible

MOST_BYTES = 4096  # of a tensor whose values are kept: shapes, factors and the like


def read_tensor(data: memoryview) -> OnnxTensor:
    """Read a tensor; its values only where they are few."""
    shape: list[int] = []
    kind, name, raw = 0, "", None
    numbers: list[Any] = []
    is_external = False
    for field, value in read_fields(data):
        if field == 1:
            shape += as_integers(value)
        elif field == 2:
            kind = as_integer(value)
        elif field == 8:
            name = as_text(value)
        elif field == 9:
            raw = as_message(value)
        elif field == 14:
            is_external = as_integer(value) == 1
        elif field in (4, 5, 7, 10) and is_short(value):
            numbers += as_floats(value) if field in (4, 10) else as_integers(value)
    if any(n < 0 for n in shape):
        raise WireError(f"the tensor {visible(name, 60)} has a negative size")
    code = FLOATS.get(kind) or INTEGERS.get(kind)
    values = tuple(numbers) if numbers else None
    if raw is not None and code and len(raw) <= MOST_BYTES and not is_external:
        size = struct.calcsize(f"<{code}")
        values = struct.unpack(f"<{len(raw) // size}{code}", raw[: len(raw) // size * size])
        values = tuple(map(shorten, values)) if kind == 1 else values
    if 0 in shape:
        values = ()
    return OnnxTensor(name, tuple(shape), kind, values)


def is_short(value: int | float | memoryview) -> bool:
    """Tell whether a number or a list of them is kept."""
    return not isinstance(value, memoryview) or len(value) <= MOST_BYTES


def read_node(data: memoryview) -> OnnxNode:
    inputs, outputs = [], []
    name = operator = domain = ""
    attributes: dict[str, Any] = {}
    notes: dict[str, str] = {}
    for field, value in read_fields(data):
        if field == 1:
            inputs.append(as_text(value))
        elif field == 2:
            outputs.append(as_text(value))
        elif field == 3:
            name = as_text(value)
        elif field == 4:
            operator = as_text(value)
        elif field == 5:
            key, attribute = read_attribute(as_message(value))
            attributes[key] = attribute
        elif field == 7:
            domain = as_text(value)
        elif field == 9:
            pair = dict(read_fields(as_message(value)))
            notes[as_text(pair.get(1, memoryview(b"")))] = as_text(pair.get(2, memoryview(b"")))
    scopes = read_names(notes.get("pkg.torch.onnx.name_scopes", ""))
    classes = read_names(notes.get("pkg.torch.onnx.class_hierarchy", ""))
    return OnnxNode(
        operator, name, tuple(inputs), tuple(outputs), attributes, domain, scopes, classes
    )


def read_attribute(data: memoryview) -> tuple[str, Any]:
    """Return the name and the value of an attribute."""
    name, kind = "", 0
    single: Any = None
    several: list[Any] = []
    for field, value in read_fields(data):
        if field == 1:
            name = as_text(value)
        elif field == 2:
            single = value
        elif field == 3:
            single = as_integer(value)
        elif field == 4:
            single = as_text(value)
        elif field == 5:
            single = read_tensor(as_message(value))
        elif field == 7:
            several += as_floats(value)
        elif field == 8:
            several += as_integers(value)
        elif field == 9:
            several.append(as_text(value))
        elif field == 20:
            kind = as_integer(value)
    if kind in (6, 7, 8) or several:  # lists of floats, integers and texts
        return name, several
    zero = {1: 0.0, 2: 0, 3: ""}.get(kind)  # protobuf leaves out a value of zero
    return name, zero if single is None else single


def read_names(text: str) -> tuple[str, ...]:
    """Return the names in a list that PyTorch has written as Python does."""
    try:
        found = ast.literal_eval(text) if text.startswith("[") else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ()
    return tuple(map(str, found))


def read_input(data: memoryview) -> OnnxInput:
    """Read the name and the shape of an input or an output."""
    name = ""
    shape: list[int | str | None] = []
    for field, value in read_fields(data):
        if field == 1:
            name = as_text(value)
        elif field == 2:
            for kind, tensor in read_fields(as_message(value)):
                if kind == 1:
                    shape = read_shape(as_message(tensor))
    return OnnxInput(name, tuple(shape))


def read_shape(data: memoryview) -> list[int | str | None]:
    found: list[int | str | None] = []
    for field, value in read_fields(data):
        if field == 2:
            for number, dimension in read_fields(as_message(value)):
                if number == 1:
                    found.append(read_size(as_message(dimension)))
    return found


def read_size(data: memoryview) -> int | str | None:
    """Return the size of a dimension, its name if it is not fixed, or None."""
    size = dict(read_fields(data))
    if 1 in size:
        return as_integer(size[1])
    return as_text(size[2]) if 2 in size else None
