"""Read an ONNX file without a library, and without the values of its weights."""

import mmap

from cnnspec.importing.formats.onnx.onnx_messages import read_input, read_node, read_tensor
from cnnspec.importing.formats.onnx.onnx_records import OnnxModel
from cnnspec.importing.formats.onnx.wire_format import (
    WireError,
    as_integer,
    as_message,
    as_text,
    read_fields,
    read_varint,
)
from cnnspec.problems import RequestError, visible

IR_VERSION, GRAPH = 1 << 3, 7 << 3 | 2  # the first field of a file, and its main one


def read_onnx(path: str) -> OnnxModel:
    """Read an ONNX file. Raises RequestError."""
    try:
        with open(path, "rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return read_model(memoryview(data))
    except WireError as error:
        raise RequestError(f"{visible(path)} is no complete ONNX file: {error}") from None
    except (OSError, ValueError) as error:
        raise RequestError(f"{visible(path)} cannot be read: {error}") from None


def looks_like_onnx(head: memoryview) -> bool:
    """Tell whether a file begins as ONNX files do: a version, then fields up to the graph."""
    at = 0
    try:
        while at < len(head):
            key, at = read_varint(head, at)
            if key >> 3 not in range(1, 8) or (at == 1) != (key == IR_VERSION):
                return False
            if key == GRAPH:
                return True
            number, at = read_varint(head, at)
            at += number if key & 7 == 2 else 0
    except WireError:
        pass
    return False


def read_model(data: memoryview) -> OnnxModel:
    graph, producer, opsets = None, "", {}
    for field, value in read_fields(data):
        if field == 2:
            producer = as_text(value)
        elif field == 7:
            graph = as_message(value)
        elif field == 8:
            opset = dict(read_fields(as_message(value)))
            domain = as_text(opset[1]) if 1 in opset else ""
            opsets[domain] = as_integer(opset.get(2, 0))
    if graph is None:
        raise WireError("it has no graph")
    found: dict[int, list[memoryview]] = {1: [], 5: [], 11: [], 12: []}
    name = ""
    for field, value in read_fields(graph):
        if field in found:
            found[field].append(as_message(value))
        elif field == 2:
            name = as_text(value)
    tensors = {t.name: t for t in map(read_tensor, found[5])}
    inputs = [i for i in map(read_input, found[11]) if i.name not in tensors]
    return OnnxModel(
        tuple(map(read_node, found[1])),
        tensors,
        tuple(inputs),
        tuple(map(read_input, found[12])),
        opsets.get("", opsets.get("ai.onnx", 0)),
        producer,
        name,
    )
