"""Check that a page of findings is well-formed, as the services that read it require."""

import json as jsonlib
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jsonschema import Draft7Validator

SARIF = Draft7Validator(
    jsonlib.loads((Path(__file__).parent / "sarif.json").read_text(encoding="utf-8"))
)
COMMAND = re.compile(
    r"::(error|warning|notice) (?:[a-z]+=[^:,\n\r]*(?:,[a-z]+=[^:,\n\r]*)*)::[^\n\r]*"
)
ISSUE = {
    "description": str,
    "check_name": str,
    "fingerprint": str,
    "severity": str,
    "location": dict,
}


def findings(format: str, page: str) -> int:
    """Return how many findings a page shows; assert that it is well-formed."""
    assert all(c.isprintable() or c == "\n" for c in page), format
    page.encode("utf-8")
    return READERS[format](page)


def full(page: str) -> int:
    return len(re.findall(r"^\S.*?(?::\d+:\d+)?: [A-Z]\d{3} ", page, re.M))


def concise(page: str) -> int:
    lines = page.splitlines()
    assert all(re.match(r".+?: [A-Z]\d{3} \S", line) for line in lines)
    return len(lines)


def json(page: str) -> int:
    data = jsonlib.loads(page)
    assert (data["version"], data["passed"]) in ((1, True), (1, False))
    marks = [f["fingerprint"] for f in data["findings"]]
    assert len(set(marks)) == len(marks)
    return len(marks)


def github(page: str) -> int:
    lines = page.split("\n")
    assert all(COMMAND.fullmatch(line) for line in lines), page
    assert lines[-1].startswith("::notice title=cnnspec check::")
    return len(lines) - 1


def gitlab(page: str) -> int:
    issues: list[dict[str, Any]] = jsonlib.loads(page)
    for issue in issues:
        assert {key: type(value) for key, value in issue.items()} == ISSUE
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
        assert issue["location"]["path"]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return len(issues)


def sarif(page: str) -> int:
    data = jsonlib.loads(page)
    assert [e.message for e in SARIF.iter_errors(data)] == []
    run = data["runs"][0]
    # Without these texts, GitHub refuses the whole report; it shows 1024 characters at most.
    for rule in run["tool"]["driver"]["rules"]:
        assert all(
            0 < len(rule[key]["text"]) <= limit
            for key, limit in (
                ("shortDescription", 1024),
                ("fullDescription", 1024),
                ("help", 10_000),
            )
        )
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return sum("suppressions" not in result for result in run["results"])


def junit(page: str) -> int:
    suite = ElementTree.fromstring(page.encode()).find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    failed = [c for c in cases if c.find("failure") is not None]
    assert (int(suite.get("tests", "")), int(suite.get("failures", ""))) == (
        len(cases),
        len(failed),
    )
    texts = [c.findtext("failure") or c.findtext("system-out") or "" for c in cases]
    return sum(len(text.splitlines()) for text in texts)


READERS = {
    "full": full,
    "concise": concise,
    "json": json,
    "github": github,
    "gitlab": gitlab,
    "sarif": sarif,
    "junit": junit,
}
