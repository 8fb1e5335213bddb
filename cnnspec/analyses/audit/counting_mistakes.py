"""Mistakes in counting: parts of a network that were left out or added."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from cnnspec.analyses.audit.claimed_network import ClaimedNetwork, make_single_operator
from cnnspec.analyses.audit.counted_quantities import COUNTED, count_biases, count_kernel_weights
from cnnspec.analyses.audit.printed_figures import format_number
from cnnspec.analyses.audit.ruling import Attempt, RefutedClaim
from cnnspec.analyses.network_costs import Row
from cnnspec.graph.model import Node
from cnnspec.problems import RequestError, SpecError
from cnnspec.units import format_count, format_shape

FEW = 40  # with more layers, one of them fits by chance


def with_auxiliary_heads(c: RefutedClaim) -> Iterator[Attempt]:
    """Try the count with the auxiliary heads, which only training has."""
    if (
        c.network
        and c.claim.quantity in ("params", "weights", "macs", "flops", "bytes")
        and not c.subject.training
    ):
        try:
            rows = c.network.select_rows(c.subject, training=True)
        except SpecError:
            return
        if len(rows) > len(c.rows):
            reading = COUNTED[c.claim.quantity](c.network, rows)[0]
            yield Attempt(
                reading.value,
                f"with the auxiliary heads, which only training has: {format_count(reading.value)}",
            )


def flops_and_macs(c: RefutedClaim) -> Iterator[Attempt]:
    """Try FLOPs instead of MACs, and MACs instead of FLOPs."""
    if c.value is not None and c.claim.quantity == "macs":
        yield Attempt(2 * c.value, f"2 FLOPs a MAC: {format_count(int(2 * c.value))}")
    elif c.value is not None and c.claim.quantity == "flops":
        yield Attempt(c.value / 2, f"MACs, not FLOPs: {format_count(int(c.value / 2))}")


def without_biases(c: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without biases."""
    if (
        c.claim.quantity == "params"
        and c.value is not None
        and (n := sum(map(count_biases, c.rows)))
    ):
        yield Attempt(
            c.value - n, f"without the {format_count(n)} biases: {format_count(int(c.value) - n)}"
        )


def without_norms(c: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without the scales and shifts of norms."""
    if c.claim.quantity == "params" and c.value is not None:
        n = sum(r.params - count_kernel_weights(r) - count_biases(r) for r in c.rows)
        if n > 0:
            yield Attempt(
                c.value - n,
                f"without the {format_count(n)} parameters of norms:"
                f" {format_count(int(c.value) - n)}",
            )


def with_buffers(c: RefutedClaim) -> Iterator[Attempt]:
    """Try the count with the running statistics of batch normalization, which are not trained."""
    if (
        c.claim.quantity == "params"
        and c.value is not None
        and (n := sum(r.buffers for r in c.rows))
    ):
        yield Attempt(
            c.value + n,
            f"with the {format_count(n)} running statistics of norms:"
            f" {format_count(int(c.value) + n)}",
        )


def count_absent_biases(nodes: list[Node]) -> int:
    """Count the biases that layers without bias would have."""
    return sum(
        n.op.weight_shape(*n.shapes)[0]
        for n in nodes
        if n.op.fields.keys() >= {"bias", "kernel_size"} and not getattr(n.op, "bias", True)
    )


def with_biases(c: RefutedClaim) -> Iterator[Attempt]:
    """Try the count with a bias in each convolution that has none, as its norm has one."""
    if c.claim.quantity == "params" and c.value is not None:
        n = count_absent_biases([node for r in c.rows for node in r.nodes])
        if n:
            yield Attempt(
                c.value + n,
                f"with a bias in each convolution, {format_count(n)} more:"
                f" {format_count(int(c.value) + n)}",
            )


def without_biases_in_kilo(c: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without biases in units of 1024."""
    if (
        c.claim.quantity == "params"
        and c.value is not None
        and c.figure is not None
        and c.figure.scale == 1000
    ):
        weights = c.value - sum(map(count_biases, c.rows))
        yield Attempt(
            weights * Fraction(1000, 1024),
            f"without biases, {format_count(int(weights))}, in units of 1,024: "
            f"{format_number(weights / 1024)}",
        )


def layer_omitted(c: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without one layer: the last, or any if there are few."""
    if (
        c.claim.quantity not in ("params", "weights", "macs")
        or c.value is None
        or c.figure is None
        or len(c.rows) < 3
    ):
        return
    by_name: dict[str, Callable[[Row], int]] = {
        "params": lambda r: r.params,
        "macs": lambda r: r.macs,
    }
    counted = by_name.get(c.claim.quantity, count_kernel_weights)
    terms = [(r, n) for r in c.rows if (n := counted(r))]
    some = terms if len(terms) <= FEW and c.figure.digits >= 4 else terms[-1:]
    for row, n in some:
        yield Attempt(
            c.value - n, f"without {row.name}, {format_count(n)}: {format_count(int(c.value) - n)}"
        )


def other_input(c: RefutedClaim) -> Iterator[Attempt]:
    """Try an input of 224 instead of 227, and 227 instead of 224."""
    if c.network is None or c.claim.quantity not in (
        "macs",
        "flops",
        "activation_size",
        "connections",
    ):
        return
    channels, *sides = c.network.inputs[0].output
    side = {224: 227, 227: 224}.get(sides[0] if len(set(sides)) == 1 else 0)
    if side is None:
        return
    given = (channels, side, side)
    try:
        alone_ = isinstance(c.subject.layer, dict)
        network = (
            make_single_operator(c.subject.layer, given)
            if alone_
            else c.networks.load_resized(c.subject, given)
        )
        reading = COUNTED[c.claim.quantity](network, network.select_rows(c.subject))[0]
    except (RequestError, SpecError):
        return
    yield Attempt(reading.value, f"with an input of {format_shape(given)}: {reading.arithmetic}")


def other_channels(c: RefutedClaim) -> Iterator[Attempt]:
    """Try a grey image instead of an RGB image, and the other way round."""
    given = c.subject.input
    if (
        not isinstance(c.subject.layer, dict)
        or not given
        or given[0] not in (1, 3)
        or c.claim.quantity not in COUNTED
    ):
        return
    other = (4 - given[0], *given[1:])
    network: ClaimedNetwork = make_single_operator(c.subject.layer, other)
    rows: list[Row] = network.select_rows(c.subject)
    reading = COUNTED[c.claim.quantity](network, rows)[0]
    taken = "for one channel, not three" if given[0] == 3 else "for three channels, not one"
    yield Attempt(Fraction(reading.value), f"{taken}: {reading.arithmetic}")
