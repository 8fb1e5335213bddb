"""Show verdicts to people: as text for a terminal, as Markdown, and as HTML for notebooks."""

from collections.abc import Iterator
from textwrap import wrap

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, LIMITED, PASSED, Check, Verdict
from cnnspec.report.formats import WIDTH, escape_html, escape_markdown, escape_text, render_grid
from cnnspec.report.verdicts.group import DifferenceGroup, describe_group, group_differences
from cnnspec.report.verdicts.wording import describe_cause, is_described, list_notes, show_sides
from cnnspec.units import format_plural

STATUS = {PASSED: "passed", FAILED: "FAILED", IMPOSSIBLE: "IMPOSSIBLE", LIMITED: "limited"}
WORST_FIRST = (FAILED, IMPOSSIBLE, LIMITED, PASSED)
CHECK_COLUMNS = ("Check", "Against", "Result", "Compared", "Detail")
DIFFERENCE_COLUMNS = ("Check", "Layer", "Quantity", "Calculated", "Measured", "Likely cause")
NOTE_COLUMNS = ("Check", "Note")
MOST_DIFFERENCES = 20  # of a check, in text; JSON has all


class PrintedVerdict(Verdict):
    """The result of a verification; true if all checks passed. ``checks`` are the comparisons.

    It shows itself as text in a terminal and as HTML in a notebook.
    """

    def __str__(self) -> str:
        return verdict_text(self)

    def _repr_html_(self) -> str:
        return verdict_html(self)


def verdicts_text(verdicts: list[Verdict]) -> str:
    """Return several verdicts as text for a terminal.

    First a table with a line for each network, then the verdicts that failed in full, then the
    reasons of limited checks, and the counts.
    """
    columns, rows = summary_table(verdicts)
    parts = [render_grid(columns, rows, [False] * len(columns), "text")]
    parts += [verdict_text(v) for v in verdicts if not v.passed]
    for why, names in reasons_for_limits(verdicts).items():
        limited = wrap_plain(f"limited: {why}"), wrap_plain(", ".join(names), "  ", "  ")
        parts.append("\n".join([*limited[0], *limited[1]]))
    return "\n\n".join([*parts, *wrap_plain(count_verdicts(verdicts) + ".")])


def verdict_text(verdict: Verdict) -> str:
    """Return one verdict as text: a line for each check, with its differences below it."""
    parts = [*wrap_plain(summarize_verdict(verdict)), *wrap_plain(list_versions(verdict)), ""]
    width = max([len(escape_text(c.name)) for c in verdict.checks], default=0)
    for check in verdict.checks:
        parts += check_lines(check, width)
    return "\n".join(parts)


def check_lines(check: Check, width: int) -> Iterator[str]:
    """Yield the lines of a check: its result, what was compared, then the differences."""
    text = ", ".join(filter(None, [f"against {check.against}", check.compared]))
    if check.detail:
        text += f" ({check.detail})" if check.compared else f": {check.detail}"
    head = f"{STATUS[check.status]:<10}  {escape_text(check.name):<{width}}  "
    yield from wrap_plain(text, head, " " * len(head))
    groups = group_differences(check.differences)
    for group in groups[:MOST_DIFFERENCES]:
        yield from wrap_plain(describe_cause(group, check), "  ", "    ")
        if not is_described(group):
            yield from wrap_plain(f"likely cause: {group.cause}", "    ", "      ")
    if len(groups) > MOST_DIFFERENCES:
        yield f"  and {len(groups) - MOST_DIFFERENCES:,} more"
    notes = list_notes(check)
    for text in notes[:MOST_DIFFERENCES]:
        yield from wrap_plain(f"note: {text}", "  ", "    ")
    if len(notes) > MOST_DIFFERENCES:
        yield f"  and {len(notes) - MOST_DIFFERENCES:,} more notes"


def wrap_plain(text: str, first: str = "", later: str = "") -> list[str]:
    """Wrap text to the width of a terminal, without control characters."""
    safe = "".join(map(escape_text, [text[i : i + 500] for i in range(0, len(text), 500)]))
    return wrap(safe, WIDTH, initial_indent=first, subsequent_indent=later) or [first]


def verdicts_markdown(verdicts: list[Verdict]) -> str:
    """Return several verdicts as Markdown: a table, failures in full, reasons of limits."""
    columns, rows = summary_table(verdicts)
    parts = [f"**{escape_markdown(count_verdicts(verdicts))}**"]
    parts.append(render_grid(columns, rows, [False] * len(columns), "markdown"))
    parts += [verdict_markdown(v) for v in verdicts if not v.passed]
    parts += [
        f"Limited: {escape_markdown(why)}: {escape_markdown(', '.join(names))}"
        for why, names in reasons_for_limits(verdicts).items()
    ]
    return "\n\n".join(parts)


