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
    layers = [layer_diff_data(entry) for entry in found.entries if entry.status != SAME]
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


def layer_diff_data(entry: Entry) -> dict[str, Any]:
    """One layer: status, name, operator, and the changed settings and numbers with both values."""
    layer = entry.after or entry.before
    data: dict[str, Any] = {
        "status": entry.status,
        "name": layer.name if layer else "",
        "op": layer.op if layer else "",
    }
    if entry.renamed and entry.before:
        data["before_name"] = entry.before.name
    if entry.before and entry.after:
        data["settings"] = {k: before_and_after(v) for k, v in entry.settings.items()}
        data |= {k: before_and_after(entry.numbers[k]) for k in NUMBERS if k in entry.numbers}
        return data | ({"reads": before_and_after(entry.reads)} if entry.reads else {})
    own = {k: getattr(layer, k) for k in NUMBERS} | ({"settings": layer.settings} if layer else {})
    return data | {"before": own if entry.before else None, "after": own if entry.after else None}


def before_and_after(values: tuple[Any, Any]) -> dict[str, Any]:
    """A pair of values under their keys."""
    return {"before": values[0], "after": values[1]}
