"""ONNX's views, parts and constants as PyTorch's calls."""

from math import prod
from typing import Any

from cnnspec.analyses.flat_calls import Value
from cnnspec.importing.canonical.graph_builder import UnsupportedCall
from cnnspec.importing.formats.model_file import BATCH
from cnnspec.importing.formats.onnx.onnx_constants import Known, is_weight, known_list, known_of
from cnnspec.importing.formats.onnx.onnx_records import OnnxTensor
from cnnspec.importing.formats.onnx.onnx_trace import OnnxTracer, Rule
from cnnspec.units import Shape

MOST_SETTINGS = 8  # numbers of a constant that may be settings, such as factors of a size
LARGE = 1 << 31  # an end of a slice beyond it means all


def concatenate(t: OnnxTracer) -> Value:
    parts = [t.get(i) for i in range(len(t.node.inputs))]
    tensors = [p if isinstance(p, Value) else t.weight(i) for i, p in enumerate(parts)]
    if len(tensors) == 1:
        return t.value()
    return t.writer.concatenate(tensors, t.node.attributes["axis"])


def split(t: OnnxTracer) -> list[Value]:
    x, given = t.value(), t.node.attributes
    dim = given.get("axis", 0) % len(x.shape)
    sizes = t.known(1, "split")
    count = given.get("num_outputs", len(t.node.outputs))
    each = -(-x.shape[dim] // count)
    lengths = (
        sizes.integers if sizes else [each] * (count - 1) + [x.shape[dim] - each * (count - 1)]
    )
    shapes = [(*x.shape[:dim], n, *x.shape[dim + 1 :]) for n in lengths]
    return t.writer.call_several("split", {"self": x, "dim": dim}, shapes)


def cut(t: OnnxTracer) -> Value:
    """Translate Slice, one dimension after another."""
    x = t.value()
    found = [t.known(1, "starts"), t.known(2, "ends"), t.known(3, "axes"), t.known(4)]
    starts, ends = (k.integers if k else [] for k in found[:2])
    axes = found[2].integers if found[2] else list(range(len(starts)))
    steps = found[3].integers if found[3] else [1] * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        dim = axis % len(x.shape)
        size = x.shape[dim]
        if step < 1:
            raise UnsupportedCall("it reads backwards")
        first, last, _ = slice(start, end if abs(end) < LARGE else None, step).indices(size)
        length = len(range(first, last, step))
        if length == size:
            continue
        if dim == 0:
            raise UnsupportedCall("it cuts the batch")
        shape = (*x.shape[:dim], length, *x.shape[dim + 1 :])
        given = {"self": x, "dim": dim, "start": first, "end": last, "step": step}
        x = t.writer.call("slice", given, shape)
    return x


def gather(t: OnnxTracer) -> Value:
    """Translate Gather of one place of a dimension."""
    x, indices = t.value(), t.known(1)
    dim = t.node.attributes.get("axis", 0) % len(x.shape)
    if indices is None or len(indices.values) != 1 or dim == 0:
        raise UnsupportedCall("it gathers several places")
    index = int(indices.number) % x.shape[dim]
    if indices.shape:
        shape = (*x.shape[:dim], 1, *x.shape[dim + 1 :])
        given = {"self": x, "dim": dim, "start": index, "end": index + 1, "step": 1}
        return t.writer.call("slice", given, shape)
    shape = (*x.shape[:dim], *x.shape[dim + 1 :])
    return t.writer.call("select", {"self": x, "dim": dim, "index": index}, shape)


def view_tensor(t: OnnxTracer) -> OnnxTensor | None:
    """Return a tensor of the file in another shape, if the current node gives it one."""
    found, kind = t.get(0), t.node.operator
    if not isinstance(found, OnnxTensor):
        return None
    if kind == "Transpose":
        if len(found.shape) != 2:
            raise UnsupportedCall("it permutes the dimensions of a weight")
        return found.replace(shape=found.shape[::-1])
    given = t.known(1, "shape" if kind == "Reshape" else "axes")
    numbers = given.integers if given else []
    if kind == "Reshape":
        return found.replace(shape=fill_in(numbers, prod(found.shape)))
    shape = list(found.shape)
    for axis in sorted(a % (len(shape) + len(numbers)) for a in numbers):
        shape.insert(axis, 1)
    return found.replace(shape=tuple(shape))


def reshape(t: OnnxTracer) -> Value | OnnxTensor:
    """Translate Reshape. A first size equal to the file's batch is that of any batch."""
    if view := view_tensor(t):
        return view
    wanted = t.known(1, "shape")
    if wanted is None:
        raise UnsupportedCall("its shape is not known")
    x = t.value()
    shape = wanted.integers
    if not t.node.attributes.get("allowzero"):
        shape = [x.shape[i] if n == 0 else n for i, n in enumerate(shape)]
    fits = -1 in shape[1:] or prod(shape) // (t.fixed_batch or 1) * BATCH == prod(x.shape)
    if shape and shape[0] == t.fixed_batch and fits:
        shape[0] = BATCH
    return t.writer.reshape(x, fill_in(shape, prod(x.shape)))


def fill_in(shape: list[int], size: int) -> Shape:
    """Return a shape with the size that is -1. Raises UnsupportedCall where it does not fit."""
    others = prod([n for n in shape if n != -1])
    found = [size // others if n == -1 and others else n for n in shape]
    if prod(found) != size:
        raise UnsupportedCall(f"it makes {shape} of {size} elements")
    return tuple(found)


def flatten(t: OnnxTracer) -> Value:
    x = t.value()
    axis = t.node.attributes.get("axis", 1)
    axis = axis % len(x.shape) if axis < 0 else axis
    return t.writer.reshape(x, (prod(x.shape[:axis]), prod(x.shape[axis:])))


def permute(t: OnnxTracer) -> Value | OnnxTensor:
    if view := view_tensor(t):
        return view
    x = t.value()
    order = t.node.attributes.get("perm") or list(range(len(x.shape)))[::-1]
    shape = tuple([x.shape[d] for d in order])
    return t.writer.call("permute", {"self": x, "dims": order}, shape)


def squeeze(t: OnnxTracer) -> Value:
    x, axes = t.value(), t.known(1, "axes")
    if axes is None:
        dims = [i for i, n in enumerate(x.shape) if n == 1]
    else:
        dims = [d % len(x.shape) for d in axes.integers]
    shape = tuple([n for i, n in enumerate(x.shape) if i not in dims])
    return t.writer.call("squeeze", {"self": x, "dim": dims}, shape)


def unsqueeze(t: OnnxTracer) -> Value | OnnxTensor:
    if view := view_tensor(t):
        return view
    x, axes = t.value(), t.known(1, "axes")
    if axes is None:
        raise UnsupportedCall("its dimensions are not known")
    rank = len(x.shape) + len(axes.values)
    for dim in sorted(d % rank for d in axes.integers):
        shape = (*x.shape[:dim], 1, *x.shape[dim:])
        x = t.writer.call("unsqueeze", {"self": x, "dim": dim}, shape)
    return x


def read_shape(t: OnnxTracer) -> Known:
    """Evaluate Shape of a value, or of a tensor of the file."""
    found = t.get(0)
    shape = list(found.shape) if found is not None else []
    given = t.node.attributes
    return known_list(shape[given.get("start", 0) : given.get("end", len(shape))])


def read_constant(t: OnnxTracer) -> Known | OnnxTensor:
    """Return the value of a Constant."""
    given = t.node.attributes
    if "value" in given:
        tensor: OnnxTensor = given["value"].replace(name=t.node.outputs[0])
        is_large = is_weight(tensor) and prod(tensor.shape) > MOST_SETTINGS
        return tensor if is_large else known_of(tensor) or tensor
    number = next(iter(given.values()))
    return known_list(number) if isinstance(number, list) else Known((), (number,))


def expand(t: OnnxTracer) -> Any:
    """Translate Expand where it keeps the shape, or repeats a parameter for each example."""
    found, shape = t.get(0), t.known(1)
    wanted = shape.integers if shape else []
    if isinstance(found, OnnxTensor) and prod(wanted[1:]) == prod(found.shape):
        return found
    x = t.value()
    if any(n not in (1, m) for n, m in zip(wanted[::-1], x.shape[::-1], strict=False)):
        raise UnsupportedCall("it repeats a value")
    return x


SHAPES: dict[str, Rule] = {
    "Concat": concatenate,
    "Split": split,
    "Slice": cut,
    "Gather": gather,
    "Reshape": reshape,
    "Flatten": flatten,
    "Transpose": permute,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Shape": read_shape,
    "Constant": read_constant,
    "Expand": expand,
}
