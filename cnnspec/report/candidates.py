"""Candidates of a search: their settings and measures, as data and in words."""

from collections.abc import Sequence
from typing import Any

from cnnspec.analyses.comparison import Measure
from cnnspec.problems import visible
from cnnspec.report.comparison import format_measure
from cnnspec.search.candidates import Candidate
from cnnspec.units import format_shape


def candidate_entry(candidate: Candidate, measures: Sequence[Measure]) -> dict[str, Any]:
    """A candidate as plain data: its settings, then its measures."""
    values = {m.key: candidate.value(m.key) for m in measures}
    return {
        k: list(v) if isinstance(v, tuple) else v for k, v in (candidate.settings | values).items()
    }


def format_measures(candidate: Candidate, measures: Sequence[Measure]) -> list[str]:
    """The cells of a candidate's measures."""
    return [format_measure(m, candidate.value(m.key)) for m in measures]


def describe_measures(candidate: Candidate, measures: Sequence[Measure]) -> list[str]:
    """Lines with the measures of a candidate, exact."""
    values = [format_measure(m, candidate.value(m.key), exact=True) for m in measures]
    return [f"  {m.key} = {text}" for m, text in zip(measures, values, strict=True)]


def describe_settings(settings: dict[str, Any]) -> str:
    """Settings in words: ``width = 48, depth = 18``."""
    return ", ".join(f"{visible(k)} = {format_setting(v)}" for k, v in settings.items())


def format_setting(value: Any) -> str:
    """One setting in words."""
    return format_shape(value) if isinstance(value, tuple) else visible(str(value), 60)
