"""planted_faults.md, from data/faults.json, which `python -m tests.faults` makes."""

from collections import Counter
from typing import Any

from cnnspec.report.formats import grid
from cnnspec.report.pages.measured import measured

BY = {
    "calculator": "the calculator",
    "calls": "calls",
    "outputs": "output shapes",
    "tensors": "tensors",
    "evaluation": "values in inference",
    "training": "values in training",
}


def pages(reports: str) -> dict[str, str]:
    """The page, where there is data."""
    data = measured(reports, "faults")
    return {"planted_faults.md": page(data)} if data else {}


def scored(data: dict[str, Any]) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """All mutants; those that are networks; of these the equivalent ones, and those that changed
    and passed."""
    every = [row | {"network": name} for name, rows in data["networks"].items() for row in rows]
    fits = [row for row in every if row["by"] != "calculator"]
    passed = [row for row in fits if not row["by"]]
    return (
        every,
        fits,
        [row for row in passed if row["reason"]],
        [row for row in passed if not row["reason"]],
    )


def sentence(data: dict[str, Any]) -> str:
    """The score, for other pages."""
    every, fits, equal, open_ = scored(data)
    changed = len(fits) - len(equal)
    return (
        f"Of {len(every):,} planted faults, {len(every) - len(fits):,} are no networks any more and"
        f" {len(equal):,} the same function as before; of the {changed:,} others"
        f" {changed - len(open_):,} are caught: [planted_faults.md](planted_faults.md)."
    )


def page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    about = data["about"]
    every, fits, equal, open_ = scored(data)
    changed = [row for row in fits if row not in equal]
    caught = [row for row in fits if row["by"]]
    named = [row for row in caught if row["right"]]
    valued = [row for row in caught if "by values" in row]
    alone = [row for row in valued if row["by values"]]
    size = "x".join(map(str, about["input"]))
    return f"""# Planted faults

{len(every):,} faults were planted in {len(data["networks"])} networks of the zoo, unrolled, at an input of {size}: one
field changed, a layer left out, two swapped, or an input taken from elsewhere, by chance and from a fixed seed. Each
mutant was compared with the library's model as `cnnspec verify --against` does it. Made on {about["date"]} by
`python -m tests.faults` with Python {about["python"]}, torch {about["torch"]}, torchvision {about["torchvision"]} and
timm {about["timm"]}, on a CPU.

- {len(every) - len(fits):,} mutants are no networks any more: the calculator says so, and they are not counted below.
- {len(equal):,} are the same function as before, each for a reason that is shown below.
- Of the {len(changed):,} that change the function, **{len(caught):,} are caught**, and {len(open_):,} are not.
- Of those caught, {len(named):,} are named rightly: the first layer that differs is one that was changed, or reads
  what was.
- Tensors and values alone, without regard to the calls, catch {len(alone):,} of {len(valued):,}, a part drawn by
  chance.

## By kind

{by_kind(every)}

## By network

{by_network(data["networks"])}

## Mutants that pass

{survivors(equal + open_)}

## Caught, but another layer named

{misnamed([row for row in caught if not row["right"]])}

## Not caught by values alone

{unseen([row for row in valued if not row["by values"]])}
"""


def by_kind(every: list[dict[str, Any]]) -> str:
    rows = []
    for kind in dict.fromkeys(row["kind"] for row in every):
        by = Counter(row["by"] for row in every if row["kind"] == kind)
        rows.append([kind, str(by.total()), *(str(by[b] or "") for b in BY), str(by[""] or "")])
    total = Counter(row["by"] for row in every)
    rows.append(["all", f"{total.total():,}", *(f"{total[b]:,}" for b in BY), str(total[""])])
    heads = ["Kind", "Planted", *(f"By {b}" for b in BY.values()), "Passed"]
    return grid(heads, rows, [False] + [True] * 8, "markdown")


def by_network(networks: dict[str, list[dict[str, Any]]]) -> str:
    rows = []
    for name, mutants in networks.items():
        fits = [m for m in mutants if m["by"] != "calculator"]
        equal = sum(1 for m in fits if not m["by"] and m["reason"])
        caught = [m for m in fits if m["by"]]
        rows.append(
            [
                name,
                str(len(mutants)),
                str(len(mutants) - len(fits)),
                str(equal),
                f"{len(caught)} of {len(fits) - equal}",
                str(sum(1 for m in caught if m["right"])),
            ]
        )
    return grid(
        ["Network", "Planted", "No networks", "Same function", "Caught", "Named rightly"],
        rows,
        [False] + [True] * 5,
        "markdown",
    )


def survivors(rows: list[dict[str, Any]]) -> str:
    return listed("Why it is the same function", [(r, r["reason"] or "none found") for r in rows])


def misnamed(rows: list[dict[str, Any]]) -> str:
    return listed("Named", [(r, r["named"]) for r in rows])


def unseen(rows: list[dict[str, Any]]) -> str:
    return listed("Caught by", [(r, BY[r["by"]]) for r in rows])


def listed(last: str, rows: list[tuple[dict[str, Any], str]]) -> str:
    """Mutants, with something said of each."""
    cells = [[r["network"], r["layer"], r["change"], said] for r, said in rows]
    return (
        grid(["Network", "Layer", "Change", last], cells, [False] * 4, "markdown")
        if rows
        else "None."
    )
