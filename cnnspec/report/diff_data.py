"""Differences as JSON. Keys are added over time and never renamed."""

from typing import Any

from cnnspec.analyses.diff.family_diff import FamilyDiff
from cnnspec.analyses.diff.network_diff import NUMBERS, SAME, Diff, Entry
from cnnspec.report.contract import encode_json


def render_diff_json(found: Diff | FamilyDiff, before: str, after: str) -> str:
    """Every changed layer and all totals; for a family those of each network of both specs."""
    if isinstance(found, Diff):
        return encode_json({"version": 1, **diff_data(found, before, after)}, indent=2)
    data = {
        "version": 1,
        "before": {"name": before},
        "after": {"name": after},
        "equal": found.equal,
        "networks": [
            diff_data(one, network_in_spec(before, name), network_in_spec(after, name))
            for name, one in found.diffs.items()
        ],
        "inserted": list(found.inserted),
        "removed": list(found.removed),
    }
    return encode_json(data, indent=2)


def network_in_spec(given: str, network: str) -> str:
    """The name of one network of the spec that was ``given``: FILE.toml:network@REVISION."""
    file, ending, revision = given.partition(".toml")
    if ending:
        return f"{file}.toml:{network}{revision}"
    return network + "".join(given.partition("@")[1:])


def diff_data(found: Diff, before: str, after: str) -> dict[str, Any]:
    """The differences between two networks as plain data."""
    layers = [layer_diff_data(e) for e in found.entries if e.status != SAME]
    totals = {k: {"before": a, "after": b, "change": b - a} for k, (a, b) in found.totals.items()}
    return {
        "before": {"name": before, "network": found.before.network},
        "after": {"name": after, "network": found.after.network},
        "equal": found.equal,
        "totals": totals,
        "layers": layers,
        "same": len(found.entries) - len(layers),
        "outputs": before_and_after(found.outputs) if found.outputs else None,
    }


def layer_diff_data(e: Entry) -> dict[str, Any]:
    """One layer: status, name, operator, and the changed settings and numbers with both values."""
    layer = e.after or e.before
    data: dict[str, Any] = {
        "status": e.status,
        "name": layer.name if layer else "",
        "op": layer.op if layer else "",
    }
    if e.renamed and e.before:
        data["before_name"] = e.before.name
    if e.before and e.after:
        data["settings"] = {k: before_and_after(v) for k, v in e.settings.items()}
        data |= {k: before_and_after(e.numbers[k]) for k in NUMBERS if k in e.numbers}
        return data | ({"reads": before_and_after(e.reads)} if e.reads else {})
    own = {k: getattr(layer, k) for k in NUMBERS} | ({"settings": layer.settings} if layer else {})
    return data | {"before": own if e.before else None, "after": own if e.after else None}


def before_and_after(values: tuple[Any, Any]) -> dict[str, Any]:
    """A pair of values under their keys."""
    return {"before": values[0], "after": values[1]}
