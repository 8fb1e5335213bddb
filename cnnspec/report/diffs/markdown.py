"""Differences as Markdown, ready for the comment on a pull request."""

from cnnspec.analyses.diff.describe_change import (
    describe_changed_settings,
    describe_numbers,
    describe_settings,
    summarize_diff,
)
from cnnspec.analyses.diff.family_diff import FamilyDiff
from cnnspec.analyses.diff.network_diff import FOLLOWS, Diff, Entry
from cnnspec.report.diffs.family import headline, label, without_page
from cnnspec.report.diffs.words import name, of_run, runs, totals
from cnnspec.report.formats import escape_markdown, render_grid
from cnnspec.units import format_count, format_shape

LAYERS = ("", "Layer", "What", "Output", "Params", "MACs")


def page(found: Diff | FamilyDiff, before: str, after: str, fold: bool = True) -> str:
    """The headline, the totals, what has changed, and, folded away, what only follows from that."""
    if isinstance(found, FamilyDiff):
        pages = [
            page(found.diffs[n], label(before, n), label(after, n), fold) for n in found.changed
        ]
        rest = [f"- {what}: {escape_markdown(names)}" for what, names in without_page(found)]
        return "\n\n".join(
            [bold(f"{before} → {after}: {headline(found)}"), *pages, "\n".join(rest)]
        )
    parts = [bold(f"{before} → {after}: {summarize_diff(found)}"), totals(found, "markdown")]
    others = [e for e in found.entries if e.status != FOLLOWS]
    follow = [e for e in found.entries if e.status == FOLLOWS]
    if any(runs(others, fold)):
        parts.append(layers(runs(others, fold)))
    if found.outputs:
        parts.append(
            escape_markdown(
                f"Outputs: {', '.join(found.outputs[0])} → {', '.join(found.outputs[1])}"
            )
        )
    if follow:
        what = "1 layer has" if len(follow) == 1 else f"{format_count(len(follow))} layers have"
        parts += [
            f"<details><summary>{what} other numbers only</summary>",
            layers([[e] for e in follow]),
            "</details>",
        ]
    return "\n\n".join(parts)


def bold(text: str) -> str:
    return f"**{escape_markdown(text)}**"


def layers(found: list[list[Entry]]) -> str:
    """A table of entries, or of runs of them."""
    return render_grid(
        LAYERS, [cells(run) for run in found], [False, False, False, True, True, True], "markdown"
    )


def cells(run: list[Entry]) -> list[str]:
    """A row: an entry, or the sums of a run."""
    e = run[0]
    if len(run) > 1:
        return [e.status, name(run), of_run(run), "", "", ""]
    whole = e.after or e.before
    if whole and (e.before is None or e.after is None):
        what = "; ".join(filter(None, [whole.op, describe_settings(whole)]))
        return [
            e.status,
            name(run),
            what,
            format_shape(whole.output),
            format_count(whole.params),
            format_count(whole.macs),
        ]
    return [
        e.status,
        name(run),
        "; ".join(describe_changed_settings(e)),
        *(
            describe_numbers(*e.numbers[key]) if key in e.numbers else ""
            for key in ("output", "params", "macs")
        ),
    ]
