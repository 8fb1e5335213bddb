"""How findings and their parts are called, the same in every format; and their fingerprints."""

from collections import Counter
from hashlib import sha256

from cnnspec.gate.findings import Finding, Report
from cnnspec.problems import visible
from cnnspec.report.annotations import relative
from cnnspec.rules.rule import SEVERITIES
from cnnspec.units import format_plural

MOST = 6  # networks that are named


def counted(report: Report) -> str:
    """What was checked, and how many findings of which severity there are."""
    found = [
        f"{n} {level}{'s' * (n > 1 and level != 'advice')}"
        for level in SEVERITIES
        if (n := report.count(level))
    ]
    parts = [
        f"{format_plural(len(report.files), 'file')}, {format_plural(report.networks, 'network')}: "
        + (", ".join(found) or "nothing to find fault with")
    ]
    parts += [f"{len(report.ignored)} ignored with a reason"] if report.ignored else []
    return "; ".join(parts)


def where(finding: Finding) -> str:
    """In which networks a finding is."""
    named = [visible(n, 60) for n in finding.networks[:MOST]]
    more = len(finding.networks) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def sentences(finding: Finding) -> str:
    """A finding in one paragraph: its message, where it is, and what would mend it."""
    problem = finding.problem
    calls = f" In {problem.calls[0]}." if problem.calls else ""
    networks = f" Networks: {where(finding)}." if len(finding.networks) > 1 else ""
    return f"{problem.message}.{calls}{networks}" + (
        f" Help: {problem.hint}" if problem.hint else ""
    )


def fingerprints(findings: tuple[Finding, ...]) -> list[str]:
    """What tells each finding from others, and stays when its line moves.

    It is made of the file, the code and the text of the line; among equal ones, of the number.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for f in findings:
        key = (relative(f.problem.where.file), f.problem.rule, " ".join(f.text.split()))
        found.append(
            sha256("\0".join([*key, str(seen[key])]).encode("utf-8", "replace")).hexdigest()[:32]
        )
        seen[key] += 1
    return found
