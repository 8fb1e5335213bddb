"""Findings as JUnit XML, which every CI service reads: a suite a run, a case a file."""

from cnnspec.gate.findings import Finding, Report
from cnnspec.report.findings.words import sentences
from cnnspec.report.formats import html
from cnnspec.rules.rule import ERROR, WARNING


def page(report: Report) -> str:
    """The whole document. Files in which nothing fails pass; what was found in them is their
    output."""
    files = dict.fromkeys([*report.files, *[f.problem.where.file for f in report.findings]])
    by_file: dict[str, list[Finding]] = {path: [] for path in files}
    for finding in report.findings:
        by_file[finding.problem.where.file].append(finding)
    cases = [case(path, found, report.strict) for path, found in by_file.items()]
    failed = sum(any(fails(f, report.strict) for f in found) for found in by_file.values())
    body = "\n".join(cases)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="cnnspec check">\n  <testsuite'
        f' name="cnnspec check" tests="{len(cases)}" failures="{failed}" errors="0"'
        f' skipped="0">\n{body}\n  </testsuite>\n</testsuites>'
    )


def fails(finding: Finding, strict: bool) -> bool:
    """Whether a finding keeps the gate shut."""
    return finding.severity == ERROR or (strict and finding.severity == WARNING)


def case(path: str, findings: list[Finding], strict: bool) -> str:
    name = f'    <testcase classname="cnnspec" name="{html(path)}"'
    if not findings:
        return f"{name}/>"
    lines = "\n".join(html(f"{f.problem.where}: {f.problem.rule} {sentences(f)}") for f in findings)
    failing = [f for f in findings if fails(f, strict)]
    if not failing:
        return f"{name}>\n      <system-out>{lines}</system-out>\n    </testcase>"
    message = html(f"{failing[0].problem.rule} {failing[0].problem.message}; {len(failing)} in all")
    return f'{name}>\n      <failure message="{message}">{lines}</failure>\n    </testcase>'
