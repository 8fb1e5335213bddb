"""Quantities of whole networks or groups of layers, with their readings and arithmetic.

The first reading is cnnspec's convention: MACs without biases, parameters as at inference, layers
as papers count them. FLOPs and MB have no common convention, so they are ``OPEN``: a figure that
only one of their readings gives is ambiguous."""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import Any

from cnnspec.analyses.architecture import find_longest_path, has_weights, is_weighted_or_pool
from cnnspec.analyses.audit.claimed_network import ClaimedNetwork
from cnnspec.analyses.audit.printed_figures import format_number
from cnnspec.analyses.network_costs import Row
from cnnspec.graph.model import Node
from cnnspec.ops.kit.derivation import Step
from cnnspec.records import Record
from cnnspec.units import format_count

MOST = 12  # terms of a sum that are written out


class Reading(Record):
    """One reading of a quantity: its ``name`` ("" if there is only one), value, and arithmetic."""

    name: str
    value: Any
    arithmetic: str


def write_step(step: Step) -> str:
    """Insert the numbers into a step's formula: ``((5*5*3) + 1)*8 = 608``."""
    numbers = re.sub(
        r"[A-Za-z_]\w*",
        lambda m: str(step.values[m[0]]) if m[0] in step.values else m[0],
        step.formula,
    )
    return f"{numbers} = {format_count(step.result)}"


def write_derivation(row: Row, quantity: str) -> str:
    """Return the row's derivation of a quantity; "" if it has none."""
    main = row.main
    if main is None or main.shares is not None:
        return ""
    steps = main.op.derivation(*main.shapes, y=main.output)
    return next((write_step(s) for s in steps if s.quantity == quantity), "")


def sum_and_write(
    rows: Sequence[Row], value: Callable[[Row], int], step: str = ""
) -> tuple[int, str]:
    """Sum a quantity over rows, and write the sum out; for one row, write its formula."""
    terms = [(r, n) for r in rows if (n := value(r))]
    total = sum([n for _, n in terms])
    if len(terms) == 1:
        own = write_derivation(terms[0][0], step) if step else ""
        if own.endswith(f"= {format_count(total)}"):
            return total, own
    if 1 < len(terms) <= MOST:
        return total, f"{' + '.join(format_count(n) for _, n in terms)} = {format_count(total)}"
    return total, f"{format_count(total)}" + (
        f", the sum of {len(terms)} layers" if len(terms) > 1 else ""
    )


