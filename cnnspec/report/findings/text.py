"""Findings as text, and the sentences and fingerprints that other formats use."""

from collections import Counter
from hashlib import sha256

from cnnspec.gate.findings import Finding, Report
from cnnspec.problems import visible
from cnnspec.report.formats import relative_path
from cnnspec.rules.rule import ERROR, SEVERITIES
from cnnspec.units import format_plural

NAMED = 6  # networks that are named


def render_full(report: Report) -> str:
    """Return every finding with its help and networks, and the summary."""
    parts = [render_finding(finding) for finding in report.findings]
    parts += [f"{path}: and more: reading stopped here" for path in report.truncated]
    return "\n".join([*parts, *([""] if parts else []), summarize_report(report)])


def render_finding(finding: Finding) -> str:
    """Return one finding; its severity, unless it is an error, is behind the message."""
    first, *rest = str(finding.problem).split("\n")
    calls = [line for line in rest if line.startswith("  in ")]
    others = [line for line in rest if line not in calls]
    networks = [f"  in {name_networks(finding)}"] if len(finding.networks) > 1 else []
    return "\n".join([first + severity_suffix(finding), *networks, *calls, *others])


def render_concise(report: Report) -> str:
    """Return every finding on one line; an empty text if there is none."""
    return "\n".join(
        f"{f.problem.where}: {f.problem.rule} {f.problem.message}{severity_suffix(f)}"
        for f in report.findings
    )


def severity_suffix(finding: Finding) -> str:
    """Return `` [warning]`` or `` [advice]``; nothing for an error."""
    return "" if finding.severity == ERROR else f" [{finding.severity}]"


def summarize_report(report: Report) -> str:
    """Return how many files and networks were checked, and how many findings there are."""
    counts = [
        f"{n} {severity}{'s' * (n > 1 and severity != 'advice')}"
        for severity in SEVERITIES
        if (n := report.count_severity(severity))
    ]
    files = format_plural(len(report.files), "file")
    networks = format_plural(report.networks, "network")
    summary = f"{files}, {networks}: {', '.join(counts) or 'no findings'}"
    return summary + (f"; {len(report.ignored)} ignored" if report.ignored else "")


def name_networks(finding: Finding) -> str:
    """Return the names of the networks that have a finding, at most six."""
    names = [visible(name, 60) for name in finding.networks[:NAMED]]
    more = len(finding.networks) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def describe_finding(finding: Finding) -> str:
    """Return a finding as one paragraph: message, block call, networks and help."""
    problem = finding.problem
    parts = [f"{problem.message}."]
    parts += [f"In {problem.calls[0]}."] if problem.calls else []
    parts += [f"Networks: {name_networks(finding)}."] if len(finding.networks) > 1 else []
    parts += [f"Help: {problem.hint}"] if problem.hint else []
    return " ".join(parts)


def compute_fingerprints(findings: tuple[Finding, ...]) -> list[str]:
    """Return a fingerprint of each finding, which stays the same if its line moves.

    It is made of the file, the code and the text of the line. Equal ones are numbered."""
    seen: Counter[tuple[str, str, str]] = Counter()
    fingerprints = []
    for finding in findings:
        problem = finding.problem
        key = (relative_path(problem.where.file), problem.rule, " ".join(finding.text.split()))
        text = "\0".join([*key, str(seen[key])])
        fingerprints.append(sha256(text.encode("utf-8", "replace")).hexdigest()[:32])
        seen[key] += 1
    return fingerprints
