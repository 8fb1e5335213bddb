"""Findings as GitLab's code quality report: what its merge requests show beside the lines."""

from cnnspec.gate.findings import Report
from cnnspec.report.annotations import relative
from cnnspec.report.contract import encoded
from cnnspec.report.findings.words import fingerprints, sentences

SEVERITY = {"error": "major", "warning": "minor", "advice": "info"}


def page(report: Report) -> str:
    """A list of issues, with fingerprints by which GitLab tells old ones from new."""
    return encoded(
        [
            {
                "description": f"{f.problem.rule}: {sentences(f)}",
                "check_name": f.problem.rule,
                "fingerprint": mark,
                "severity": SEVERITY[f.severity],
                "location": {
                    "path": relative(f.problem.where.file),
                    "lines": {"begin": max(1, f.problem.where.line)},
                },
            }
            for f, mark in zip(report.findings, fingerprints(report.findings), strict=True)
        ],
        indent=2,
    )
