"""Mistakes in tables and lists: a row or value from elsewhere, lines left out, other units."""

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from cnnspec.analyses.audit.claimed_network import ClaimedNetwork, ClaimError, list_siblings
from cnnspec.analyses.audit.counted_quantities import COUNTED
from cnnspec.analyses.audit.counting_mistakes import count_absent_biases
from cnnspec.analyses.audit.layer_quantities import (
    row_stride,
    sizes_match,
    split_list,
    values_of_rows,
)
from cnnspec.analyses.audit.printed_figures import format_number
from cnnspec.analyses.audit.ruling import Attempt, FoundMistake, RefutedClaim
from cnnspec.spec.claims import ClaimSubject
from cnnspec.units import format_count

MILLI_GIB = Fraction(2**30, 1000)


def neighbour_networks(refuted: RefutedClaim) -> list[str]:
    """List the networks whose row may be printed here: those of the table and of the family."""
    if (
        refuted.network is None
        or refuted.network.graph is None
        or refuted.subject.layer
        or refuted.subject.settings
    ):
        return []
    table = [
        r.claim.subject.network
        for r in refuted.before
        if r.claim.path[:-2] == refuted.claim.path[:-2] and r.claim.cell
    ]
    family = list(list_siblings(refuted.network.graph))
    return [n for n in dict.fromkeys([*table, *family]) if n and n != refuted.network.name][:12]


def other_row(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the figures of other networks in the table or family."""
    if refuted.claim.quantity not in COUNTED or refuted.claim.quantity in ("share", "bytes"):
        return
    for name in neighbour_networks(refuted):
        reading = COUNTED[refuted.claim.quantity](
            network := refuted.networks.load(name), network.select_rows(ClaimSubject())
        )[0]
        yield Attempt(reading.value, f"that is {name}'s: {format_number(reading.value)}", name)


def other_row_with_biases(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the parameters of other networks in the family, with a bias in each convolution."""
    if (
        refuted.claim.quantity != "params"
        or refuted.network is None
        or refuted.network.graph is None
        or refuted.figure is None
    ):
        return
    for name in (
        list_siblings(refuted.network.graph)
        if refuted.figure.digits > 2 and not refuted.subject.layer
        else ()
    ):
        network = refuted.networks.load(name)
        more = count_absent_biases(network.nodes)
        total = sum(r.params for r in network.rows())
        if more:
            yield Attempt(
                total + more,
                f"that is {name}'s, with a bias in each convolution: {format_count(total)} + "
                f"{format_count(more)} = {format_count(total + more)}",
                name,
            )


def stored_numbers(network: ClaimedNetwork) -> list[tuple[str, int]]:
    """List what a weights file may hold: parameters, running statistics, unnecessary biases."""
    total = sum(r.params for r in network.rows())
    buffers, more = sum(r.buffers for r in network.rows()), count_absent_biases(network.nodes)
    found = [(f"{format_count(total)} parameters", total)]
    if buffers:
        n = total + buffers
        found.append((f"{format_count(n)} numbers with the running statistics", n))
    if more:
        n = total + buffers + more
        what = "numbers with the running statistics and a bias in each convolution"
        found.append((f"{format_count(n)} {what}", n))
    return found


def other_megabyte(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try a megabyte of a thousandth of a GiB, 1,073,741.824 bytes."""
    if (
        refuted.claim.quantity != "bytes"
        or refuted.network is None
        or refuted.figure is None
        or refuted.figure.scale != 10**6
    ):
        return
    same = [
        f.network
        for r in refuted.before
        if r.claim.cell == refuted.claim.cell
        for f in r.mistakes
        if f.network
    ]
    for network in [refuted.network, *map(refuted.networks.load, same[:1])]:
        whose = "" if network is refuted.network else f"that is {network.name}'s: "
        for words, n in stored_numbers(network):
            value = 4 * n / MILLI_GIB
            yield Attempt(
                value * 10**6,
                f"{whose}{words}, of 4 bytes each, in thousandths of a GiB: {format_number(value)}",
                network.name if whose else "",
            )


def copied_stride(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the stride of an earlier layer."""
    if (
        refuted.claim.quantity != "stride"
        or refuted.network is None
        or len(refuted.rows) != 1
        or refuted.figure is None
    ):
        return
    for row in refuted.network.rows():
        if row.name == refuted.rows[0].name:
            return
        try:
            if row.op == refuted.rows[0].op and sizes_match(row_stride(row), refuted.claim.value):
                yield Attempt(
                    refuted.figure.value, f"that is the stride of {row.name}, copied down"
                )
        except ClaimError:
            continue


def other_factor(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try another dimension, or half of one, for a factor of an activation size.

    Only for exact figures with four or more digits: 253,440 for AlexNet's 55*55*96 is 55*48*96."""
    if (
        refuted.claim.quantity != "activation_size"
        or len(refuted.rows) != 1
        or refuted.figure is None
        or refuted.figure.scale != 1
    ):
        return
    dims = refuted.rows[0].output
    if len(dims) < 3 or refuted.figure.digits < 4:
        return
    for i, right in reversed([*enumerate(dims)]):
        for other in dict.fromkeys([*dims, *(d // 2 for d in dims if d % 2 == 0)]):
            mistaken = [*dims[:i], other, *dims[i + 1 :]]
            if other != right:
                yield Attempt(
                    prod(mistaken), f"{other} for a {right}: {'*'.join(map(str, mistaken))}"
                )


def other_layer(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the activation size or parameters of the layer before or after, in a table of layers."""
    if (
        not refuted.claim.cell
        or refuted.network is None
        or len(refuted.rows) != 1
        or refuted.claim.quantity not in ("params", "activation_size")
    ):
        return
    rows = [
        r
        for r in refuted.network.rows()
        if r.params or prod(r.output) != refuted.rows[0].activation_size
    ]
    names = [r.name for r in rows]
    if refuted.rows[0].name in names:
        at = names.index(refuted.rows[0].name)
        for row in rows[max(at - 1, 0) : at] + rows[at + 1 : at + 2]:
            value = row.params if refuted.claim.quantity == "params" else row.activation_size
            if value > 99:
                yield Attempt(value, f"that is {row.name}'s: {format_count(value)}")


def find_omitted_lines(refuted: RefutedClaim) -> Iterator[FoundMistake]:
    """Yield one run of lines that a printed list lacks or has too many."""
    if refuted.network is None:
        return
    right, wrong = (
        values_of_rows(refuted.network, list(refuted.rows), refuted.claim.quantity)[0][1],
        split_list(refuted.claim.value),
    )
    for longer, shorter, what in ((right, wrong, "left out"), (wrong, right, "too many")):
        n = len(longer) - len(shorter)
        for i in range(len(shorter) + 1) if n > 0 else ():
            if longer[:i] + longer[i + n :] == shorter:
                yield FoundMistake(
                    what, f"{what}: {', '.join(longer[i : i + n])}, {describe_place(i, longer)}"
                )
                return


def describe_place(i: int, words: list[str]) -> str:
    return f"after line {i}, {words[i - 1]}" if i else "at the beginning"
