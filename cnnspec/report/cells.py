"""What the cells of a per-layer table say about a row, as text and as numbers."""

from collections.abc import Callable
from math import prod

from cnnspec.analyses.network_costs import Row
from cnnspec.analyses.receptive_field.receptive_field import ReceptiveField
from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis, padding_sides
from cnnspec.units import Shape, format_chw, format_count, format_hwc, format_shape

NOTHING = "–"


def row_label(row: Row) -> str:
    """A row's name; for a run of equal rows the first and the last name, and how many."""
    return f"{row.name} … {row.last} x{row.times}" if row.times > 1 else row.name


def textbook_label(row: Row) -> str:
    """The name with a convolution's kernel and stride: ``CONV1 (f=5, s=1)``."""
    if row.op == "input":
        return "Input Layer:"
    windows = row_windows(row) if row.params else []
    if not windows:
        return row_label(row)
    size = join_sizes([w.kernel for w in windows])
    step = join_sizes([w.stride for w in windows])
    return f"{row_label(row)} (f={size}, s={step})"


def op_with_parts(row: Row) -> str:
    """The operator with the norm and the activation that the row includes: ``conv+bn+relu``."""
    return "+".join([row.op, *(n.op.abbreviation or n.kind for n in row_parts(row))])


def row_parts(row: Row) -> list[Node]:
    """The norm and the activation that a row includes besides its operator."""
    return [node for node in row.nodes[1:] if node.part] if row.main else []


def output_shape(row: Row, layout: str) -> str:
    """The output as 96x55x55, or as (55, 55, 96)."""
    return format_hwc(row.output) if layout == "hwc" else format_shape(row.output)


def output_tuple(row: Row, layout: str) -> str:
    """The output as (96, 55, 55), or as (55, 55, 96)."""
    return format_hwc(row.output) if layout == "hwc" else format_chw(row.output)


def row_windows(row: Row) -> list[Axis]:
    """The sliding windows of the row's operator; none for operators without."""
    return row.main.op.axes(*row.main.shapes[:1]) if row.main else []


def join_sizes(sizes: list[int], times: str = "×") -> str:
    """The sizes along the dimensions: one number where they are equal."""
    if not sizes:
        return NOTHING
    return str(sizes[0]) if len(set(sizes)) == 1 else times.join(map(str, sizes))


def kernel_size(row: Row, times: str = "×") -> str:
    """The kernel's size: ``3×3``."""
    return times.join(str(w.kernel) for w in row_windows(row)) or NOTHING


def stride(row: Row, times: str = "×") -> str:
    """The stride, one number where it is the same along all dimensions."""
    return join_sizes([w.stride for w in row_windows(row)], times)


def dilation(row: Row, times: str = "×") -> str:
    """The dilation, one number where it is the same along all dimensions."""
    return join_sizes([w.dilation for w in row_windows(row)], times)


def padding(row: Row, times: str = "×") -> str:
    """SAME, VALID or the zeros on each side, whichever way the spec writes it."""
    windows = row_windows(row)
    given = [(w.before, w.after) for w in windows]
    if not windows:
        return NOTHING
    if getattr(row.operator, "padding", 0) != "same" and not any(map(sum, given)):
        return "VALID"
    if given == [padding_sides("same", w.size, w.kernel, w.stride, w.dilation) for w in windows]:
        return "SAME"
    if all(before == after for before, after in given):
        return join_sizes([before for before, _ in given], times)
    return " ".join(f"{before}+{after}" for before, after in given)


def maps(row: Row) -> str:
    """The number of maps, marked where the input has three colours."""
    if len(row.output) == 1:
        return NOTHING
    rgb = row.op == "input" and row.output[0] == 3
    return format_count(row.output[0]) + (" (RGB)" if rgb else "")


def map_size(row: Row, times: str = "×") -> str:
    """The size of a map, or the elements of a vector."""
    y = row.output
    return format_count(y[0]) if len(y) == 1 else format_shape(y[1:], times)


def op_title(row: Row) -> str:
    """The type of the row's operator, or the block of a folded row."""
    return row.operator.title if row.operator is not None else row.op


def norm_title(row: Row) -> str:
    """The norm that the row includes."""
    node = row.part("norm")
    return node.op.title if node else NOTHING


def activation_title(row: Row) -> str:
    """The activation that the row includes, or that its operator contains."""
    if node := row.part("activation"):
        return node.op.title
    return (row.operator.activation_title if row.operator is not None else "") or NOTHING


def format_field(field: ReceptiveField, values: tuple[int | str, ...] | None) -> str:
    """A size of a receptive field; "all" for the whole input, "?" where it is unknown."""
    if values is None:
        return "?" if field.unknown else "all"
    return "x".join(map(str, values))


def raw_field(field: ReceptiveField, values: tuple[int | str, ...] | None) -> str:
    """A size of a receptive field for CSV: "" where it is unknown."""
    return "" if values is None and field.unknown else format_field(field, values)


def elementwise_work(row: Row) -> str:
    """The elementwise arithmetic by kind: ``3,528 additions, 1,176 divisions``."""
    kinds = [f"{format_count(n)} {kind.replace('_', ' ')}" for kind, n in row.elementwise.items()]
    return ", ".join(kinds) or NOTHING


def raw_elementwise_work(row: Row) -> str:
    """The elementwise arithmetic for CSV: ``additions=3528;divisions=1176``."""
    return ";".join(f"{kind}={n}" for kind, n in row.elementwise.items())


def count_elements(row: Row, wanted: Callable[[str, Shape], bool]) -> int:
    """Count the elements of a row's own parameters whose name and shape are wanted."""
    return sum(
        prod(shape)
        for node in row.nodes
        if not node.shares
        for name, shape in node.op.parameters(*node.shapes).items()
        if wanted(name, shape)
    )


def count_weights(row: Row) -> int:
    """Count the elements of kernels and matrices, without biases and norms."""
    return count_elements(row, lambda name, shape: len(shape) > 1)


def count_biases(row: Row) -> int:
    """Count the elements of biases, those of norms included."""
    return count_elements(row, lambda name, shape: name.endswith("bias"))


def groups(row: Row) -> str:
    """The groups into which an operator splits its channels; of a depthwise one all channels."""
    given = getattr(row.operator, "groups", None)
    if given is None and row.main and row_windows(row):
        weight = row.main.op.parameters(*row.main.shapes).get("weight", ())
        given = row.main.shapes[0][0] // weight[1] if len(weight) > 2 else None
    return NOTHING if given is None else format_count(given)
