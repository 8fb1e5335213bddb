"""The formats of verdicts by their names, presets.VERDICTS."""

from collections.abc import Callable

from cnnspec.analyses.verdict import Verdict
from cnnspec.report.verdicts import data, github, junit, markdown, text

ONE: dict[str, Callable[[Verdict], str]] = {
    "text": text.one,
    "json": data.one,
    "markdown": markdown.one,
}
SEVERAL: dict[str, Callable[[list[Verdict]], str]] = {
    "text": text.page,
    "json": data.page,
    "markdown": markdown.page,
    "junit": junit.page,
    "github": github.page,
}


def written(verdicts: list[Verdict], format: str, several: bool) -> str:
    """Verdicts in a format; ``several`` says that more than one network was asked for."""
    return SEVERAL[format](verdicts) if several or format not in ONE else ONE[format](verdicts[0])
