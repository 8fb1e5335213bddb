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


def with_auxiliary_heads(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the count with the auxiliary heads, which only training has."""
    if (
        refuted.network
        and refuted.claim.quantity in ("params", "weights", "macs", "flops", "bytes")
        and not refuted.subject.training
    ):
        try:
            rows = refuted.network.select_rows(refuted.subject, training=True)
        except SpecError:
            return
        if len(rows) > len(refuted.rows):
            reading = COUNTED[refuted.claim.quantity](refuted.network, rows)[0]
            yield Attempt(
                reading.value,
                f"with the auxiliary heads, which only training has: {format_count(reading.value)}",
            )


def flops_and_macs(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try FLOPs instead of MACs, and MACs instead of FLOPs."""
    if refuted.value is not None and refuted.claim.quantity == "macs":
        yield Attempt(2 * refuted.value, f"2 FLOPs a MAC: {format_count(int(2 * refuted.value))}")
    elif refuted.value is not None and refuted.claim.quantity == "flops":
        yield Attempt(refuted.value / 2, f"MACs, not FLOPs: {format_count(int(refuted.value / 2))}")


def without_biases(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without biases."""
    if (
        refuted.claim.quantity == "params"
        and refuted.value is not None
        and (n := sum(map(count_biases, refuted.rows)))
    ):
        yield Attempt(
            refuted.value - n,
            f"without the {format_count(n)} biases: {format_count(int(refuted.value) - n)}",
        )


def without_norms(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without the scales and shifts of norms."""
    if refuted.claim.quantity == "params" and refuted.value is not None:
        n = sum(r.params - count_kernel_weights(r) - count_biases(r) for r in refuted.rows)
        if n > 0:
            yield Attempt(
                refuted.value - n,
                f"without the {format_count(n)} parameters of norms:"
                f" {format_count(int(refuted.value) - n)}",
            )


def with_buffers(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the count with the running statistics of batch normalization, which are not trained."""
    if (
        refuted.claim.quantity == "params"
        and refuted.value is not None
        and (n := sum(r.buffers for r in refuted.rows))
    ):
        yield Attempt(
            refuted.value + n,
            f"with the {format_count(n)} running statistics of norms:"
            f" {format_count(int(refuted.value) + n)}",
        )


def count_absent_biases(nodes: list[Node]) -> int:
    """Count the biases that layers without bias would have."""
    return sum(
        n.op.weight_shape(*n.shapes)[0]
        for n in nodes
        if n.op.fields.keys() >= {"bias", "kernel_size"} and not getattr(n.op, "bias", True)
    )


def with_biases(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the count with a bias in each convolution that has none, as its norm has one."""
    if refuted.claim.quantity == "params" and refuted.value is not None:
        n = count_absent_biases([node for r in refuted.rows for node in r.nodes])
        if n:
            yield Attempt(
                refuted.value + n,
                f"with a bias in each convolution, {format_count(n)} more:"
                f" {format_count(int(refuted.value) + n)}",
            )


def without_biases_in_kilo(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without biases in units of 1024."""
    if (
        refuted.claim.quantity == "params"
        and refuted.value is not None
        and refuted.figure is not None
        and refuted.figure.scale == 1000
    ):
        weights = refuted.value - sum(map(count_biases, refuted.rows))
        yield Attempt(
            weights * Fraction(1000, 1024),
            f"without biases, {format_count(int(weights))}, in units of 1,024: "
            f"{format_number(weights / 1024)}",
        )


def layer_omitted(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the count without one layer: the last, or any if there are few."""
    if (
        refuted.claim.quantity not in ("params", "weights", "macs")
        or refuted.value is None
        or refuted.figure is None
        or len(refuted.rows) < 3
    ):
        return
    by_name: dict[str, Callable[[Row], int]] = {
        "params": lambda r: r.params,
        "macs": lambda r: r.macs,
    }
    counted = by_name.get(refuted.claim.quantity, count_kernel_weights)
    terms = [(r, n) for r in refuted.rows if (n := counted(r))]
    some = terms if len(terms) <= FEW and refuted.figure.digits >= 4 else terms[-1:]
    for row, n in some:
        yield Attempt(
            refuted.value - n,
            f"without {row.name}, {format_count(n)}: {format_count(int(refuted.value) - n)}",
        )


def other_input(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try an input of 224 instead of 227, and 227 instead of 224."""
    if refuted.network is None or refuted.claim.quantity not in (
        "macs",
        "flops",
        "activation_size",
        "connections",
    ):
        return
    channels, *sides = refuted.network.inputs[0].output
    side = {224: 227, 227: 224}.get(sides[0] if len(set(sides)) == 1 else 0)
    if side is None:
        return
    given = (channels, side, side)
    try:
        alone_ = isinstance(refuted.subject.layer, dict)
        network = (
            make_single_operator(refuted.subject.layer, given)
            if alone_
            else refuted.networks.load_resized(refuted.subject, given)
        )
        reading = COUNTED[refuted.claim.quantity](network, network.select_rows(refuted.subject))[0]
    except (RequestError, SpecError):
        return
    yield Attempt(reading.value, f"with an input of {format_shape(given)}: {reading.arithmetic}")


def other_channels(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try a grey image instead of an RGB image, and the other way round."""
    given = refuted.subject.input
    if (
        not isinstance(refuted.subject.layer, dict)
        or not given
        or given[0] not in (1, 3)
        or refuted.claim.quantity not in COUNTED
    ):
        return
    other = (4 - given[0], *given[1:])
    network: ClaimedNetwork = make_single_operator(refuted.subject.layer, other)
    rows: list[Row] = network.select_rows(refuted.subject)
    reading = COUNTED[refuted.claim.quantity](network, rows)[0]
    taken = "for one channel, not three" if given[0] == 3 else "for three channels, not one"
    yield Attempt(Fraction(reading.value), f"{taken}: {reading.arithmetic}")
