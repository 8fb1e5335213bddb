"""What a sweep or a solution found, as text, Markdown, CSV, JSON or other tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.comparison import DEFAULT, ComparisonSettings, Measure, find_measure
from cnnspec.analyses.comparison_selection import parse_condition
from cnnspec.analyses.memory.request import check_request
from cnnspec.problems import visible
from cnnspec.report.comparison import format_measure, raw_measure
from cnnspec.report.contract import encode_json, make_frame
from cnnspec.report.formats import add_title_and_notes, render_csv, render_grid, wrap_lines
from cnnspec.search.candidates import (
    Candidate,
    CandidateEvaluator,
    DesignSpace,
    choose_settings,
)
from cnnspec.search.solve import Solution
from cnnspec.search.sweep import Direction, SweepResult, parse_direction, run_sweep
from cnnspec.spec.scope import MAX_LINES
from cnnspec.units import format_count, format_plural, format_shape

if TYPE_CHECKING:
    import pandas


class Sweep:
    """The candidates that a sweep found, best first. Made by :func:`cnnspec.sweep`."""

    def __init__(
        self, name: str, space: DesignSpace, measures: Sequence[Measure], result: SweepResult
    ):
        self.name, self.space, self.measures, self.result = name, space, measures, result

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


def sweep(
    name: str,
    space: Mapping[str, Iterable[Any]] | DesignSpace,
    *,
    where: Iterable[str] = (),
    pareto: Iterable[str] = (),
    sort: str = "",
    columns: Iterable[str] | None = None,
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "none",
    max_lines: int = MAX_LINES,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Evaluate a network at every combination of values of its arguments.

    ``space`` maps arguments to their values, such as ``{"width": range(16, 129, 16)}``; "input"
    are sizes of the input and "batch" batches. ``where`` are conditions ("params < 5M"),
    ``pareto`` measures in which no other candidate is better ("-depth": more is better), and
    ``sort`` a measure. ``sample`` tries so many random candidates, drawn with ``seed``.
    ``progress`` is called with the number of candidates tried and that of all. Raises RequestError
    or SpecError before the first candidate for an unknown name or value."""
    check_request(batch, dtype, optimizer)
    if not isinstance(space, DesignSpace):
        space = DesignSpace({key: tuple(values) for key, values in space.items()})
    conditions = [parse_condition(text, "--where") for text in where]
    front = [parse_direction(key) for key in pareto]
    order = parse_direction(sort) if sort else None
    keys = [*(DEFAULT[1:4] if columns is None else columns)]
    keys += [c.measure.key for c in conditions]
    keys += [d.measure.key for d in [*front, *([order] if order else [])]]
    measures = [find_measure(key) for key in dict.fromkeys(keys)]
    setting = ComparisonSettings(batch, dtype, optimizer)
    evaluator = CandidateEvaluator(name, space, setting, max_lines=max_lines)
    settings, count = choose_settings(space, sample, seed)
    tried = 0

    def advance() -> None:
        nonlocal tried
        tried += 1
        if progress is not None:
            progress(tried, count)

    found = run_sweep(evaluator, settings, conditions, front, order, limit, advance)
    return Sweep(evaluator.name, space, measures, found)


def render_solution(
    name: str,
    solution: Solution,
    measures: Sequence[Measure],
    goal: Direction,
    conditions: Sequence[str],
    format: str,
) -> str:
    """The best settings with their measures, as text or JSON."""
    if format == "json":
        return encode_json(
            {
                "version": 1,
                "network": name,
                "best": candidate_entry(solution.best, measures) if solution.best else None,
                "nearest": candidate_entry(solution.nearest, measures)
                if solution.nearest
                else None,
                "tried": solution.tried,
                "candidates": solution.size,
                "method": solution.method,
            },
            indent=2,
        )
    wish = "largest" if goal.large else "smallest"
    asked = f"{' and '.join(map(visible, conditions))}, with the {wish} {goal.measure.key}"
    how = (
        f"all {format_count(solution.size)} candidates were tried"
        if solution.method == "all"
        else f"found by bisection with {solution.tried} of {format_count(solution.size)}"
        " candidates, over all of which the measures grow or shrink"
    )
    if solution.best:
        lines = [f"{visible(name)}: {describe_settings(solution.best.settings)}"]
        lines += describe_measures(solution.best, measures)
        return "\n".join([*lines, "", *wrap_lines([f"{asked}; {how}."])])
    wanted = " and ".join(map(visible, conditions))
    lines = wrap_lines([f"{visible(name)}: no candidate has {wanted}; {how}."])
    if solution.nearest:
        lines.append(f"The nearest is {describe_settings(solution.nearest.settings)}:")
        lines += describe_measures(solution.nearest, measures)
    return "\n".join(lines)


def candidate_entry(candidate: Candidate, measures: Sequence[Measure]) -> dict[str, Any]:
    """A candidate as plain data: its settings, then its measures."""
    values = {
        m.key: candidate.subject.value(m.key) if candidate.subject else None for m in measures
    }
    return {
        k: list(v) if isinstance(v, tuple) else v for k, v in (candidate.settings | values).items()
    }


def format_measures(candidate: Candidate, measures: Sequence[Measure]) -> list[str]:
    subject = candidate.subject
    return [format_measure(m, subject.value(m.key) if subject else None) for m in measures]


def describe_measures(candidate: Candidate, measures: Sequence[Measure]) -> list[str]:
    """Lines with the measures of a candidate, exact."""
    subject = candidate.subject
    values = [
        format_measure(m, subject.value(m.key) if subject else None, exact=True) for m in measures
    ]
    return [f"  {m.key} = {text}" for m, text in zip(measures, values, strict=True)]


def describe_settings(settings: dict[str, Any]) -> str:
    """Settings in words: ``width = 48, depth = 18``."""
    return ", ".join(f"{visible(k)} = {format_setting(v)}" for k, v in settings.items())


def format_setting(value: Any) -> str:
    return format_shape(value) if isinstance(value, tuple) else visible(str(value), 60)
