"""Slips of tables: a row that slid down, a unit of another kind, a value copied down a column."""

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from cnnspec.analyses.audit.printed import number_text
from cnnspec.analyses.audit.quantities import COUNTED
from cnnspec.analyses.audit.sameness import alike
from cnnspec.analyses.audit.slips.context import Context, Try
from cnnspec.analyses.audit.slips.counting import absent_biases
from cnnspec.analyses.audit.structure import stride
from cnnspec.analyses.audit.subject import Missing, Sheet, siblings
from cnnspec.spec.claims import Subject
from cnnspec.units import format_count

MILLI_GIB = Fraction(2**30, 1000)


def neighbours(c: Context) -> list[str]:
    """The networks whose row may have slid into this one: those of the printed table, and two on in
    the family."""
    if c.sheet is None or c.sheet.graph is None or c.subject.layer or c.subject.settings:
        return []
    table = [
        r.claim.subject.network
        for r in c.before
        if r.claim.path[:-2] == c.claim.path[:-2] and r.claim.cell
    ]
    family = list(siblings(c.sheet.graph))
    return [n for n in dict.fromkeys([*table, *family]) if n and n != c.sheet.name][:12]


def other_row(c: Context) -> Iterator[Try]:
    """The figure of another network: of the row above or below, or of a sister in the family."""
    if c.claim.quantity not in COUNTED or c.claim.quantity in ("share", "bytes"):
        return
    for name in neighbours(c):
        reading = COUNTED[c.claim.quantity](
            sheet := c.sheets.network(name), sheet.chosen(Subject())
        )[0]
        yield Try(reading.value, f"that is {name}'s: {number_text(reading.value)}", name)


def other_row_with_biases(c: Context) -> Iterator[Try]:
    """The figure of a sister in the family, if its convolutions had biases."""
    if c.claim.quantity != "params" or c.sheet is None or c.sheet.graph is None or c.figure is None:
        return
    for name in siblings(c.sheet.graph) if c.figure.digits > 2 and not c.subject.layer else ():
        sheet = c.sheets.network(name)
        more = absent_biases(sheet.nodes)
        total = sum(r.params for r in sheet.rows())
        if more:
            yield Try(
                total + more,
                f"that is {name}'s, with a bias in each convolution: {format_count(total)} + "
                f"{format_count(more)} = {format_count(total + more)}",
                name,
            )


def stored(sheet: Sheet) -> list[tuple[str, int]]:
    """The numbers that a file of weights may hold: parameters, with running statistics, with
    needless biases too."""
    total = sum(r.params for r in sheet.rows())
    buffers, more = sum(r.buffers for r in sheet.rows()), absent_biases(sheet.nodes)
    found = [(f"{format_count(total)} parameters", total)]
    if buffers:
        found.append(
            (
                f"{format_count(total + buffers)} numbers with the running statistics",
                total + buffers,
            )
        )
    if more:
        found.append(
            (
                (
                    f"{format_count(total + buffers + more)} numbers with the running statistics and a"
                    " bias in each convolution"
                ),
                total + buffers + more,
            )
        )
    return found


def other_megabyte(c: Context) -> Iterator[Try]:
    """A megabyte as the thousandth of a GiB, 1,073,741.824 bytes."""
    if (
        c.claim.quantity != "bytes"
        or c.sheet is None
        or c.figure is None
        or c.figure.scale != 10**6
    ):
        return
    same = [
        f.network for r in c.before if r.claim.cell == c.claim.cell for f in r.slips if f.network
    ]
    for sheet in [c.sheet, *map(c.sheets.network, same[:1])]:
        whose = "" if sheet is c.sheet else f"that is {sheet.name}'s: "
        for words, n in stored(sheet):
            value = 4 * n / MILLI_GIB
            yield Try(
                value * 10**6,
                f"{whose}{words}, of 4 bytes each, in thousandths of a GiB: {number_text(value)}",
                sheet.name if whose else "",
            )


def copied_stride(c: Context) -> Iterator[Try]:
    """The stride of an earlier layer, copied down its column."""
    if c.claim.quantity != "stride" or c.sheet is None or len(c.rows) != 1 or c.figure is None:
        return
    for row in c.sheet.rows():
        if row.name == c.rows[0].name:
            return
        try:
            if row.op == c.rows[0].op and alike(stride(row), c.claim.value):
                yield Try(c.figure.value, f"that is the stride of {row.name}, copied down")
        except Missing:
            continue


def other_factor(c: Context) -> Iterator[Try]:
    """One factor of a map's size mistaken for another, or for half of one, as where a network has
    two towers.

    Of figures with all their digits only, and at least four: 253,440 for AlexNet's 55*55*96 is
    55*48*96."""
    if (
        c.claim.quantity != "activation_size"
        or len(c.rows) != 1
        or c.figure is None
        or c.figure.scale != 1
    ):
        return
    dims = c.rows[0].output
    if len(dims) < 3 or c.figure.digits < 4:
        return
    for i, right in reversed([*enumerate(dims)]):
        for other in dict.fromkeys([*dims, *(d // 2 for d in dims if d % 2 == 0)]):
            mistaken = [*dims[:i], other, *dims[i + 1 :]]
            if other != right:
                yield Try(prod(mistaken), f"{other} for a {right}: {'*'.join(map(str, mistaken))}")


def other_layer(c: Context) -> Iterator[Try]:
    """The activation size or parameters of the layer before or after, in a table of layers."""
    if (
        not c.claim.cell
        or c.sheet is None
        or len(c.rows) != 1
        or c.claim.quantity not in ("params", "activation_size")
    ):
        return
    rows = [r for r in c.sheet.rows() if r.params or prod(r.output) != c.rows[0].activation_size]
    names = [r.name for r in rows]
    if c.rows[0].name in names:
        at = names.index(c.rows[0].name)
        for row in rows[max(at - 1, 0) : at] + rows[at + 1 : at + 2]:
            value = row.params if c.claim.quantity == "params" else row.activation_size
            if value > 99:
                yield Try(value, f"that is {row.name}'s: {format_count(value)}")
