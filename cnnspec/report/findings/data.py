"""Findings as JSON. Keys are added over time and never renamed."""

from typing import Any

from cnnspec.gate.findings import Finding, Report
from cnnspec.report.annotations import relative
from cnnspec.report.contract import encoded
from cnnspec.report.findings.words import fingerprints


def page(report: Report) -> str:
    """The whole run. Lines and columns count from 1; line 0 is the file as a whole."""
    data = {
        "version": 1,
        "passed": report.passed,
        "files": list(report.files),
        "networks": report.networks,
        "findings": entries(report.findings),
        "ignored": entries(report.ignored),
        "cut": list(report.cut),
    }
    return encoded(data, indent=2)


def entries(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    return [entry(f, mark) for f, mark in zip(findings, fingerprints(findings), strict=True)]


def entry(finding: Finding, fingerprint: str) -> dict[str, Any]:
    problem = finding.problem
    return {
        "file": relative(problem.where.file),
        "line": problem.where.line,
        "column": problem.where.column,
        "code": problem.rule,
        "severity": finding.severity,
        "message": problem.message,
        "help": problem.hint,
        "networks": list(finding.networks),
        "calls": list(problem.calls),
        "fingerprint": fingerprint,
        **({"reason": finding.ignored} if finding.ignored else {}),
    }
