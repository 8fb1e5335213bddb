"""A sweep: many settings of a network, as text, tables, CSV, JSON, Parquet or a picture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.comparison import Measure
from cnnspec.problems import RequestError, visible
from cnnspec.report.candidates import (
    candidate_entry,
    describe_settings,
    format_measures,
    format_setting,
)
from cnnspec.report.comparison import raw_measure
from cnnspec.report.contract import encode_json, make_frame
from cnnspec.report.formats import add_title_and_notes, render_csv, render_grid, wrap_lines
from cnnspec.report.scatter import draw_scatter
from cnnspec.search.candidates import DesignSpace
from cnnspec.search.selection import Direction, SweepResult
from cnnspec.units import format_count, format_plural

if TYPE_CHECKING:
    import pandas

FILE_FORMATS = {
    ".csv": "csv",
    ".json": "json",
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
    ".parquet": "parquet",
    ".svg": "svg",
}


class Sweep:
    """The candidates that a sweep found, best first. Made by :func:`cnnspec.sweep`."""

    def __init__(
        self,
        name: str,
        space: DesignSpace,
        measures: Sequence[Measure],
        result: SweepResult,
        front: Sequence[Direction] = (),
    ):
        self.name, self.space, self.measures, self.result = name, space, measures, result
        self.front = front

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a candidate: its settings, then its measures, exact."""
        return [candidate_entry(c, self.measures) for c in self.result.kept]

    def to_frame(self) -> "pandas.DataFrame":
        """The rows as a pandas DataFrame. Raises RequestError without pandas."""
        return make_frame(self.rows, [*self.space.values, *(m.key for m in self.measures)])

    def render(self, format: str = "text") -> str:
        """The sweep in one of presets.FORMATS. CSV and JSON are exact."""
        names = list(self.space.values)
        if format == "json":
            return encode_json(self.data(), indent=2)
        if format == "csv":
            lines = [[raw_measure(v) for v in row.values()] for row in self.rows]
            return render_csv([*names, *(m.key for m in self.measures)], lines)
        notes = self.notes()
        if not self.result.kept:
            return "\n".join(["No candidate is left.", *wrap_lines(notes)])
        cells = [
            [*map(format_setting, c.settings.values()), *format_measures(c, self.measures)]
            for c in self.result.kept
        ]
        right = [not isinstance(v[0], str) for v in self.space.values.values()]
        right += [m.kind != "text" for m in self.measures]
        headings = [*map(visible, names), *(m.heading for m in self.measures)]
        return add_title_and_notes(render_grid(headings, cells, right, format), notes, format)

    def encode(self, format: str) -> bytes:
        """The sweep as the content of a file, in a format of FILE_FORMATS.

        Raises RequestError where a package is missing, or Parquet has no type for a number."""
        if format == "parquet":
            return encode_parquet(self.to_frame())
        if format == "svg":
            return (draw_scatter(self.name, self.result, self.front, self.measures) + "\n").encode()
        return (self.render(format) + "\n").encode("utf-8", "backslashreplace")

    def data(self) -> dict[str, Any]:
        """The sweep as plain data."""
        return {
            "version": 1,
            "network": self.name,
            "tried": self.result.tried,
            "candidates": self.rows,
            "refused": [
                {"rule": r.rule, "count": r.count, "example": r.example, "settings": r.settings}
                for r in self.result.refused
            ],
            "conditions_failed": self.result.failed,
            "dominated": self.result.dominated,
        }

    def notes(self) -> list[str]:
        """The lines below the table: how many were tried, and why others are not shown."""
        found = self.result
        lines = [
            f"{format_plural(found.tried, 'candidate')} of {visible(self.name)} tried,"
            f" {format_count(len(found.kept))} shown."
        ]
        lines += [f"{format_count(n)} without {visible(text)}." for text, n in found.failed.items()]
        if found.dominated:
            lines.append(f"{format_count(found.dominated)} dominated by others.")
        for refusal in found.refused:
            settings = describe_settings(refusal.settings)
            rule = f"{refusal.rule} " if refusal.rule else ""
            lines.append(
                f"{format_count(refusal.count)} refused: {rule}{refusal.example} ({settings})."
            )
        return lines

    def __str__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        return self.render("html")


def encode_parquet(frame: "pandas.DataFrame") -> bytes:
    """Return a DataFrame as Parquet. Raises RequestError without pyarrow."""
    try:
        import pyarrow
    except ImportError:
        raise RequestError("Parquet needs pyarrow: pip install 'cnnspec[parquet]'") from None
    from io import BytesIO

    data = BytesIO()
    try:
        frame.to_parquet(data, index=False, engine="pyarrow")
    except (OverflowError, pyarrow.ArrowException) as error:
        raise RequestError(
            f"Parquet has no type for a column: {visible(error, 120)}; CSV and JSON have"
        ) from None
    return data.getvalue()
