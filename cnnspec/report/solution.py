"""What a search for the best value of an argument found, as text or JSON."""

from collections.abc import Sequence

from cnnspec.analyses.comparison import Measure
from cnnspec.problems import visible
from cnnspec.report.candidates import candidate_entry, describe_measures, describe_settings
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import wrap_lines
from cnnspec.search.selection import Direction
from cnnspec.search.solve import Solution
from cnnspec.units import format_count


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
