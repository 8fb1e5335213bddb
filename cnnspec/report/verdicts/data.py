"""Show verdicts to programs: as JSON, as JUnit XML for CI services, and as GitHub annotations."""

from typing import Any

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, LIMITED, Check, Difference, Verdict
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import (
    escape_github_message,
    escape_github_property,
    escape_html,
    relative_path,
)
from cnnspec.report.verdicts.group import group_differences
from cnnspec.report.verdicts.readable import (
    count_verdicts,
    summarize_verdict,
    verdict_markdown,
    verdict_text,
    verdicts_markdown,
    verdicts_text,
)
from cnnspec.report.verdicts.wording import (
    describe_cause,
    describe_finding,
    is_described,
    list_notes,
)

JUNIT_ELEMENTS = {FAILED: "failure", IMPOSSIBLE: "error", LIMITED: "skipped"}
DETAILS = ("change", "module", "source", "block")  # of a difference, where there are any
MOST_ANNOTATIONS = 10  # of a check: GitHub shows no more annotations of one step


def render_verdicts(verdicts: list[Verdict], format: str, several: bool) -> str:
    """Render verdicts in one of presets.VERDICTS.

    ``several`` says that more than one network was asked for.
    """
    match format:
        case "text":
            return verdicts_text(verdicts) if several else verdict_text(verdicts[0])
        case "markdown":
            return verdicts_markdown(verdicts) if several else verdict_markdown(verdicts[0])
        case "json":
            return verdicts_json(verdicts) if several else verdict_json(verdicts[0])
        case "junit":
            return verdicts_junit(verdicts)
    return verdicts_github(verdicts)


def verdict_json(verdict: Verdict) -> str:
    """Return the JSON of one network. Keys are added over time and never renamed."""
    return encode_json({"version": 1, **verdict_entry(verdict)}, indent=2)


def verdicts_json(verdicts: list[Verdict]) -> str:
    """Return the JSON of several networks."""
    entries = [verdict_entry(v) for v in verdicts]
    passed = all(v.passed for v in verdicts)
    return encode_json({"version": 1, "passed": passed, "networks": entries}, indent=2)


def verdict_entry(verdict: Verdict) -> dict[str, Any]:
    return {
        "network": verdict.network,
        "passed": verdict.passed,
        "device": verdict.device,
        "versions": verdict.versions,
        "digest": verdict.digest,
        "checks": [check_entry(c) for c in verdict.checks],
    }


def check_entry(check: Check) -> dict[str, Any]:
    causes = [
        {"layers": list(g.names), "count": g.count, "text": describe_cause(g, check)}
        for g in group_differences(check.differences)
    ]
    return {
        "check": check.name,
        "against": check.against,
        "status": check.status,
        "compared": check.compared,
        "detail": check.detail,
        "differences": [difference_entry(d) for d in check.differences],
        **({"causes": causes} if len(causes) < len(check.differences) else {}),
        **({"notes": [difference_entry(d) for d in check.notes]} if check.notes else {}),
        **({"figures": check.figures} if check.figures else {}),
    }


def difference_entry(difference: Difference) -> dict[str, Any]:
    return {
        "layer": difference.name,
        "quantity": difference.quantity,
        "calculated": difference.calculated,
        "measured": difference.measured,
        "cause": difference.cause,
        **{key: getattr(difference, key) for key in DETAILS if getattr(difference, key)},
        **({"count": difference.count} if difference.count > 1 else {}),
    }


def verdicts_junit(verdicts: list[Verdict]) -> str:
    """Return verdicts as a JUnit XML document: a suite for each network, a case for each check."""
    suites = "\n".join(map(junit_suite, verdicts))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="cnnspec'
        f' verify">\n{suites}\n</testsuites>'
    )


def junit_suite(verdict: Verdict) -> str:
    counts = {
        name: sum(c.status == status for c in verdict.checks)
        for name, status in (("failures", FAILED), ("errors", IMPOSSIBLE), ("skipped", LIMITED))
    }
    numbers = " ".join(f'{name}="{n}"' for name, n in counts.items())
    network, device = escape_html(verdict.network), escape_html(verdict.device)
    cases = "\n".join(junit_case(verdict, c) for c in verdict.checks)
    return (
        f'  <testsuite name="{network}" hostname="{device}" '
        f'tests="{len(verdict.checks)}" {numbers}>\n{cases}\n  </testsuite>'
    )


def junit_case(verdict: Verdict, check: Check) -> str:
    network, name = escape_html(verdict.network), escape_html(check_title(check))
    start = f'    <testcase classname="{network}" name="{name}"'
    parts = []
    if check.status in JUNIT_ELEMENTS:
        found = [describe_finding(g, check) for g in group_differences(check.differences)]
        element = JUNIT_ELEMENTS[check.status]
        summary = escape_html(f"{found[0]}; {len(found)} in all" if found else check.detail)
        text = "\n".join(map(escape_html, found))
        parts.append(f'<{element} message="{summary}">{text}</{element}>')
    notes = [escape_html(f"note: {text}") for text in list_notes(check)]
    if notes:
        parts.append("<system-out>" + "\n".join(notes) + "</system-out>")
    if not parts:
        return f"{start}/>"
    return "\n".join([f"{start}>", *(f"      {part}" for part in parts), "    </testcase>"])


def check_title(check: Check) -> str:
    return f"{check.name} against {check.against}"


def verdicts_github(verdicts: list[Verdict]) -> str:
    """Return an error command for each difference that fails, and notices of notes and result."""
    errors = [
        line
        for v in verdicts
        for c in v.checks
        if c.status in (FAILED, IMPOSSIBLE)
        for line in github_errors(v, c)
    ]
    notes = [line for v in verdicts for c in v.checks for line in github_notes(v, c)]
    result = summarize_verdict(verdicts[0]) if len(verdicts) == 1 else count_verdicts(verdicts)
    return "\n".join(
        [*errors, *notes, f"::notice title=cnnspec verify::{escape_github_message(result)}"]
    )


def github_title(verdict: Verdict, check: Check) -> str:
    return f"title={escape_github_property(f'{verdict.network}: {check_title(check)}')}"


def github_notes(verdict: Verdict, check: Check) -> list[str]:
    """Return one notice with the notes of a check, if it has any."""
    notes = list_notes(check)
    if not notes:
        return []
    more = [f"and {len(notes) - MOST_ANNOTATIONS:,} more"] * (len(notes) > MOST_ANNOTATIONS)
    text = "\n".join([*notes[:MOST_ANNOTATIONS], *more])
    return [f"::notice {github_title(verdict, check)}::{escape_github_message(text)}"]


def github_errors(verdict: Verdict, check: Check) -> list[str]:
    """Return the error commands of one check, one for each cause, with the place in the spec."""
    title = github_title(verdict, check)
    if not check.differences:
        return [f"::error {title}::{escape_github_message(check.detail or check.status)}"]
    found, groups = [], group_differences(check.differences)
    for group in groups[:MOST_ANNOTATIONS]:
        where, place = verdict.places.get(group.differences[0].name), ""
        if where:
            file = escape_github_property(relative_path(where.file))
            place = f"file={file},line={where.line},col={where.column},"
        text = describe_cause(group, check)
        text += f"; likely cause: {group.cause}" if not is_described(group) else ""
        found.append(f"::error {place}{title}::{escape_github_message(text)}")
    more = len(groups) - MOST_ANNOTATIONS
    if more > 0:
        found.append(f"::error {title}::and {more:,} more differences")
    return found
