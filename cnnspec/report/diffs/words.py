"""How differences are shown, the same in every format: runs of layers, and the totals."""

from collections.abc import Iterable
from itertools import groupby

from cnnspec.analyses.diff.describe_change import describe_change, describe_counts, describe_numbers
from cnnspec.analyses.diff.description import TOTALS, LayerDescription
from cnnspec.analyses.diff.network_diff import (
    FOLLOWS,
    INSERTED,
    REMOVED,
    RENAMED,
    SAME,
    Diff,
    Entry,
)
from cnnspec.report.formats import render_grid
from cnnspec.units import format_count, format_signed

FOLDED = (INSERTED, REMOVED, FOLLOWS, RENAMED)  # a run of which says little a layer
MOST = 6  # of a run, each on a line of its own


def runs(entries: Iterable[Entry], fold: bool) -> list[list[Entry]]:
    """The entries that have changed, one each, or, with ``fold``, long runs of one status
    together."""
    found = []
    for status, run in groupby(entries, key=lambda e: e.status):
        members = list(run)
        together = fold and status in FOLDED and len(members) > MOST
        found += [] if status == SAME else [members] if together else [[e] for e in members]
    return found


def totals(found: Diff, format: str) -> str:
    """The table of totals: all counts, and the kinds of elementwise work that have changed."""
    always = (*TOTALS, "flops", "activations")
    names = {"macs": "MACs", "flops": "FLOPs (2 a MAC)"}
    rows = [
        [
            names.get(key, key.replace("_", " ")),
            format_count(a),
            format_count(b),
            format_signed(b - a) if a != b else "",
            percent(a, b),
        ]
        for key, (a, b) in found.totals.items()
        if key in always or a != b
    ]
    return render_grid(
        ["Total", "Before", "After", "Change", "%"], rows, [False, True, True, True, True], format
    )


def percent(before: int, after: int) -> str:
    """The change in per cent, nothing where that says nothing."""
    if not before or before == after:
        return ""
    change = 100 * (after - before) / before
    return f"{change:+.1f}%" if abs(change) >= 0.05 else f"{change:+.1g}%"


def name(run: list[Entry]) -> str:
    """What an entry, or a run of them, is called: with both names where it is renamed."""
    return " → ".join(
        dict.fromkeys(filter(None, [span([e.before for e in run]), span([e.after for e in run])]))
    )


def span(layers: list[LayerDescription | None]) -> str:
    """The name of a layer, or of the first and the last of several."""
    names = [layer.name for layer in layers if layer]
    return (
        f"{names[0]} … {names[-1]} (x{format_count(len(names))})"
        if len(names) > 1
        else "".join(names)
    )


def of_run(run: list[Entry]) -> str:
    """What there is to say of an entry, or of a run of them."""
    return describe_change(run[0]) if len(run) == 1 else "; ".join(sums(run))


def sums(run: list[Entry]) -> list[str]:
    """A run of entries in sums."""
    if run[0].status == RENAMED:
        return []
    params, macs = (
        [
            sum([getattr(side, key) for e in run if (side := getattr(e, which))])
            for which in ("before", "after")
        ]
        for key in ("params", "macs")
    )
    if run[0].status != FOLLOWS:
        return [describe_counts(sum(params), sum(macs))]
    pairs = (("params", params), ("MACs", macs))
    return [f"{unit} {describe_numbers(*pair)}" for unit, pair in pairs if pair[0] != pair[1]] or [
        "other outputs"
    ]
