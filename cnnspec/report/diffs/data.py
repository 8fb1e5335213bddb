"""Differences as JSON. Keys are added over time and never renamed."""

from typing import Any

from cnnspec.analyses.diff.family_diff import FamilyDiff
from cnnspec.analyses.diff.network_diff import NUMBERS, SAME, Diff, Entry
from cnnspec.report.contract import encode_json
from cnnspec.report.diffs.family import label


def page(found: Diff | FamilyDiff, before: str, after: str, fold: bool = True) -> str:
    """Every layer that has changed, and all totals; nothing is folded. Of a family, so for each
    network of both."""
    if isinstance(found, Diff):
        return encode_json({"version": 1, **difference(found, before, after)}, indent=2)
    return encode_json(
        {
            "version": 1,
            "before": {"name": before},
            "after": {"name": after},
            "equal": found.equal,
            "networks": [
                difference(one, label(before, name), label(after, name))
                for name, one in found.diffs.items()
            ],
            "inserted": list(found.inserted),
            "removed": list(found.removed),
        },
        indent=2,
    )


def difference(found: Diff, before: str, after: str) -> dict[str, Any]:
    """Two networks."""
    layers = [entry(e) for e in found.entries if e.status != SAME]
    return {
        "before": {"name": before, "network": found.before.network},
        "after": {"name": after, "network": found.after.network},
        "equal": found.equal,
        "totals": {
            k: {"before": a, "after": b, "change": b - a} for k, (a, b) in found.totals.items()
        },
        "layers": layers,
        "same": len(found.entries) - len(layers),
        "outputs": both(found.outputs) if found.outputs else None,
    }


def entry(e: Entry) -> dict[str, Any]:
    """One layer: its status, its name and operator, and what of it has changed, each with both
    values."""
    layer = e.after or e.before
    data: dict[str, Any] = {
        "status": e.status,
        "name": layer.name if layer else "",
        "op": layer.op if layer else "",
    }
    if e.renamed and e.before:
        data["before_name"] = e.before.name
    if e.before and e.after:
        data["settings"] = {k: both(v) for k, v in e.settings.items()}
        data |= {k: both(e.numbers[k]) for k in NUMBERS if k in e.numbers}
        return data | ({"reads": both(e.reads)} if e.reads else {})
    own = {k: getattr(layer, k) for k in NUMBERS} | ({"settings": layer.settings} if layer else {})
    return data | {
        side: own if there else None for side, there in (("before", e.before), ("after", e.after))
    }


def both(values: tuple[Any, Any]) -> dict[str, Any]:
    return {"before": values[0], "after": values[1]}
