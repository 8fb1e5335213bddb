"""Evaluate the nodes of an ONNX graph that calculate with sizes, not with the input.

Exporters write ``x.view(x.size(0), -1)`` as such nodes where a size may vary."""

import math
import operator
from collections.abc import Callable
from typing import Any

from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.onnx.onnx_records import INTEGERS, OnnxNode, OnnxTensor
from cnnspec.records import Record
from cnnspec.units import Shape

Number = Any  # an int, a float or a bool
MOST_VALUES = 4096


class Known(Record):
    """A tensor whose values are known, in order."""

    shape: Shape
    values: tuple[Number, ...]

    @property
    def number(self) -> Number:
        """The only value. Raises UnsupportedCall if there are several."""
        if len(self.values) != 1:
            raise UnsupportedCall("it needs a single number, not a list")
        return self.values[0]

    @property
    def integers(self) -> list[int]:
        return [int(v) for v in self.values]


def known_of(tensor: OnnxTensor) -> Known | None:
    """Return the values of a tensor of the file if they are kept."""
    if tensor.values is None or len(tensor.values) != math.prod(tensor.shape):
        return None
    return Known(tensor.shape, tensor.values)


def is_weight(tensor: OnnxTensor) -> bool:
    """Tell whether a tensor may be a parameter: it has several values that are no integers."""
    return tensor.is_float and math.prod(tensor.shape) > 1


def known_list(values: list[Number]) -> Known:
    return Known((len(values),), tuple(values))


def divide(a: Number, b: Number) -> Number:
    """Divide as ONNX does: integers are cut towards zero."""
    if b == 0:
        raise UnsupportedCall("it divides by zero")
    return int(a / b) if isinstance(a, int) and isinstance(b, int) else a / b


OPERATIONS: dict[str, Callable[..., Number]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": divide,
    "Mod": operator.mod,
    "Min": min,
    "Max": max,
    "Pow": operator.pow,
    "Equal": operator.eq,
    "Less": operator.lt,
    "Greater": operator.gt,
    "Neg": operator.neg,
    "Floor": math.floor,
    "Ceil": math.ceil,
    "Sqrt": math.sqrt,
    "Not": operator.not_,
    "And": lambda a, b: bool(a and b),
    "Or": lambda a, b: bool(a or b),
    "Where": lambda condition, a, b: a if condition else b,
}


def calculate(node: OnnxNode, given: list[Known]) -> Known:
    """Apply an operation to each value; a single value goes with all others."""
    size = max(len(k.values) for k in given)
    if any(len(k.values) not in (1, size) for k in given):
        raise UnsupportedCall("it calculates with lists of different lengths")
    shape = max((k.shape for k in given if len(k.values) == size), key=len)
    rows = [k.values * (size if len(k.values) == 1 else 1) for k in given]
    return Known(shape, tuple(map(OPERATIONS[node.operator], *rows)))


def gather(node: OnnxNode, given: list[Known]) -> Known:
    data, indices = given
    if len(data.shape) != 1:
        raise UnsupportedCall("it gathers from a table of constants")
    try:
        return Known(indices.shape, tuple([data.values[i] for i in indices.integers]))
    except IndexError:
        raise UnsupportedCall("it gathers beyond the end of a list") from None


def cut(node: OnnxNode, given: list[Known]) -> Known:
    """Evaluate Slice of a list, or of the rows of a table."""
    data, *more = given
    old = node.attributes
    start = more[0].integers[0] if more else old["starts"][0]
    end = more[1].integers[0] if len(more) > 1 else old["ends"][0]
    axis = more[2].integers[0] if len(more) > 2 else old.get("axes", [0])[0]
    step = more[3].integers[0] if len(more) > 3 else 1
    if axis != 0 or (more and len(more[0].values) > 1) or not data.shape:
        raise UnsupportedCall("it cuts columns of a table of constants")
    width = math.prod(data.shape[1:])
    rows = [data.values[i : i + width] for i in range(0, len(data.values), width or 1)]
    kept = rows[start:end:step]
    return Known((len(kept), *data.shape[1:]), tuple([v for row in kept for v in row]))


def transpose(node: OnnxNode, given: list[Known]) -> Known:
    """Evaluate Transpose of a table."""
    data = given[0]
    if len(data.shape) != 2:
        raise UnsupportedCall("it permutes the dimensions of a table of constants")
    rows, columns = data.shape
    order = [i * columns + j for j in range(columns) for i in range(rows)]
    return Known((columns, rows), tuple([data.values[i] for i in order]))


def concatenate(node: OnnxNode, given: list[Known]) -> Known:
    return known_list([v for k in given for v in k.values])


def fill(node: OnnxNode, given: list[Known]) -> Known:
    """Evaluate ConstantOfShape."""
    shape, value = tuple(given[0].integers), node.attributes.get("value")
    number = value.values[0] if isinstance(value, OnnxTensor) and value.values else 0.0
    return Known(shape, (number,) * limit(math.prod(shape)))


def expand(node: OnnxNode, given: list[Known]) -> Known:
    data, shape = given[0], tuple(given[1].integers)
    return Known(shape, (data.number,) * limit(math.prod(shape)))


def limit(count: int) -> int:
    if not 0 <= count <= MOST_VALUES:
        raise UnsupportedCall("it makes a large table of constants")
    return count


def count_up(node: OnnxNode, given: list[Known]) -> Known:
    """Evaluate Range."""
    start, end, step = (int(k.number) for k in given)
    limit(max((end - start) // (step or 1), 0))
    return known_list(list(range(start, end, step or 1)))


def cast(node: OnnxNode, given: list[Known]) -> Known:
    kind: Callable[[Number], Number] = int if node.attributes.get("to") in INTEGERS else float
    return Known(given[0].shape, tuple(map(kind, given[0].values)))


def change_rank(node: OnnxNode, given: list[Known]) -> Known:
    """Evaluate Unsqueeze and Squeeze: a list, or a single number."""
    data = given[0]
    single = node.operator == "Squeeze" and len(data.values) == 1
    return Known(() if single else (len(data.values),), data.values)


def reshape(node: OnnxNode, given: list[Known]) -> Known:
    data = given[0]
    shape = given[1].integers if len(given) > 1 else [-1]
    others = math.prod([n for n in shape if n != -1]) or 1
    found = tuple([len(data.values) // others if n == -1 else n for n in shape])
    if math.prod(found) != len(data.values):
        raise UnsupportedCall(f"it makes {shape} of {len(data.values)} constants")
    return Known(found, data.values)


def multiply_all(node: OnnxNode, given: list[Known]) -> Known:
    return known_list([math.prod(given[0].values)])


EVALUATED: dict[str, Callable[[OnnxNode, list[Known]], Known]] = {
    **dict.fromkeys(OPERATIONS, calculate),
    "Gather": gather,
    "Slice": cut,
    "Concat": concatenate,
    "ConstantOfShape": fill,
    "Expand": expand,
    "Range": count_up,
    "Cast": cast,
    **dict.fromkeys(("Unsqueeze", "Squeeze"), change_rank),
    "Reshape": reshape,
    "Transpose": transpose,
    "ReduceProd": multiply_all,
    **dict.fromkeys(("Identity", "Flatten"), lambda node, given: given[0]),
}
