"""How differences are called, the same in every format."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from cnnspec.analyses.diff import CHANGED, FOLLOWS, INSERTED, MOVED, REMOVED, RENAMED, SAME, Diff, Entry
from cnnspec.analyses.sheet import TOTALS, Layer
from cnnspec.problems import visible
from cnnspec.report.formats import grid
from cnnspec.units import count, shape, signed

UNITS = {"params": "params", "macs": "MACs", "output": "output"}
COUNTED = {CHANGED: "changed", INSERTED: "inserted", REMOVED: "removed", MOVED: "moved", RENAMED: "renamed",
           FOLLOWS: "with other numbers only", SAME: "as before"}
FOLDED = (INSERTED, REMOVED, FOLLOWS, RENAMED)  # a run of which says little a layer
MOST = 6  # of a run, each on a line of its own


def headline(found: Diff, before: str, after: str) -> str:
    """Both sides, and how many layers there are of each status."""
    numbers = Counter(e.status for e in found.entries)
    parts = [f"{count(numbers[status])} {word}" for status, word in COUNTED.items() if numbers[status]]
    return f"{before} → {after}: " + ("no difference" if found.equal else "layers: " + ", ".join(parts))


def runs(entries: Iterable[Entry], fold: bool) -> list[list[Entry]]:
    """The entries that have changed, one each, or, with ``fold``, long runs of one status together."""
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
    rows = [[names.get(key, key.replace("_", " ")), count(a), count(b), signed(b - a) if a != b else "", percent(a, b)]
            for key, (a, b) in found.totals.items() if key in always or a != b]
    return grid(["Total", "Before", "After", "Change", "%"], rows, [False, True, True, True, True], format)


def percent(before: int, after: int) -> str:
    """The change in per cent, nothing where that says nothing."""
    if not before or before == after:
        return ""
    change = 100 * (after - before) / before
    return f"{change:+.1f}%" if abs(change) >= 0.05 else f"{change:+.1g}%"


def name(run: list[Entry]) -> str:
    """What an entry, or a run of them, is called: with both names where it is renamed."""
    return " → ".join(dict.fromkeys(filter(None, [span([e.before for e in run]), span([e.after for e in run])])))


def span(layers: list[Layer | None]) -> str:
    """The name of a layer, or of the first and the last of several."""
    names = [layer.name for layer in layers if layer]
    return f"{names[0]} … {names[-1]} (x{count(len(names))})" if len(names) > 1 else "".join(names)


def told(run: list[Entry]) -> str:
    """What there is to say of an entry, or of a run of them."""
    if len(run) > 1:
        return "; ".join(sums(run))
    e = run[0]
    whole = e.after or e.before
    if (e.before is None or e.after is None) and whole:
        given = ", ".join(f"{k} = {shown(v)}" for k, v in whole.settings.items())
        return f"{whole.op} {shape(whole.output)}; {counts(whole.params, whole.macs)}" + (f"; {given}" if given else "")
    return "; ".join([*settings(e), *(f"{UNITS[k]} {numbers(*v)}" for k, v in e.numbers.items())])


def settings(e: Entry) -> list[str]:
    """The settings that have changed, and what is read instead."""
    parts = [f"{k} {shown(a)} → {shown(b)}" for k, (a, b) in e.settings.items()]
    return parts + ([f"reads {', '.join(e.reads[0])} → {', '.join(e.reads[1])}"] if e.reads else [])


def sums(run: list[Entry]) -> list[str]:
    """A run of entries in sums."""
    if run[0].status == RENAMED:
        return []
    params, macs = ([sum([getattr(side, key) for e in run if (side := getattr(e, which))])
                     for which in ("before", "after")] for key in ("params", "macs"))
    if run[0].status != FOLLOWS:
        return [counts(sum(params), sum(macs))]
    pairs = (("params", params), ("MACs", macs))
    return [f"{unit} {numbers(*pair)}" for unit, pair in pairs if pair[0] != pair[1]] or ["other outputs"]


def counts(params: int, macs: int) -> str:
    return f"{count(params)} params, {count(macs)} MACs"


def numbers(before: Any, after: Any) -> str:
    """Both values of a number, with the change; or both shapes."""
    if isinstance(before, int):
        return f"{count(before)} → {count(after)} ({signed(after - before)})"
    return f"{shape(before)} → {shape(after)}"


def shown(value: Any) -> str:
    """A setting's value as a spec has it; – for one that is not there."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return visible(f"[{', '.join(map(shown, value))}]" if isinstance(value, list) else value, 60)
