"""Findings as SARIF 2.1.0, the format in which code scanning services read what analysers find.

Source: OASIS (2020), Static Analysis Results Interchange Format (SARIF) version 2.1.0.
"""

import os
from typing import Any
from urllib.parse import quote

from cnnspec import __version__
from cnnspec.gate.codes import ignorable, severity, title, why
from cnnspec.gate.findings import Finding, Report
from cnnspec.report.annotations import relative
from cnnspec.report.contract import encoded
from cnnspec.report.findings.words import fingerprints, sentences

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "advice": "note"}


def page(report: Report) -> str:
    """One run: the rules that findings name, and the findings, ignored ones as suppressed."""
    findings = (*report.findings, *report.ignored)
    codes = sorted({f.problem.rule for f in findings})
    results = [
        result(f, mark, codes) for f, mark in zip(findings, fingerprints(findings), strict=True)
    ]
    driver = {
        "name": "cnnspec",
        "semanticVersion": __version__,
        "rules": [rule(code) for code in codes],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return encoded({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def rule(code: str) -> dict[str, Any]:
    """A rule as services show it beside what it finds; they want each of these descriptions."""
    mend = (
        f"# cnnspec: ignore {code}: and the reason\n\non a line ignores it there."
        if ignorable(code)
        else ("What it is about is mended, never ignored.")
    )
    return {
        "id": code,
        "shortDescription": {"text": title(code)},
        "fullDescription": {"text": why(code).partition("\n\n")[0].replace("\n", " ")},
        "help": {"text": f"{why(code)}\n\n{mend}"},
        "defaultConfiguration": {"level": LEVELS[severity(code)]},
    }


def result(finding: Finding, fingerprint: str, codes: list[str]) -> dict[str, Any]:
    problem = finding.problem
    found: dict[str, Any] = {
        "ruleId": problem.rule,
        "ruleIndex": codes.index(problem.rule),
        "level": LEVELS[finding.severity],
        "message": {"text": sentences(finding)},
        "locations": [{"physicalLocation": location(finding)}],
        "partialFingerprints": {"cnnspec/v1": fingerprint},
    }
    if finding.ignored:
        found["suppressions"] = [
            {
                "kind": "external" if finding.outside else "inSource",
                "justification": finding.ignored,
            }
        ]
    return found


def location(finding: Finding) -> dict[str, Any]:
    """The place: a file below the current folder relative to the repository's root, another one by
    its URI."""
    where = finding.problem.where
    path = relative(where.file)
    if os.path.isabs(path):
        artifact = {"uri": f"file://{quote(path)}"}
    else:
        artifact = {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
    region = (
        {"region": {"startLine": where.line, "startColumn": where.column}} if where.line else {}
    )
    return {"artifactLocation": artifact, **region}
