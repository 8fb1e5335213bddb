"""Findings as annotations of GitHub: workflow commands, each at its place in the spec."""

from cnnspec.gate.findings import Finding, Report
from cnnspec.report.annotations import message, prop, relative
from cnnspec.report.findings.words import counted, sentences

COMMANDS = {"error": "error", "warning": "warning", "advice": "notice"}


def page(report: Report) -> str:
    """An annotation for each finding, and a notice with the outcome."""
    return "\n".join(
        [
            *map(annotation, report.findings),
            f"::notice title=cnnspec check::{message(counted(report))}",
        ]
    )


def annotation(finding: Finding) -> str:
    problem = finding.problem
    place = f"file={prop(relative(problem.where.file))}"
    if problem.where.line:
        place += f",line={problem.where.line},col={problem.where.column}"
    title = prop(f"{problem.rule} {', '.join(finding.networks[:1])}".strip())
    return f"::{COMMANDS[finding.severity]} {place},title={title}::{message(sentences(finding))}"
