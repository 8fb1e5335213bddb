"""A comparison that shows itself: in a terminal as text, in a notebook as HTML."""

from typing import TYPE_CHECKING

from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings, Measure
from cnnspec.report.comparison import DIGITS, comparison_entry, render_comparison

if TYPE_CHECKING:
    import pandas


class Comparison:
    """Networks side by side. Made by :func:`cnnspec.compare`; it prints itself as the command
    does."""

    def __init__(
        self, subjects: list[ComparedNetwork], measures: list[Measure], setting: ComparisonSettings
    ):
        self.subjects, self.measures, self.setting = subjects, measures, setting

    def written(
        self, format: str = "text", exact: bool = False, across: bool = False, digits: int = DIGITS
    ) -> str:
        """The comparison in one of presets.FORMATS; ``across`` has a column a network instead of a
        row.

        Tables show numbers to so many ``digits``, or ``exact``; CSV and JSON are exact.
        """
        return render_comparison(
            self.subjects, self.measures, self.setting, format, exact, across, digits
        )

    def to_frame(self) -> "pandas.DataFrame":
        """One line a network, with the keys of the JSON contract, exact. Raises RequestError
        without pandas."""
        from cnnspec.report.frame import framed

        return framed(
            [comparison_entry(s, self.measures) for s in self.subjects],
            [m.key for m in self.measures],
        )

    def __str__(self) -> str:
        return self.written()

    def _repr_html_(self) -> str:
        return self.written("html")
