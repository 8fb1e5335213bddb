"""mutation.md: faults in cnnspec's own code, from data/mutation.json of tests.mutation."""

from typing import Any

from cnnspec.report.formats import render_grid
from cnnspec.report.pages.folder import read_data

GOAL = 85  # percent


def render_pages(reports: str) -> dict[str, str]:
    """The page, if its data is in the folder ``reports``."""
    data = read_data(reports, "mutation")
    return {"mutation.md": render_mutation_page(data)} if data else {}


def render_mutation_page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    about, ran = data["about"], data["mutants"]
    left = [m for m in ran if m["outcome"] == "survived"]
    return f"""# Mutation testing

Small faults were planted in cnnspec's own code, equally in `spec/`, `ops/` and `rules/`, one at a
time: a comparison or an operator exchanged, a number increased by one, a condition negated, a value
not returned, a statement removed; never in texts. The tests of that package were run, with at most
12 examples of each property, until one failed. {about["drawn"]:,} mutants were drawn at random from
seed {about["seed"]}, the same number from each package; {len(ran):,} of them were run on
{about["date"]} by `python -m tests.mutation` with Python {about["python"]}. The goal is to kill at
least {GOAL}% of at least 1,000 mutants. Methods that derive formulas, plan memory or build modules
were left out: they have test suites of their own. {share_killed_first(ran)} were killed in the
first run. Then tests were written for the survivors, more suites were run on them, and the
survivors were run again (`--again`). Line numbers are those of the code at that time.

{package_table(ran)}

## Survivors

Some of them are equivalent to the original program; the tests do not find the others yet.

{survivor_table(left)}
"""


def package_table(ran: list[dict[str, Any]]) -> str:
    """The numbers of mutants and of killed ones by package."""
    rows = []
    for package in [*dict.fromkeys(m["file"].partition("/")[0] for m in ran), ""]:
        some = [m for m in ran if m["file"].startswith(package)]
        killed = [m for m in some if m["outcome"] != "survived"]
        late = sum(m["outcome"] == "out of time" for m in some)
        since = sum(m["again"] for m in killed)
        rows.append(
            [
                package or "all",
                f"{len(some):,}",
                f"{len(killed):,}",
                f"{late:,}",
                f"{since:,}",
                f"{100 * len(killed) / len(some):.1f}%",
            ]
        )
    heads = [
        "Package",
        "Mutants",
        "Killed",
        "Of these by timeout",
        "Of these by later tests",
        "Share",
    ]
    return render_grid(heads, rows, [False] + [True] * 5, "markdown")


def share_killed_first(ran: list[dict[str, Any]]) -> str:
    """How many mutants were killed in the first run."""
    first = sum(m["outcome"] != "survived" and not m["again"] for m in ran)
    return f"{first:,} ({100 * first / len(ran):.1f}%)"


def survivor_table(left: list[dict[str, Any]]) -> str:
    """The mutants that no test killed."""
    rows = [[f"{m['file']}:{m['line']}", m["kind"], m["before"], m["after"]] for m in left]
    return (
        render_grid(["Place", "Kind", "Before", "After"], rows, [False] * 4, "markdown")
        if rows
        else "None."
    )
