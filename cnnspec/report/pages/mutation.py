"""mutation.md, from data/mutation.json, which `python -m tests.mutation` makes."""

from typing import Any

from cnnspec.report.formats import grid
from cnnspec.report.pages.measured import measured

GOAL = 85  # percent


def pages(reports: str) -> dict[str, str]:
    """The page, where there is data."""
    data = measured(reports, "mutation")
    return {"mutation.md": page(data)} if data else {}


def page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    about, ran = data["about"], data["mutants"]
    left = [m for m in ran if m["outcome"] == "survived"]
    return f"""# Mutation testing

Small faults were planted in the checker's own code, in `spec/`, `ops/` and `rules/` alike, one at a time: a comparison
or an operator exchanged, a number raised by one, a condition turned round, a value not returned, a statement left
out; never in texts. The tests that concern the room were run, with at most 12 examples of each law, until one failed.
{about["drawn"]:,} mutants were drawn by chance from seed {about["seed"]}, as many from each room; {len(ran):,} of them
were run on {about["date"]} by `python -m tests.mutation` with Python {about["python"]}. The goal is that at least
{GOAL}% are killed, of at least 1,000. Methods that derive formulas, plan memory and build twins were left out: they
have suites of their own. {share(ran)} were killed when they were drawn. Then tests were written for those that had
survived, more suites were run over them, and they were tried once more (`--again`). Places are those of the code then.

{by_room(ran)}

## Survivors

Some of them are the same program as before; the others are what tests do not see yet.

{survivors(left)}
"""


def by_room(ran: list[dict[str, Any]]) -> str:
    rows = []
    for room in [*dict.fromkeys(m["file"].partition("/")[0] for m in ran), ""]:
        some = [m for m in ran if m["file"].startswith(room)]
        killed = [m for m in some if m["outcome"] != "survived"]
        late = sum(m["outcome"] == "out of time" for m in some)
        since = sum(m["again"] for m in killed)
        rows.append(
            [
                room or "all",
                f"{len(some):,}",
                f"{len(killed):,}",
                f"{late:,}",
                f"{since:,}",
                f"{100 * len(killed) / len(some):.1f}%",
            ]
        )
    heads = [
        "Room",
        "Mutants",
        "Killed",
        "Of these by time",
        "Of these by tests written since",
        "Share",
    ]
    return grid(heads, rows, [False] + [True] * 5, "markdown")


def share(ran: list[dict[str, Any]]) -> str:
    """How many were killed at first."""
    first = sum(m["outcome"] != "survived" and not m["again"] for m in ran)
    return f"{first:,} ({100 * first / len(ran):.1f}%)"


def survivors(left: list[dict[str, Any]]) -> str:
    rows = [[f"{m['file']}:{m['line']}", m["kind"], m["before"], m["after"]] for m in left]
    return (
        grid(["Place", "Kind", "Before", "After"], rows, [False] * 4, "markdown")
        if rows
        else "None."
    )
