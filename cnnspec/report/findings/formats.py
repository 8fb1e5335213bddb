"""Findings in the formats of other programs: JSON, GitHub annotations, GitLab, JUnit, SARIF."""

from typing import Any

from cnnspec.gate.findings import Finding, Report
from cnnspec.report.contract import encode_json
from cnnspec.report.findings.sarif import render_sarif
from cnnspec.report.findings.text import (
    compute_fingerprints,
    describe_finding,
    render_concise,
    render_full,
    summarize_report,
)
from cnnspec.report.formats import (
    escape_github_message,
    escape_github_property,
    escape_html,
    relative_path,
)

GITHUB_COMMANDS = {"error": "error", "warning": "warning", "advice": "notice"}
GITLAB_SEVERITIES = {"error": "major", "warning": "minor", "advice": "info"}


def render_findings(report: Report, format: str) -> str:
    """Return a report in one of the formats in presets.FINDINGS."""
    return RENDERERS[format](report)


def render_json(report: Report) -> str:
    """Return the report as JSON. Keys are added over time, never renamed.

    Lines and columns count from 1; line 0 is the whole file."""
    data = {
        "version": 1,
        "passed": report.passed,
        "files": list(report.files),
        "networks": report.networks,
        "findings": findings_json(report.findings),
        "ignored": findings_json(report.ignored),
        "cut": list(report.truncated),
        "skipped": [{"path": relative_path(s.path), "reason": s.reason} for s in report.skipped],
    }
    return encode_json(data, indent=2)


def findings_json(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Return findings as plain data."""
    return [
        {
            "file": relative_path(finding.problem.where.file),
            "line": finding.problem.where.line,
            "column": finding.problem.where.column,
            "code": finding.problem.rule,
            "severity": finding.severity,
            "message": finding.problem.message,
            "help": finding.problem.hint,
            "networks": list(finding.networks),
            "calls": list(finding.problem.calls),
            "fingerprint": fingerprint,
            **({"reason": finding.ignore_reason} if finding.ignore_reason else {}),
        }
        for finding, fingerprint in zip(findings, compute_fingerprints(findings), strict=True)
    ]


def render_github(report: Report) -> str:
    """Return a workflow command for each finding, which GitHub shows at its line, and a summary."""
    lines = []
    for finding in report.findings:
        problem = finding.problem
        place = f"file={escape_github_property(relative_path(problem.where.file))}"
        if problem.where.line:
            place += f",line={problem.where.line},col={problem.where.column}"
        title = escape_github_property(f"{problem.rule} {', '.join(finding.networks[:1])}".strip())
        command = GITHUB_COMMANDS[finding.severity]
        lines.append(
            f"::{command} {place},title={title}::{escape_github_message(describe_finding(finding))}"
        )
    lines.append(f"::notice title=cnnspec check::{escape_github_message(summarize_report(report))}")
    return "\n".join(lines)


def render_gitlab(report: Report) -> str:
    """Return a code quality report, which GitLab shows in merge requests."""
    fingerprints = compute_fingerprints(report.findings)
    issues = [
        {
            "description": f"{finding.problem.rule}: {describe_finding(finding)}",
            "check_name": finding.problem.rule,
            "fingerprint": fingerprint,
            "severity": GITLAB_SEVERITIES[finding.severity],
            "location": {
                "path": relative_path(finding.problem.where.file),
                "lines": {"begin": max(1, finding.problem.where.line)},
            },
        }
        for finding, fingerprint in zip(report.findings, fingerprints, strict=True)
    ]
    return encode_json(issues, indent=2)


def render_junit(report: Report) -> str:
    """Return JUnit XML with one test case a file; it fails if a finding in it fails the check."""
    by_file: dict[str, list[Finding]] = {path: [] for path in report.files}
    for finding in report.findings:
        by_file.setdefault(finding.problem.where.file, []).append(finding)
    cases = "\n".join(junit_case(path, found, report) for path, found in by_file.items())
    failures = sum(any(map(report.fails, found)) for found in by_file.values())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="cnnspec check">\n  <testsuite'
        f' name="cnnspec check" tests="{len(by_file)}" failures="{failures}" errors="0"'
        f' skipped="0">\n{cases}\n  </testsuite>\n</testsuites>'
    )


def junit_case(path: str, findings: list[Finding], report: Report) -> str:
    """Return the test case of a file; findings that do not fail are its output."""
    name = f'    <testcase classname="cnnspec" name="{escape_html(path)}"'
    if not findings:
        return f"{name}/>"
    lines = "\n".join(
        escape_html(f"{f.problem.where}: {f.problem.rule} {describe_finding(f)}") for f in findings
    )
    failing = [finding for finding in findings if report.fails(finding)]
    if not failing:
        return f"{name}>\n      <system-out>{lines}</system-out>\n    </testcase>"
    first = failing[0].problem
    text = escape_html(f"{first.rule} {first.message}; {len(failing)} in all")
    return f'{name}>\n      <failure message="{text}">{lines}</failure>\n    </testcase>'


RENDERERS = {
    "full": render_full,
    "concise": render_concise,
    "json": render_json,
    "github": render_github,
    "gitlab": render_gitlab,
    "junit": render_junit,
    "sarif": render_sarif,
}
