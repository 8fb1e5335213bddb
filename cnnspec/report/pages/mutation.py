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
{about["drawn"]:,} mutants were drawn from seed {about["seed"]}; of these the first {len(ran):,}, a sample by chance,
were run on {about["date"]} by `python -m tests.mutation` with Python {about["python"]}. The goal is that at least
{GOAL}% are killed, of at least 1,000. Methods that derive formulas, plan memory and build twins were left out: they
have suites of their own.

{by_room(ran)}

## Survivors

Some of them are the same program as before; the others are what tests do not see yet.

{survivors(left)}
"""


def by_room(ran: list[dict[str, Any]]) -> str:
    rows = []
    for room in [*dict.fromkeys(m["file"].partition("/")[0] for m in ran), ""]:
        some = [m for m in ran if m["file"].startswith(room)]
        killed = sum(m["outcome"] != "survived" for m in some)
        late = sum(m["outcome"] == "out of time" for m in some)
        share = f"{100 * killed / len(some):.0f}%" if some else ""
        rows.append([room or "all", f"{len(some):,}", f"{killed:,}", f"{late:,}", share])
    return grid(["Room", "Mutants", "Killed", "Of these by time", "Share"], rows, [False] + [True] * 4, "markdown")


def survivors(left: list[dict[str, Any]]) -> str:
    rows = [[f"{m['file']}:{m['line']}", m["kind"], m["before"], m["after"]] for m in left]
    return grid(["Place", "Kind", "Before", "After"], rows, [False] * 4, "markdown") if rows else "None."
