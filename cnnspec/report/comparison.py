"""Tables of networks side by side, with many measures.

Tables show counts to four digits unless exact; CSV and JSON are exact."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings, Measure
from cnnspec.problems import visible
from cnnspec.report.cells import NOTHING
from cnnspec.report.contract import encode_json, make_frame
from cnnspec.report.formats import ESCAPES, add_title_and_notes, render_csv, render_grid
from cnnspec.report.wide_grids import render_wide_grid
from cnnspec.units import format_count, format_shape, format_short

if TYPE_CHECKING:
    import pandas

DIGITS = 4
TEXTS = ("text", "year", "shape")  # kinds of measures that are left-aligned


class Comparison:
    """Networks side by side. Made by :func:`cnnspec.compare`; prints itself as the command does."""

    def __init__(
        self,
        subjects: list[ComparedNetwork],
        measures: list[Measure],
        setting: ComparisonSettings,
        unknown: Sequence[str] = (),
    ):
        self.subjects, self.measures, self.setting = subjects, measures, setting
        self.unknown = unknown  # texts of conditions that no network has

    def render(
        self, format: str = "text", exact: bool = False, across: bool = False, digits: int = DIGITS
    ) -> str:
        """The comparison in one of presets.FORMATS.

        ``across`` shows a column per network instead of a row. Tables show ``digits`` significant
        digits, or ``exact`` numbers; CSV and JSON are exact."""
        if not self.subjects and format not in ("csv", "json"):
            why = "; ".join(["No network meets the conditions", *self.unknown])
            return ESCAPES[format](f"{why.removesuffix('?')}{'?' if why.endswith('?') else '.'}")
        return render_comparison(
            self.subjects, self.measures, self.setting, format, exact, across, digits
        )

    def to_frame(self) -> "pandas.DataFrame":
        """A line per network with the keys of the JSON, exact.

        Raises RequestError without pandas."""
        lines = [comparison_entry(s, self.measures) for s in self.subjects]
        return make_frame(lines, [m.key for m in self.measures])

    def __str__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        return self.render("html")


def render_comparison(
    subjects: list[ComparedNetwork],
    measures: list[Measure],
    setting: ComparisonSettings,
    format: str,
    exact: bool = False,
    across: bool = False,
    digits: int = DIGITS,
) -> str:
    """A comparison as text in one of presets.FORMATS; see Comparison.render."""
    if format == "json":
        return encode_json(comparison_data(subjects, measures, setting), indent=2)
    if format == "csv":
        lines = [[raw_measure(s.value(m.key)) for m in measures] for s in subjects]
        return render_csv([m.key for m in measures], lines)
    cells = [[format_measure(m, s.value(m.key), exact, digits) for m in measures] for s in subjects]
    headings, right = [m.heading for m in measures], [m.kind not in TEXTS for m in measures]
    if across:
        columns = [[*column] for column in zip(headings, *cells, strict=True)]
        headings, cells = columns[0], columns[1:]
        right = [False] + [True] * len(subjects)
    if format == "text":
        body = render_wide_grid(headings, cells, right)
    else:
        body = render_grid(headings, cells, right, format)
    notes = comparison_notes(subjects, measures, setting)
    if format == "html":
        escaped = [f"<p>{ESCAPES[format](note)}</p>" for note in notes]
        return "\n".join([body.replace("<table>", '<table class="cnnspec">', 1), *escaped])
    return add_title_and_notes(body, notes, format)


def format_measure(of: Measure, value: Any, exact: bool = False, digits: int = DIGITS) -> str:
    """A value as tables show it."""
    if value is None:
        return "all" if of.kind == "field" else NOTHING
    if of.kind == "field" and len(set(value)) == 1:
        return str(value[0])
    if of.kind in ("field", "shape"):
        return format_shape(value)
    if of.kind == "ratio":
        return f"{value:.2f}"
    if of.kind not in ("bytes", "count"):
        return str(value)
    if exact:
        return format_count(value)
    return format_short(value, "B" if of.kind == "bytes" else "", digits)


def raw_measure(value: Any) -> Any:
    """A value in CSV: exact, shapes as 3x224x224, "" for None."""
    if value is None:
        return ""
    return format_shape(value) if isinstance(value, tuple) else value


def comparison_entry(subject: ComparedNetwork, measures: list[Measure]) -> dict[str, Any]:
    """A network as plain data.

    ``receptive_field`` null means the whole input, any other null that the value is unknown."""
    values = {m.key: subject.value(m.key) for m in measures}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}


def comparison_data(
    subjects: list[ComparedNetwork], measures: list[Measure], setting: ComparisonSettings
) -> dict[str, Any]:
    """A comparison as plain data."""
    given = {"batch": setting.batch, "dtype": setting.dtype, "optimizer": setting.optimizer}
    return {
        "version": 1,
        **given,
        "networks": [comparison_entry(s, measures) for s in subjects],
    }


def comparison_notes(
    subjects: list[ComparedNetwork], measures: list[Measure], setting: ComparisonSettings
) -> list[str]:
    """The lines below the table: what columns mean, the settings, and why values are missing."""
    lines = [] if any(m.key == "input" for m in measures) else [describe_inputs(subjects)]
    lines += [f"{m.heading}: {m.says}." for m in measures if m.says]
    if any(m.kind in ("bytes", "ratio") for m in measures):
        trained = any(m.key == "training_peak" for m in measures)
        optimizer = "no optimizer" if setting.optimizer == "none" else setting.optimizer
        lines.append(
            f"For a batch of {format_count(setting.batch)} in {setting.dtype}"
            + (f", trained with {optimizer}" if trained else "")
            + "; MB is 1e6 bytes."
        )
    reasons: dict[str, list[str]] = {}
    for subject in subjects:
        for why in subject.unknown.values():
            reasons.setdefault(why, []).append(subject.value("network"))
    for why, names in reasons.items():
        lines.append(f"{NOTHING}: {why} ({', '.join(map(visible, names))}).")
    return lines


def describe_inputs(subjects: list[ComparedNetwork]) -> str:
    """The inputs for which the numbers hold."""
    shapes = {s.value("network"): format_shape(s.value("input")) for s in subjects}
    if len(set(shapes.values())) == 1:
        return f"Input {next(iter(shapes.values()))}."
    if len(shapes) > 8:
        return "The networks have different inputs, shown by the column input."
    return "Inputs: " + ", ".join(f"{visible(name)} {size}" for name, size in shapes.items()) + "."
