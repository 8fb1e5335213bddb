"""Verdicts as JUnit XML, which every CI service reads: a suite a network, a case a check."""

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, LIMITED, Check, Verdict
from cnnspec.report.formats import escape_html
from cnnspec.report.verdicts.words import told

ELEMENTS = {FAILED: "failure", IMPOSSIBLE: "error", LIMITED: "skipped"}


def page(verdicts: list[Verdict]) -> str:
    """The whole document."""
    suites = "\n".join(map(suite, verdicts))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="cnnspec'
        f' verify">\n{suites}\n</testsuites>'
    )


def suite(verdict: Verdict) -> str:
    counts = {
        name: sum(c.status == status for c in verdict.checks)
        for name, status in (("failures", FAILED), ("errors", IMPOSSIBLE), ("skipped", LIMITED))
    }
    numbers = " ".join(f'{name}="{n}"' for name, n in counts.items())
    cases = "\n".join(case(verdict, c) for c in verdict.checks)
    return (
        f'  <testsuite name="{escape_html(verdict.network)}" hostname="{escape_html(verdict.device)}" '
        f'tests="{len(verdict.checks)}" {numbers}>\n{cases}\n  </testsuite>'
    )


def case(verdict: Verdict, check: Check) -> str:
    name = (
        f'    <testcase classname="{escape_html(verdict.network)}"'
        f' name="{escape_html(f"{check.name} against {check.against}")}"'
    )
    if check.status not in ELEMENTS:
        return f"{name}/>"
    found = [f"{d.name}, {told(d, check)} ({d.cause})" for d in check.differences]
    element, message = (
        ELEMENTS[check.status],
        (check.detail if not found else f"{found[0]}; {len(found)} in all"),
    )
    text = "\n".join(map(escape_html, found))
    return f'{name}>\n      <{element} message="{escape_html(message)}">{text}</{element}>\n    </testcase>'
