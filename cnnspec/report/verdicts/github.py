"""What fails, as annotations of GitHub: error commands, each with the layer's place in the spec."""

from cnnspec.analyses.verdict import Check, Verdict
from cnnspec.report.formats import escape_github_message, escape_github_property, relative_path
from cnnspec.report.verdicts.words import counted, failing, headline, told

MOST = 10  # differences of a check: GitHub shows no more annotations of one step


def page(verdicts: list[Verdict]) -> str:
    """An error for each difference of what fails, and a notice with the outcome."""
    errors = [line for v in verdicts for c in v.checks if failing(c) for line in annotations(v, c)]
    outcome = headline(verdicts[0]) if len(verdicts) == 1 else counted(verdicts)
    return "\n".join([*errors, f"::notice title=cnnspec verify::{escape_github_message(outcome)}"])


def annotations(verdict: Verdict, check: Check) -> list[str]:
    """The errors of one check."""
    title = f"{verdict.network}: {check.name} against {check.against}"
    if not check.differences:
        return [
            f"::error title={escape_github_property(title)}::{escape_github_message(check.detail or check.status)}"
        ]
    found = []
    for d in check.differences[:MOST]:
        where = verdict.places.get(d.name)
        place = (
            f"file={escape_github_property(relative_path(where.file))},line={where.line},col={where.column},"
            if where
            else ""
        )
        text = f"{d.name}, {told(d, check)}" + (f"; likely cause: {d.cause}" if d.cause else "")
        found.append(
            f"::error {place}title={escape_github_property(title)}::{escape_github_message(text)}"
        )
    more = len(check.differences) - MOST
    return found + (
        [f"::error title={escape_github_property(title)}::and {more:,} more differences"]
        if more > 0
        else []
    )
