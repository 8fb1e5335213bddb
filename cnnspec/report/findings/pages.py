"""The formats of findings by their names, presets.FINDINGS."""

from collections.abc import Callable

from cnnspec.gate.findings import Report
from cnnspec.report.findings import data, github, gitlab, junit, sarif, text

PAGES: dict[str, Callable[[Report], str]] = {
    "full": text.full,
    "concise": text.concise,
    "json": data.page,
    "github": github.page,
    "gitlab": gitlab.page,
    "sarif": sarif.page,
    "junit": junit.page,
}


def written(report: Report, format: str) -> str:
    """A report in one of the formats."""
    return PAGES[format](report)
