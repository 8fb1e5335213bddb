"""Differences between two networks, or between the networks of two specs, as text or Markdown."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from textwrap import wrap

from cnnspec.analyses.diff.describe_change import (
    describe_change,
    describe_changed_settings,
    describe_counts,
    describe_numbers,
    describe_settings,
    summarize_diff,
)
from cnnspec.analyses.diff.description import TOTALS, LayerDescription
from cnnspec.analyses.diff.family_diff import FamilyDiff
from cnnspec.analyses.diff.network_diff import (
    FOLLOWS,
    INSERTED,
    REMOVED,
    RENAMED,
    SAME,
    Diff,
    Entry,
)
from cnnspec.report.diff_data import network_in_spec, render_diff_json
from cnnspec.report.formats import WIDTH, escape_markdown, escape_text, render_grid
from cnnspec.units import format_count, format_shape, format_signed

FOLDED = (INSERTED, REMOVED, FOLLOWS, RENAMED)  # the statuses of which long runs are folded
MOST = 6  # longer runs are folded
INDENT = " " * 10
HEADINGS = ("", "Layer", "What", "Output", "Params", "MACs")
Run = list[Entry]  # one entry, or several that are shown in one line


def render_diff(
    found: Diff | FamilyDiff, before: str, after: str, format: str, fold: bool = True
) -> str:
    """The differences from ``before`` to ``after`` in one of presets.DIFFS.

    ``fold`` shows long runs of layers with the same change in one line; JSON has every layer."""
    if format == "json":
        return render_diff_json(found, before, after)
    render = diff_in_text if format == "text" else diff_in_markdown
    if isinstance(found, Diff):
        return render(found, before, after, fold)
    pages = [
        render(found.diffs[n], network_in_spec(before, n), network_in_spec(after, n), fold)
        for n in found.changed
    ]
    headline = f"{before} → {after}: {summarize_family(found)}"
    rest = networks_without_page(found)
    if format == "text":
        lines = [line for what, names in rest for line in wrap_entry(f"{what:<10}{names}")]
        return "\n\n\n".join(["\n".join(wrap_entry(headline)), *pages, "\n".join(lines)])
    items = [f"- {what}: {escape_markdown(names)}" for what, names in rest]
    return "\n\n".join([f"**{escape_markdown(headline)}**", *pages, "\n".join(items)])


def diff_in_text(found: Diff, before: str, after: str, fold: bool) -> str:
    """The headline, the totals and the changes in execution order, 80 columns wide."""
    parts = ["\n".join(wrap_entry(f"{before} → {after}: {summarize_diff(found)}"))]
    if found.equal:
        return parts[0]
    lines = []
    for run in group_runs(found.entries, fold):
        change = describe_run(run)
        lines += wrap_entry(
            f"{run[0].status:<10}{name_run(run)}" + (f": {change}" if change else "")
        )
    if found.outputs:
        lines += wrap_entry(f"{'outputs':<10}{describe_outputs(found.outputs)}")
    return "\n\n".join([*parts, totals_table(found, "text"), "\n".join(lines)])


def diff_in_markdown(found: Diff, before: str, after: str, fold: bool) -> str:
    """The headline, the totals and the changes; layers with other numbers only are collapsed."""
    headline = f"{before} → {after}: {summarize_diff(found)}"
    parts = [f"**{escape_markdown(headline)}**", totals_table(found, "markdown")]
    others = group_runs([entry for entry in found.entries if entry.status != FOLLOWS], fold)
    follow = [[entry] for entry in found.entries if entry.status == FOLLOWS]
    if others:
        parts.append(layers_table(others))
    if found.outputs:
        parts.append(escape_markdown(f"Outputs: {describe_outputs(found.outputs)}"))
    if follow:
        layers = "1 layer has" if len(follow) == 1 else f"{format_count(len(follow))} layers have"
        parts += [
            f"<details><summary>{layers} other numbers only</summary>",
            layers_table(follow),
            "</details>",
        ]
    return "\n\n".join(parts)


def summarize_family(found: FamilyDiff) -> str:
    """How many of the networks differ."""
    n = len(found.diffs) + len(found.inserted) + len(found.removed)
    differ = n - len(found.diffs) + len(found.changed)
    if not differ:
        return f"no difference in {n} networks"
    return f"{differ} of {n} networks {'differ' if differ > 1 else 'differs'}"


def networks_without_page(found: FamilyDiff) -> list[tuple[str, str]]:
    """What happened to the networks that have no page of their own, and their names."""
    same = [name for name, one in found.diffs.items() if one.equal]
    kinds = (("inserted", found.inserted), ("removed", found.removed), ("as before", same))
    return [(what, ", ".join(names)) for what, names in kinds if names]


def group_runs(entries: Iterable[Entry], fold: bool) -> list[Run]:
    """The changed entries, one by one; with ``fold`` long runs of one status are kept together."""
    found: list[Run] = []
    for status, run in groupby(entries, key=lambda entry: entry.status):
        members = list(run)
        if status == SAME:
            continue
        together = fold and status in FOLDED and len(members) > MOST
        found += [members] if together else [[entry] for entry in members]
    return found


def wrap_entry(text: str) -> list[str]:
    """Text in lines of at most 80 columns, indented after the first, without control characters."""
    safe = "".join(map(escape_text, [text[i : i + 500] for i in range(0, len(text), 500)]))
    return wrap(safe, WIDTH, subsequent_indent=INDENT)


def totals_table(found: Diff, format: str) -> str:
    """The totals before and after: all counts, and the elementwise work that has changed."""
    always = (*TOTALS, "flops", "activations")
    names = {"macs": "MACs", "flops": "FLOPs (2 a MAC)"}
    rows = [
        [
            names.get(key, key.replace("_", " ")),
            format_count(a),
            format_count(b),
            format_signed(b - a) if a != b else "",
            format_percent_change(a, b),
        ]
        for key, (a, b) in found.totals.items()
        if key in always or a != b
    ]
    headings = ["Total", "Before", "After", "Change", "%"]
    return render_grid(headings, rows, [False, True, True, True, True], format)


def format_percent_change(before: int, after: int) -> str:
    """The change in percent; "" without a change or from 0."""
    if not before or before == after:
        return ""
    change = 100 * (after - before) / before
    return f"{change:+.1f}%" if abs(change) >= 0.05 else f"{change:+.1g}%"


def layers_table(runs: list[Run]) -> str:
    """A Markdown table with a row for each run."""
    return render_grid(
        HEADINGS, [layer_cells(run) for run in runs], [False] * 3 + [True] * 3, "markdown"
    )


def layer_cells(run: Run) -> list[str]:
    """The cells of a run: of one entry, or the sums of several."""
    entry = run[0]
    if len(run) > 1:
        return [entry.status, name_run(run), describe_run(run), "", "", ""]
    layer = entry.after or entry.before
    if layer and (entry.before is None or entry.after is None):
        what = "; ".join(filter(None, [layer.op, describe_settings(layer)]))
        numbers = [
            format_shape(layer.output),
            format_count(layer.params),
            format_count(layer.macs),
        ]
    else:
        what = "; ".join(describe_changed_settings(entry))
        numbers = [
            describe_numbers(*entry.numbers[key]) if key in entry.numbers else ""
            for key in ("output", "params", "macs")
        ]
    return [entry.status, name_run(run), what, *numbers]


def name_run(run: Run) -> str:
    """The name of a run, or both names where they differ: ``a → b``."""
    names = [
        name_layers([entry.before for entry in run]),
        name_layers([entry.after for entry in run]),
    ]
    return " → ".join(dict.fromkeys(filter(None, names)))


def name_layers(layers: Sequence[LayerDescription | None]) -> str:
    """The name of a layer, or the first and the last name of several."""
    names = [layer.name for layer in layers if layer]
    if len(names) > 1:
        return f"{names[0]} … {names[-1]} (x{format_count(len(names))})"
    return "".join(names)


def describe_outputs(outputs: tuple[Sequence[str], Sequence[str]]) -> str:
    """The outputs of the network before and after."""
    return f"{', '.join(outputs[0])} → {', '.join(outputs[1])}"


def describe_run(run: Run) -> str:
    """What has changed in a run: of one entry, or in sum."""
    if len(run) == 1:
        return describe_change(run[0])
    if run[0].status == RENAMED:
        return ""
    params, macs = (
        [
            sum([getattr(side, key) for entry in run if (side := getattr(entry, which))])
            for which in ("before", "after")
        ]
        for key in ("params", "macs")
    )
    if run[0].status != FOLLOWS:
        return describe_counts(sum(params), sum(macs))
    pairs = (("params", params), ("MACs", macs))
    changes = [f"{unit} {describe_numbers(*pair)}" for unit, pair in pairs if pair[0] != pair[1]]
    return "; ".join(changes) or "other outputs"