def verdict_markdown(verdict: Verdict) -> str:
    """Return one verdict as Markdown: tables of the checks, of the differences and of the notes."""
    parts = [
        f"**{escape_markdown(summarize_verdict(verdict))}**",
        *verdict_tables(verdict, "markdown"),
    ]
    return "\n\n".join([*parts, escape_markdown(list_versions(verdict))])


def verdict_html(verdict: Verdict) -> str:
    """Return one verdict as HTML: tables of the checks, of the differences and of the notes."""
    parts = [f"<p><strong>{escape_html(summarize_verdict(verdict))}</strong></p>"]
    parts += verdict_tables(verdict, "html")
    return "\n".join([*parts, f"<p>{escape_html(list_versions(verdict))}</p>"])


def verdict_tables(verdict: Verdict, format: str) -> list[str]:
    """Return the table of a verdict's checks, and those of differences and of notes, if any."""
    checks = [[c.name, c.against, STATUS[c.status], c.compared, c.detail] for c in verdict.checks]
    differences = [
        [f"{c.name}, {c.against}", *describe_cells(group)]
        for c in verdict.checks
        for group in group_differences(c.differences)
    ]
    tables = [render_grid(CHECK_COLUMNS, checks, [False] * 5, format)]
    if differences:
        tables.append(render_grid(DIFFERENCE_COLUMNS, differences, [False] * 6, format))
    notes = [[f"{c.name}, {c.against}", text] for c in verdict.checks for text in list_notes(c)]
    if notes:
        tables.append(render_grid(NOTE_COLUMNS, notes, [False] * 2, format))
    return tables


def describe_cells(group: DifferenceGroup) -> list[str]:
    """Return the cells of a group in a table: layers, quantity, both sides of the first, cause."""
    first = group.differences[0]
    times = f"{first.cause} ({group.count:,} times)" if group.count > 1 else first.cause
    if len(group.differences) == 1:
        return [first.name, first.quantity, *show_sides(first), times]
    return [group.title, first.quantity, *show_sides(first), describe_group(group)]


def summary_table(verdicts: list[Verdict]) -> tuple[list[str], list[list[str]]]:
    """Return the columns and rows of the table of networks.

    A column is what networks were compared with: PyTorch, fvcore, a library, a model.
    """
    partners = list(dict.fromkeys(partner(c) for v in verdicts for c in v.checks))
    rows = [[v.network, *[worst_status(v, p) for p in partners]] for v in verdicts]
    return ["Network", *partners], rows


def partner(check: Check) -> str:
    return check.against.partition(" ")[0]


def worst_status(verdict: Verdict, against: str) -> str:
    """Return the worst result of a network's checks against one partner, with their names."""
    checks = [c for c in verdict.checks if partner(c) == against]
    if not checks:
        return "–"
    worst = min((c.status for c in checks), key=WORST_FIRST.index)
    names = ", ".join(c.name for c in checks if c.status == worst)
    return STATUS[worst] if worst == PASSED else f"{STATUS[worst]} {names}"


def summarize_verdict(verdict: Verdict) -> str:
    """Return a verdict in one line."""
    passed = sum(c.status == PASSED for c in verdict.checks)
    result = "passed" if passed else "nothing compared"
    result = result if verdict.passed else "FAILED"
    return (
        f"{verdict.network}: {result} on {verdict.device},"
        f" {passed} of {len(verdict.checks)} checks passed"
    )


def count_verdicts(verdicts: list[Verdict]) -> str:
    """Return how many networks passed, failed, and passed with limited checks."""
    failed = sum(not v.passed for v in verdicts)
    limited = sum(v.passed and any(c.status == LIMITED for c in v.checks) for v in verdicts)
    parts = [f"{len(verdicts) - failed} passed", f"{failed} failed"]
    parts += [f"{limited} of the passed ones with limits"] if limited else []
    return f"{format_plural(len(verdicts), 'network')}: {', '.join(parts)}"


def list_versions(verdict: Verdict) -> str:
    return ", ".join(f"{name} {number}" for name, number in verdict.versions.items())


def reasons_for_limits(verdicts: list[Verdict]) -> dict[str, list[str]]:
    """Return why checks are limited, each reason with its networks."""
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        for c in verdict.checks:
            if c.status == LIMITED:
                names = found.setdefault(f"{c.name} against {c.against}: {c.detail}", [])
                names += [verdict.network] if verdict.network not in names else []
    return found
