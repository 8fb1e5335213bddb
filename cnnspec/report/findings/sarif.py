"""Findings as SARIF 2.1.0, the format that code scanning services read.

Source: OASIS (2020), Static Analysis Results Interchange Format (SARIF) version 2.1.0.
"""

import os
from typing import Any
from urllib.parse import quote

from cnnspec import __version__
from cnnspec.gate.findings import (
    Finding,
    Report,
    can_be_ignored,
    get_documentation,
    get_severity,
    get_title,
)
from cnnspec.report.contract import encode_json
from cnnspec.report.findings.text import compute_fingerprints, describe_finding
from cnnspec.report.formats import relative_path

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "advice": "note"}


def render_sarif(report: Report) -> str:
    """Return one run: the rules with findings, and the findings; ignored ones are suppressed."""
    findings = (*report.findings, *report.ignored)
    codes = sorted({finding.problem.rule for finding in findings})
    fingerprints = compute_fingerprints(findings)
    results = [sarif_result(f, mark, codes) for f, mark in zip(findings, fingerprints, strict=True)]
    driver = {
        "name": "cnnspec",
        "semanticVersion": __version__,
        "rules": [sarif_rule(code) for code in codes],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return encode_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def sarif_rule(code: str) -> dict[str, Any]:
    """Return a rule with all the descriptions that services require."""
    documentation = get_documentation(code)
    advice = "Findings with this code cannot be ignored."
    if can_be_ignored(code):
        advice = f"To ignore it on a line, add the comment\n\n# cnnspec: ignore {code}: REASON"
    summary = documentation.partition("\n\n")[0].replace("\n", " ")
    return {
        "id": code,
        "shortDescription": {"text": get_title(code)},
        "fullDescription": {"text": summary},
        "help": {"text": f"{documentation}\n\n{advice}"},
        "defaultConfiguration": {"level": LEVELS[get_severity(code)]},
    }


def sarif_result(finding: Finding, fingerprint: str, codes: list[str]) -> dict[str, Any]:
    """Return one finding."""
    code = finding.problem.rule
    result: dict[str, Any] = {
        "ruleId": code,
        "ruleIndex": codes.index(code),
        "level": LEVELS[finding.severity],
        "message": {"text": describe_finding(finding)},
        "locations": [{"physicalLocation": sarif_location(finding)}],
        "partialFingerprints": {"cnnspec/v1": fingerprint},
    }
    if finding.ignore_reason:
        kind = "external" if finding.ignored_by_config else "inSource"
        result["suppressions"] = [{"kind": kind, "justification": finding.ignore_reason}]
    return result


def sarif_location(finding: Finding) -> dict[str, Any]:
    """Return the place of a finding.

    A file below the current folder is relative to the root of the repository, others are URIs."""
    where = finding.problem.where
    path = relative_path(where.file)
    artifact = {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
    if os.path.isabs(path):
        artifact = {"uri": f"file://{quote(path)}"}
    location: dict[str, Any] = {"artifactLocation": artifact}
    if where.line:
        location["region"] = {"startLine": where.line, "startColumn": where.column}
    return location
