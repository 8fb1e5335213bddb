"""The ONNX model of a graph, with its weights."""

from collections.abc import Callable
from typing import Any

from cnnspec.exporting.onnx.write_nodes import OnnxConstant, OnnxValue, write_nodes
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError

OPSET = 20
BATCH = "batch"  # the name of a dynamic batch


def write_onnx_model(graph: Graph, tensor: Callable[[str, str], Any], dynamic: bool) -> Any:
    """Return the ModelProto of a graph at inference, in float32, checked by onnx's checker.

    ``tensor`` returns the array of a layer's tensor, by the layer's name and its own. The batch is
    1, or any with ``dynamic``. Raises RequestError without the package onnx, for a graph that
    cannot be written in ONNX, and for one with more than 2 GB."""
    onnx, numpy = import_onnx()
    written = write_nodes(graph)
    helper = onnx.helper
    nodes = [
        helper.make_node(n.op_type, n.inputs, n.outputs, n.name, **n.attributes)
        for n in written.nodes
    ]
    initializers = [
        onnx.numpy_helper.from_array(make_array(numpy, constant), name)
        for name, constant in written.constants.items()
    ]
    for name, (layer, own) in written.tensors.items():
        array = numpy.asarray(tensor(layer, own), dtype=numpy.float32)
        initializers.append(onnx.numpy_helper.from_array(array, name))
    made = helper.make_graph(
        nodes,
        graph.name,
        [describe_value(onnx, value, dynamic) for value in written.inputs],
        [describe_value(onnx, value, dynamic) for value in written.outputs],
        initializers,
        doc_string=f"{graph.title}. {graph.source}".strip(),
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(made, opset_imports=[opset], producer_name="cnnspec")
    model.ir_version = helper.find_min_ir_version_for([opset])
    try:
        onnx.checker.check_model(model, full_check=True)
    except ValueError as error:  # protobuf's limit
        raise RequestError(f"the model is too large for one ONNX file: {error}") from None
    return model


def import_onnx() -> tuple[Any, Any]:
    """Return the packages onnx and numpy. Raises RequestError where they are missing."""
    try:
        import numpy
        import onnx
        import onnx.checker
        import onnx.numpy_helper
    except ImportError:
        raise RequestError("an export to ONNX needs onnx: pip install 'cnnspec[onnx]'") from None
    return onnx, numpy


def make_array(numpy: Any, constant: OnnxConstant) -> Any:
    """Return a constant as an array of float32 or int64."""
    kind = numpy.float32 if any(type(n) is float for n in constant.numbers) else numpy.int64
    return numpy.array(constant.numbers, dtype=kind).reshape(constant.shape)


def describe_value(onnx: Any, value: OnnxValue, dynamic: bool) -> Any:
    """Return the name, type and shape of an input or an output."""
    shape: list[str | int] = [BATCH if dynamic else 1, *value.shape]
    return onnx.helper.make_tensor_value_info(value.name, onnx.TensorProto.FLOAT, shape)
