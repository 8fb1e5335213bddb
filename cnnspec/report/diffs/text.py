"""Differences as text for a terminal of 80 columns."""

from textwrap import wrap

from cnnspec.analyses.diff.describe_change import summarize_diff
from cnnspec.analyses.diff.family_diff import FamilyDiff
from cnnspec.analyses.diff.network_diff import Diff
from cnnspec.report.diffs.family import headline, label, without_page
from cnnspec.report.diffs.words import name, of_run, runs, totals
from cnnspec.report.formats import WIDTH, escape_text

INDENT = " " * 10


def page(found: Diff | FamilyDiff, before: str, after: str, fold: bool = True) -> str:
    """The headline, the totals, and what has changed, in execution order."""
    if isinstance(found, FamilyDiff):
        pages = [
            page(found.diffs[name], label(before, name), label(after, name), fold)
            for name in found.changed
        ]
        rest = [line for what, names in without_page(found) for line in lines(f"{what:<10}{names}")]
        return "\n\n\n".join(
            ["\n".join(lines(f"{before} → {after}: {headline(found)}")), *pages, "\n".join(rest)]
        )
    parts = ["\n".join(lines(f"{before} → {after}: {summarize_diff(found)}"))]
    if found.equal:
        return parts[0]
    parts += [totals(found, "text")]
    layers = [
        line
        for run in runs(found.entries, fold)
        for line in lines(
            f"{run[0].status:<10}{name(run)}" + (f": {of_run(run)}" if of_run(run) else "")
        )
    ]
    if found.outputs:
        layers += lines(
            f"{'outputs':<10}{', '.join(found.outputs[0])} → {', '.join(found.outputs[1])}"
        )
    return "\n\n".join([*parts, "\n".join(layers)])


def lines(text: str) -> list[str]:
    """Text in lines, none wider than a terminal, without control characters."""
    safe = "".join(map(escape_text, [text[i : i + 500] for i in range(0, len(text), 500)]))
    return wrap(safe, WIDTH, subsequent_indent=INDENT)
