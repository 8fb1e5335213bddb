"""ONNX's arithmetic and reductions as PyTorch's calls."""

from math import prod
from typing import Any

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.onnx.onnx_constants import Known, known_of
from cnnspec.importing.formats.onnx.onnx_records import OnnxTensor
from cnnspec.importing.formats.onnx.onnx_trace import OnnxTracer, Rule

OPERATIONS = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div"}
OPERATIONS |= {"Max": "maximum", "Min": "minimum", "Sum": "add"}
REDUCTIONS = {"ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "amax", "ReduceMin": "amin"}


def operand(t: OnnxTracer, slot: int) -> Any:
    """Return an operand: a value, a number, or a parameter."""
    found = t.get(slot)
    if isinstance(found, OnnxTensor) and prod(found.shape) == 1:
        known = known_of(found)
        if known is not None:
            t.constants.append(found.name)
            return float(known.number)
    if isinstance(found, Known) and len(found.values) == 1:
        return float(found.number)
    return found if isinstance(found, Value) else t.weight(slot)


def combine(t: OnnxTracer) -> Value:
    """Translate arithmetic; several operands are combined one after another."""
    name = OPERATIONS[t.node.operator]
    found = operand(t, 0)
    for slot in range(1, len(t.node.inputs)):
        found = t.writer.combine(name, found, operand(t, slot))
    if not isinstance(found, Value):
        raise UnsupportedCall("it combines no values")
    return found


def raise_to_power(t: OnnxTracer) -> Value:
    """Translate Pow with the exponent 2."""
    exponent = t.known(1)
    if exponent is None or exponent.number != 2:
        raise UnsupportedCall("its exponent is not 2")
    return t.writer.combine("mul", t.value(), t.value())


def negate(t: OnnxTracer) -> Value:
    return t.writer.activate("neg", t.value())


def reduce(t: OnnxTracer) -> Value:
    x, axes = t.value(), t.known(1, "axes")
    dims = axes.integers if axes and axes.values else list(range(len(x.shape)))
    keepdim = bool(t.node.attributes.get("keepdims", 1))
    return t.writer.reduce(REDUCTIONS[t.node.operator], x, dims, keepdim)


ARITHMETIC: dict[str, Rule] = {
    **dict.fromkeys(OPERATIONS, combine),
    "Pow": raise_to_power,
    "Neg": negate,
    **dict.fromkeys(REDUCTIONS, reduce),
}
