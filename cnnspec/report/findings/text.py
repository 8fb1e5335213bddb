"""Findings for a terminal: in full, or one a line."""

from cnnspec.gate.findings import Finding, Report
from cnnspec.report.findings.words import counted, where
from cnnspec.rules.rule import ERROR


def full(report: Report) -> str:
    """Every finding as diagnostics read, with the networks that have it, and the count."""
    parts = [shown(f) for f in report.findings]
    parts += [f"{path}: and more: reading stopped here" for path in report.cut]
    return "\n".join([*parts, *([""] if parts else []), counted(report)])


def shown(finding: Finding) -> str:
    """One finding; where it is of some severity below an error, that stands behind its message."""
    first, *rest = str(finding.problem).split("\n")
    networks = [f"  in {where(finding)}"] if len(finding.networks) > 1 else []
    calls = [line for line in rest if line.startswith("  in ")]
    return "\n".join(
        [first + level(finding), *networks, *calls, *[line for line in rest if line not in calls]]
    )


def level(finding: Finding) -> str:
    return "" if finding.severity == ERROR else f" [{finding.severity}]"


def concise(report: Report) -> str:
    """Every finding on one line, and nothing where there is none."""
    return "\n".join(
        f"{f.problem.where}: {f.problem.rule} {f.problem.message}{level(f)}"
        for f in report.findings
    )
