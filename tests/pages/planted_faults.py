"""planted_faults.md: faults in networks, from data/faults.json of python -m tests.faults."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from cnnspec.report.formats import render_grid
from cnnspec.report.pages.folder import read_data

BY = {
    "calculator": "the calculator",
    "calls": "calls",
    "outputs": "output shapes",
    "tensors": "tensors",
    "evaluation": "values in inference",
    "training": "values in training",
}


def render_pages(reports: str) -> dict[str, str]:
    """The page, if its data is in the folder ``reports``."""
    data = read_data(reports, "faults")
    return {"planted_faults.md": render_planted_faults_page(data)} if data else {}


class Score:
    """The mutants of the data, sorted by what became of them."""

    def __init__(self, data: dict[str, Any]):
        self.every = [
            row | {"network": name} for name, rows in data["networks"].items() for row in rows
        ]
        self.networks = [row for row in self.every if row["by"] != "calculator"]
        self.caught = [row for row in self.networks if row["by"]]
        self.equal = [row for row in self.networks if not row["by"] and row["reason"]]
        self.missed = [row for row in self.networks if not row["by"] and not row["reason"]]
        self.changed = len(self.networks) - len(self.equal)
        self.invalid = len(self.every) - len(self.networks)


def summarize_faults(data: dict[str, Any]) -> str:
    """The score in a sentence, for other pages."""
    score = Score(data)
    return (
        f"{len(score.every):,} faults were planted: {score.invalid:,} of the mutants are not valid"
        f" networks, {len(score.equal):,} compute the same function as before, and"
        f" {score.changed - len(score.missed):,} of the {score.changed:,} others are caught:"
        " [planted_faults.md](planted_faults.md)."
    )


def render_planted_faults_page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    about, score = data["about"], Score(data)
    named = [row for row in score.caught if row["right"]]
    misnamed = [row for row in score.caught if not row["right"]]
    valued = [row for row in score.caught if "by values" in row]
    alone = [row for row in valued if row["by values"]]
    unseen = [row for row in valued if not row["by values"]]
    size = "x".join(map(str, about["input"]))
    return f"""# Planted faults

{len(score.every):,} faults were planted in {len(data["networks"])} expanded networks of the zoo, at
an input of {size}: one field changed, a layer removed, two layers swapped, or an input taken from
another layer, drawn at random from a fixed seed. Each mutant was compared with the library's model
as by `cnnspec verify --against`. Made on {about["date"]} by `python -m tests.faults` with Python
{about["python"]}, torch {about["torch"]}, torchvision {about["torchvision"]} and timm
{about["timm"]}, on a CPU.

- {score.invalid:,} mutants are not valid networks any more: cnnspec reports that, and they are not
  counted below.
- {len(score.equal):,} compute the same function as before, each for a reason that is shown below.
- Of the {score.changed:,} that change the function, **{len(score.caught):,} are caught**, and
  {len(score.missed):,} are not.
- Of the caught ones, {len(named):,} are attributed to the right layer: the first layer that differs
  is one that was changed, or reads one that was.
- Tensors and values alone, without comparing calls, catch {len(alone):,} of {len(valued):,} in a
  random sample.

## By kind

{kind_table(score.every)}

## By network

{network_table(data["networks"])}

## Mutants that pass

{mutant_table("Why it is the same function", score.equal + score.missed, reason_of)}

## Caught, but attributed to another layer

{mutant_table("Named", misnamed, lambda row: row["named"])}

## Not caught by values alone

{mutant_table("Caught by", unseen, lambda row: BY[row["by"]])}
"""


def kind_table(every: list[dict[str, Any]]) -> str:
    """The mutants by kind of change, and what caught them."""
    rows = []
    for kind in dict.fromkeys(row["kind"] for row in every):
        by = Counter(row["by"] for row in every if row["kind"] == kind)
        rows.append([kind, str(by.total()), *(str(by[b] or "") for b in BY), str(by[""] or "")])
    total = Counter(row["by"] for row in every)
    rows.append(["all", f"{total.total():,}", *(f"{total[b]:,}" for b in BY), str(total[""])])
    heads = ["Kind", "Planted", *(f"By {b}" for b in BY.values()), "Passed"]
    return render_grid(heads, rows, [False] + [True] * 8, "markdown")


def network_table(networks: dict[str, list[dict[str, Any]]]) -> str:
    """The mutants of each network, and how many are caught."""
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
    return render_grid(
        ["Network", "Planted", "Invalid", "Same function", "Caught", "Right layer"],
        rows,
        [False] + [True] * 5,
        "markdown",
    )


def reason_of(row: dict[str, Any]) -> str:
    """Why a mutant computes the same function."""
    return row["reason"] or "none found"


def mutant_table(
    heading: str, rows: list[dict[str, Any]], describe: Callable[[dict[str, Any]], str]
) -> str:
    """Mutants, with what ``describe`` says about each in the last column."""
    if not rows:
        return "None."
    cells = [[row["network"], row["layer"], row["change"], describe(row)] for row in rows]
    return render_grid(["Network", "Layer", "Change", heading], cells, [False] * 4, "markdown")
