"""Read what is added to the products of queries and keys: a learned bias, a mask, a value."""

from math import prod
from typing import Any

from cnnspec.analyses.flat_calls import Constant, Value, Weight
from cnnspec.importing.canonical.graph_builder import KEEPING, ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import Factors
from cnnspec.importing.canonical.rolls import commutes_with_roll
from cnnspec.records import Record
from cnnspec.units import Shape

UNKNOWN = "it has a mask or a bias that is not computed from the input"
FREE = (*KEEPING, "repeat", "_unsafe_view", "type_as")


class AttentionBias(Record):
    """The queries to which a bias belongs: their node, its shape, their heads, their positions.

    ``keys`` is the shape of the node of the keys.
    ``windows`` are the factors of positions that do not see each other."""

    node: int
    shape: Shape
    heads: int
    positions: Factors
    windows: Factors
    keys: Shape


class ReadBiases(Record):
    """What biases are of an attention: fields, a learned table, and nodes that are added.

    ``shift`` is by how many positions the windows move."""

    fields: dict[str, Any] = {}
    weights: tuple[Any, ...] = ()
    nodes: tuple[int, ...] = ()
    shift: int = 0


def read_biases(builder: ImportBuilder, biases: tuple[Any, ...], at: AttentionBias) -> ReadBiases:
    """Return what the biases of an attention are. Raises UnsupportedCall."""
    found = ReadBiases()
    for bias in biases:
        for part in split_sum(bias):
            found = add_bias(builder, found, part, at)
    return found


def split_sum(bias: Any) -> list[Any]:
    """Return the terms of a bias that is a sum of tensors which depend on no input."""
    made = bias.made_by if isinstance(bias, Weight) else None
    if made is None:
        return [bias]
    given = made.arguments
    if made.name in ("add", "add_") and given.get("alpha", 1) == 1:
        return [*split_sum(given["self"]), *split_sum(given["other"])]
    if made.name in FREE and made.name != "t":
        return split_sum(given["self"]) if isinstance(given.get("self"), Weight) else [bias]
    return [bias]


def add_bias(builder: ImportBuilder, found: ReadBiases, bias: Any, at: AttentionBias) -> ReadBiases:
    """Return the biases with one more. Raises UnsupportedCall where no operator has it."""
    if isinstance(bias, Value):
        if found.nodes or at.windows:
            raise UnsupportedCall("it adds several computed values, or one in windows")
        return found.replace(nodes=(builder.arrange_map(builder.layout(bias)),))
    table = find_table(bias)
    fields = {} if table is None or found.weights else find_bias_fields(builder, table, at)
    if fields:
        return found.replace(fields={**found.fields, **fields}, weights=(table,))
    if is_fixed(builder, bias) and at.windows and not found.shift:
        shift = find_shift(builder, at)
        return found.replace(shift=shift, fields={**found.fields, "shift": shift})
    raise UnsupportedCall(UNKNOWN)


def find_table(bias: Any) -> Weight | None:
    """Return the parameter in which biases are looked up.

    How it is indexed is left to the comparison of values."""
    table = bias
    while isinstance(table, Weight) and table.made_by is not None:
        if table.made_by.name not in ("index", "index_select", "einsum", *FREE):
            return None
        given = table.made_by.arguments
        table = given["tensors"][0] if "tensors" in given else given.get("self")
    return table if isinstance(table, Weight) and table is not bias else None


def find_bias_fields(builder: ImportBuilder, table: Weight, at: AttentionBias) -> dict[str, Any]:
    """Return the fields of a bias for each distance in a window and head; none if it is no such."""
    sizes = find_sizes(at)
    distances = prod(2 * m - 1 for _, m in sizes)
    if not sizes or not builder.trains(table):
        return {}
    if at.keys[1:] == at.shape[1:] and prod(table.shape) == distances * at.heads:
        return {"relative_position_bias": True}
    keys = prod(at.keys[1:]) if not at.windows else prod(m for _, m in sizes)
    if len(at.keys) == len(at.shape) and prod(table.shape) == keys * at.heads:
        return {"relative_position_bias": True, "symmetric_bias": True}
    return {}


def find_sizes(at: AttentionBias) -> list[tuple[int, int]]:
    """Return the dimensions of the positions, and how many of them see each other in each.

    Empty unless they are in the order of the dimensions."""
    dims = [f.dim for f in at.positions]
    in_order = dims == sorted(set(dims))
    sizes = {f.dim: f.size for f in at.positions}
    return [(d, sizes.get(d, 1)) for d in range(2, len(at.shape) + 1)] if in_order else []


def is_fixed(builder: ImportBuilder, bias: Any) -> bool:
    """Tell whether a tensor is a constant, or computed from buffers alone."""
    if isinstance(bias, Weight):
        return not any(name in builder.parameters for name in bias.names)
    return isinstance(bias, Constant)


def find_shift(builder: ImportBuilder, at: AttentionBias) -> int:
    """Return by how many positions a map was rolled before its windows were masked.

    That the mask hides what the roll brought from the other side is left to the comparison of
    values. Raises UnsupportedCall where there is no such roll."""
    node = builder.nodes[at.node]
    while commutes_with_roll(node) and len(node.inputs) == 1:
        node = builder.nodes[node.inputs[0]]
    shifts = {*node.fields["shifts"]} if node.kind == "roll" else set()
    if len(shifts) != 1 or min(shifts) >= 0:
        raise UnsupportedCall("it has a mask, and its windows were not moved by as much each way")
    return int(-shifts.pop())
