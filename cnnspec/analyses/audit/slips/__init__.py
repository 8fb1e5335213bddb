"""The search for the slip that gives a refuted figure: each is one small function of the visible
list below.

A slip is named only where it gives the printed figure at its precision, and none is made up: there
are no free factors. A figure of one digit fits too much to say anything of it but that it was cut.
Those in COMPOSED are two slips at once, and are tried only where no single one fits. Nothing here
can change a verdict."""

from collections.abc import Iterator
from itertools import islice

from cnnspec.analyses.audit.slips import calculations, counting, digits, lists, tables
from cnnspec.analyses.audit.slips.context import Context, Slip, Try
from cnnspec.analyses.audit.verdict import Found

SLIPS: dict[str, Slip] = {
    "transposed": digits.transposed,
    "mistyped": digits.mistyped,
    "carried": digits.carried,
    "cut": digits.cut,
    "colours": calculations.colours,
    "channel": counting.other_channels,
    "copied": tables.copied_stride,
    "row": tables.other_row,
    "layer": tables.other_layer,
    "factor": tables.other_factor,
    "heads": counting.heads,
    "flops": counting.doubled,
    "biases": counting.without_biases,
    "norms": counting.without_norms,
    "statistics": counting.with_buffers,
    "needless": counting.with_biases,
    "input": counting.other_input,
    "kilo": digits.thousand,
    "gib": tables.other_megabyte,
    "left out": counting.layer_left_out,
    "part": calculations.part_left_out,
}
COMPOSED: dict[str, Slip] = {
    "biases, kilo": counting.without_biases_in_kilo,
    "row, needless": tables.other_row_with_biases,
}
ONE_DIGIT = ("cut", "copied")  # all that a figure of one digit, and no exact one, can tell
MOST = 3


def chance(context: Context, attempt: Try) -> str:
    """What has to be said of a slip that moves a sum by less than its last printed digit is
    worth."""
    figure, value = context.figure, context.value
    if (
        figure is None
        or value is None
        or not figure.step
        or attempt.network
        or attempt.value == figure.value
    ):
        return ""
    small = abs(attempt.value - value) < figure.step
    return " (less than the last printed digit, so it may be chance)" if small else ""


def explained(context: Context) -> Iterator[Found]:
    """The slips that give the printed figure, the likeliest first."""
    figure = context.figure
    if context.claim.quantity in ("order", "layout"):
        yield from lists.left_out(context)
    if figure is None or figure.relation:
        return
    vague = figure.digits < 2 and figure.step > 0
    for slips in (SLIPS, COMPOSED):
        found = []
        for name, slip in slips.items():
            if not vague or name in ONE_DIGIT:  # of those of one kind, the first
                fitting = (t for t in slip(context) if figure.holds(t.value))
                found += [
                    Found(name, t.words + chance(context, t), t.network) for t in islice(fitting, 1)
                ]
        if found:
            yield from found[:MOST]
            return