def read_params(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    return [Reading("", *sum_and_write(rows, lambda r: r.params, "parameters"))]


def count_kernel_weights(row: Row) -> int:
    """Count the weights of a row's layers, without biases and norms."""
    nodes = [n for n in row.nodes if n.op.role == "layer" and n.shares is None]
    return sum(
        prod(s) for n in nodes for name, s in n.op.parameters(*n.shapes).items() if name != "bias"
    )


def count_biases(row: Row) -> int:
    """Count the biases of a row's layers."""
    nodes = [n for n in row.nodes if n.op.role == "layer" and n.shares is None]
    return sum(
        prod(s) for n in nodes for name, s in n.op.parameters(*n.shapes).items() if name == "bias"
    )


def read_weights(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    total, words = sum_and_write(rows, count_kernel_weights)
    shapes = [
        s
        for r in rows
        for n in r.nodes
        for k, s in n.op.parameters(*n.shapes).items()
        if k == "weight"
    ]
    if len(shapes) == 1 and prod(shapes[0]) == total:
        words = f"{'*'.join(map(str, shapes[0]))} = {format_count(total)}"
    return [Reading("", total, words)]


def read_biases(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    return [Reading("", *sum_and_write(rows, count_biases))]


def read_buffers(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    return [Reading("", *sum_and_write(rows, lambda r: r.buffers))]


def read_macs(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    return [Reading("", *sum_and_write(rows, lambda r: r.macs, "multiply-accumulates"))]


def read_flops(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    total = sum(r.macs for r in rows)
    return [
        Reading("2 FLOPs a MAC", 2 * total, f"2*{format_count(total)} = {format_count(2 * total)}"),
        Reading("1 FLOP a MAC", total, f"{format_count(total)} MACs"),
    ]


def read_bytes(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    """Return the bytes of the parameters in float32; ``megabytes`` reads them as MB or MiB."""
    total = sum(r.params for r in rows)
    return [Reading("", 4 * total, f"4*{format_count(total)} = {format_count(4 * total)} bytes")]


def read_activation_size(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    total, words = sum_and_write(rows, lambda r: r.activation_size, "activation size")
    first = rows[0].nodes[0] if len(rows) == 1 else None
    if (
        first and first.inputs and len(first.output) == 1 and prod(first.shapes[0]) == total
    ):  # a flatten
        words = f"{'*'.join(map(str, first.shapes[0]))} = {format_count(total)}"
    return [Reading("", total, words)]


def read_connections(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    """Count connections as LeCun et al. (1998): each input that an output reads, and its bias."""
    return [Reading("", *sum_and_write(rows, count_connections))]


def count_connections(row: Row) -> int:
    main = row.nodes[0]
    return main.op.count_connections(*main.shapes, y=main.output) if main.inputs else 0


def read_share(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    """Return the share of the network's parameters that is in these layers."""
    some, whole = sum(r.params for r in rows), sum(r.params for r in network.rows())
    value = Fraction(some, whole) if whole else Fraction(0)
    return [
        Reading("", value, f"{format_count(some)}/{format_count(whole)} = {format_number(value)}")
    ]


def read_depth(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    """Return the depth by five definitions, counted within the given rows."""
    nodes = [n for r in rows for n in r.nodes]
    paths: tuple[tuple[str, list[Node]], ...] = (
        ("layers with weights on the longest path", find_longest_path(nodes)),
        (
            "layers with weights or pools on the longest path",
            find_longest_path(nodes, is_weighted_or_pool),
        ),
        ("layers with weights in all", [n for n in nodes if has_weights(n)]),
        ("lines of the network", [n for n in nodes if not n.part]),
        ("operations, activations and norms among them", nodes),
    )
    return [
        Reading(name, len(path), f"{len(path)} {name}{list_names(path)}") for name, path in paths
    ]


def read_depth_with_pools(network: ClaimedNetwork, rows: Sequence[Row]) -> list[Reading]:
    """Return the depth with pooling layers."""
    return [read_depth(network, rows)[1].replace(name="")]


def list_names(path: Sequence[Node]) -> str:
    names = [n.name for n in path]
    return f": {', '.join(names)}" if len(names) <= MOST else f": {names[0]} to {names[-1]}"


COUNTED: dict[str, Callable[[ClaimedNetwork, Sequence[Row]], list[Reading]]] = {
    "params": read_params,
    "weights": read_weights,
    "biases": read_biases,
    "buffers": read_buffers,
    "macs": read_macs,
    "flops": read_flops,
    "bytes": read_bytes,
    "activation_size": read_activation_size,
    "connections": read_connections,
    "share": read_share,
    "layers": read_depth,
    "layers_and_pools": read_depth_with_pools,
}
OPEN = ("flops", "bytes")


def read_megabytes(readings: list[Reading], unit: str) -> list[Reading]:
    """Return both readings of a printed unit such as MB: decimal and binary.

    The values are comparable with the printed 27 * 10**6 of ``27 MB``: the bytes, and the bytes
    times 10**6/2**20. A printed ``MiB`` has one reading only."""
    power = {"k": 1, "m": 2, "g": 3}.get(unit[:1].lower(), 0)
    [plain] = readings
    ratio = Fraction(1000**power, 1024**power)
    binary = Reading(
        f"{unit[:1].upper()}iB",
        plain.value * ratio,
        f"{format_number(plain.value / Fraction(1024**power))} {unit[:1].upper()}iB",
    )
    if power == 0 or unit[1:2] == "i":
        return (
            [binary.replace(name="", arithmetic=f"{plain.arithmetic} = {binary.arithmetic}")]
            if power
            else readings
        )
    decimal = Reading(
        f"{unit[:1].upper()}B of {format_count(1000**power)}",
        plain.value,
        f"{plain.arithmetic} = {format_number(Fraction(plain.value, 1000**power))}"
        f" {unit[:1].upper()}B",
    )
    return [decimal, binary]
