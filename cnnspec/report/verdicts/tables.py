"""The checks of a verdict and their differences as cells."""

from cnnspec.analyses.verdict import Verdict
from cnnspec.report.verdicts.words import STATUS, values

CHECKS = ("Check", "Against", "Result", "Compared", "Detail")
DIFFERENCES = ("Check", "Layer", "Quantity", "Calculated", "Measured", "Likely cause")


def checks(verdict: Verdict) -> list[list[str]]:
    return [[c.name, c.against, STATUS[c.status], c.compared, c.detail] for c in verdict.checks]


def differences(verdict: Verdict) -> list[list[str]]:
    return [
        [f"{c.name}, {c.against}", d.name, d.quantity, *values(d), d.cause]
        for c in verdict.checks
        for d in c.differences
    ]
