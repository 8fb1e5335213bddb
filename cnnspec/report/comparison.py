"""Networks side by side, in every format. Tables show counts to four digits, or exactly; CSV and
JSON are exact."""

from typing import Any

from cnnspec.analyses.comparison import ComparedNetwork, ComparisonSettings, Measure
from cnnspec.problems import visible
from cnnspec.report.columns import NOTHING
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import ESCAPES, add_title_and_notes, render_csv, render_grid
from cnnspec.units import format_count, format_shape, format_short

DIGITS = 4
TEXTS = ("text", "year", "shape")


def render_comparison(
    subjects: list[ComparedNetwork],
    measures: list[Measure],
    setting: ComparisonSettings,
    format: str,
    exact: bool = False,
    across: bool = False,
    digits: int = DIGITS,
) -> str:
    """A comparison as text in one of presets.FORMATS; ``across`` has a column a network instead of
    a row.

    Tables have numbers to so many ``digits``, or ``exact``.
    """
    if format == "json":
        return encode_json(comparison_data(subjects, measures, setting), indent=2)
    if format == "csv":
        return render_csv(
            [m.key for m in measures],
            [[raw_measure(s.value(m.key)) for m in measures] for s in subjects],
        )
    if not subjects:
        return ESCAPES[format]("No network fulfils the conditions.")
    cells = [[format_measure(m, s.value(m.key), exact, digits) for m in measures] for s in subjects]
    heads, right = [m.heading for m in measures], [m.kind not in TEXTS for m in measures]
    if across:
        columns = list(zip(heads, *cells, strict=True))
        heads, cells, right = (
            [*columns[0]],
            [[*c] for c in columns[1:]],
            [False] + [True] * len(subjects),
        )
    body, lines = (
        render_grid(heads, cells, right, format),
        comparison_notes(subjects, measures, setting),
    )
    if format == "html":
        escaped = [f"<p>{ESCAPES[format](line)}</p>" for line in lines]
        return "\n".join([body.replace("<table>", '<table class="cnnspec">', 1), *escaped])
    return add_title_and_notes(body, lines, format)


def format_measure(of: Measure, value: Any, exact: bool = False, digits: int = DIGITS) -> str:
    """A value as tables show it."""
    if value is None:
        return "all" if of.kind == "field" else NOTHING
    if of.kind == "field":
        return str(value[0]) if len(set(value)) == 1 else format_shape(value)
    if of.kind == "shape":
        return format_shape(value)
    if of.kind == "bytes":
        return format_count(value) if exact else format_short(value, "B", digits)
    if of.kind == "ratio":
        return f"{value:.2f}"
    return (
        (format_count(value) if exact else format_short(value, digits=digits))
        if of.kind == "count"
        else str(value)
    )


def raw_measure(value: Any) -> Any:
    """A value in CSV: exact, shapes as 3x224x224, nothing where it has none."""
    return "" if value is None else format_shape(value) if isinstance(value, tuple) else value


def comparison_entry(subject: ComparedNetwork, measures: list[Measure]) -> dict[str, Any]:
    """A network as plain data. ``receptive_field`` null means the whole input, any other null that
    nobody knows."""
    values = {m.key: subject.value(m.key) for m in measures}
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


def comparison_data(
    subjects: list[ComparedNetwork], measures: list[Measure], setting: ComparisonSettings
) -> dict[str, Any]:
    """A comparison as plain data."""
    given = {"batch": setting.batch, "dtype": setting.dtype, "optimizer": setting.optimizer}
    return {"version": 1, **given, "networks": [comparison_entry(s, measures) for s in subjects]}


def comparison_notes(
    subjects: list[ComparedNetwork], measures: list[Measure], setting: ComparisonSettings
) -> list[str]:
    """What a reader has to know: what the columns are, for what memory was asked, and what is not
    known."""
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
            reasons.setdefault(why, []).append(subject.graph.name)
    lines += [
        f"{NOTHING}: {why} ({', '.join(map(visible, names))})." for why, names in reasons.items()
    ]
    return lines


def describe_inputs(subjects: list[ComparedNetwork]) -> str:
    """For what inputs the numbers hold."""
    shapes = {s.graph.name: format_shape(s.value("input")) for s in subjects}
    if len(set(shapes.values())) == 1:
        return f"Input {next(iter(shapes.values()))}."
    if len(shapes) > 8:
        return "Inputs differ from network to network: the column input shows them."
    return "Inputs: " + ", ".join(f"{visible(name)} {size}" for name, size in shapes.items()) + "."
