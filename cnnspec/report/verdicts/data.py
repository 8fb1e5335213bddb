"""Verdicts as JSON. Keys are added over time and never renamed."""

from typing import Any

from cnnspec.analyses.verdict import Check, Difference, Verdict
from cnnspec.report.contract import encode_json


def one(verdict: Verdict) -> str:
    """The JSON of one network."""
    return encode_json({"version": 1, **entry(verdict)}, indent=2)


def page(verdicts: list[Verdict]) -> str:
    """The JSON of several networks."""
    found = [entry(v) for v in verdicts]
    return encode_json(
        {"version": 1, "passed": all(v.passed for v in verdicts), "networks": found}, indent=2
    )


def entry(verdict: Verdict) -> dict[str, Any]:
    return {
        "network": verdict.network,
        "passed": verdict.passed,
        "device": verdict.device,
        "versions": verdict.versions,
        "digest": verdict.digest,
        "checks": [checked(c) for c in verdict.checks],
    }


def checked(check: Check) -> dict[str, Any]:
    return {
        "check": check.name,
        "against": check.against,
        "status": check.status,
        "compared": check.compared,
        "detail": check.detail,
        "differences": [difference(d) for d in check.differences],
        **({"figures": check.figures} if check.figures else {}),
    }


def difference(found: Difference) -> dict[str, Any]:
    return {
        "layer": found.name,
        "quantity": found.quantity,
        "calculated": found.calculated,
        "measured": found.measured,
        "cause": found.cause,
    }
