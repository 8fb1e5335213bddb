"""census.md: which models import and are proven, from data/census.json of tests.census."""

import re
from collections import Counter
from typing import Any

from cnnspec.report.formats import render_grid
from cnnspec.report.pages.folder import read_data
from cnnspec.units import format_count, format_shape

Row = dict[str, Any]
LIBRARIES = {"torchvision": "torchvision", "tests.census.dense_parts": "detectors", "timm": "timm"}
STATES = {  # as a cell says them, and as the heading of a column
    "proven": "yes",
    "not proven": "imported, not proven",
    "unsupported": "no: {missing}",
    "refused": "no: {reason}",
    "not built": "no: {reason}",
    "too slow": "no: it took too long",
    "too large": "no: it needs more memory than the limit",
    "crashed": "no: {reason}",
}
KINDS = {"cnn": "CNNs", "other": "others"}


def render_pages(reports: str) -> dict[str, str]:
    """The page, if its data is in the folder ``reports``."""
    data = read_data(reports, "census")
    return {"census.md": render_census_page(data)} if data else {}


def render_census_page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    about, models = data["about"], data["models"]
    rows = {name: row for name, row in models.items() if row["state"] != "same"}
    same = len(models) - len(rows)
    gib = about["memory"] / (1 << 30)
    return f"""# Census of imports

`cnnspec import` was run on {format_count(len(models))} models of torchvision and timm, of
{format_count(about["listed"])} that there are{describe_rest(data)}. They are models of
images and of videos, and of torchvision's detectors the part that does not depend on data
(backbone, pyramid and dense head). Of those that are equal except for the values of their weights,
only the first was imported; the tables leave the other {format_count(same)} out.

Each spec was compared with its model as
`cnnspec verify --model` does it: calls, values and outputs, in inference and in training. Made on
{about["date"]} by `python -m tests.census` with Python {about["python"]}, torch {about["torch"]},
torchvision {about["torchvision"]} and timm {about["timm"]}, on a CPU, with at most {gib:g} GiB of
address space and {about["seconds"]} seconds for each model.

The input is 64x64 ({about["frames"]} frames for videos) where a model takes that and is proven
with it; else it is the model's own. The tables state it. MACs are for the stated input, and lines
are those of the spec. A CNN here has at least three convolutions with a window, and multiplies no
two computed values as matrices.

{render_summary(rows)}

## What is missing

The calls that no operator expresses, by the number of models in which they are the first.

{render_missing(rows)}

## Models

{render_models(rows)}
"""


def describe_rest(data: dict[str, Any]) -> str:
    """Say that some models have not been run, if that is so."""
    rest = data["about"]["listed"] - len(data["models"])
    return "; the small ones came first, and the others have not been run yet" if rest else ""


def render_summary(rows: dict[str, Row]) -> str:
    """The numbers of models by kind and by what became of them."""
    cells = []
    for kind, title in [*KINDS.items(), ("", "all")]:
        states = Counter(row["state"] for row in rows.values() if kind in ("", kind_of(row)))
        total = states.total()
        if total:
            other = total - states["proven"] - states["not proven"] - states["unsupported"]
            numbers = [states["proven"], states["not proven"], states["unsupported"], other]
            share = f"{100 * states['proven'] / total:.1f}%"
            cells.append([title, format_count(total), *map(format_count, numbers), share])
    heads = ["Kind", "Models", "Proven", "Not proven", "No operator", "Not run", "Share proven"]
    return render_grid(heads, cells, [False] + [True] * 6, "markdown")


def kind_of(row: Row) -> str:
    """The kind of a model; one that could not be built counts among the others."""
    kind: str = row.get("kind", "other")
    return kind


def render_missing(rows: dict[str, Row]) -> str:
    """What is missing, the most frequent first."""
    first: dict[str, list[str]] = {}
    for name, row in rows.items():
        if row["state"] == "unsupported":
            first.setdefault(describe_call(row["missing"][0]), []).append(name)
    if not first:
        return "Nothing."
    ranked = sorted(first.items(), key=lambda item: (-len(item[1]), item[0]))
    cells = [[what, str(len(names)), names[0]] for what, names in ranked]
    return render_grid(["Call", "Models", "Such as"], cells, [False, True, False], "markdown")


def describe_call(call: str) -> str:
    """A call that is missing without the path of its module, nor the shapes of this model."""
    without_path = call.rpartition(": ")[2]
    return re.sub(r"\d+(x\d+)+|\d+", "n", without_path)


def render_models(rows: dict[str, Row]) -> str:
    """A table of models for each library."""
    parts = []
    for library, title in LIBRARIES.items():
        some = {name: row for name, row in rows.items() if name.partition(":")[0] == library}
        if some:
            cells = [model_cells(name, row) for name, row in some.items()]
            heads = ["Model", "Kind", "Input", "Proven", "Lines", "Parameters", "MACs"]
            align = [False] * 4 + [True] * 3
            parts.append(f"### {title}\n\n{render_grid(heads, cells, align, 'markdown')}")
    return "\n\n".join(parts)


def model_cells(name: str, row: Row) -> list[str]:
    """The cells of a model's row."""
    reason = row.get("reason", "").partition("\n")[0][:70]
    missing = "; ".join(row.get("missing", [])[:1])[:70]
    proven = STATES[row["state"]].format(missing=missing, reason=reason)
    numbers = [format_count(row[key]) if key in row else "" for key in ("lines", "params", "macs")]
    shape = format_shape(tuple(row["input"])) if "input" in row else ""
    return [name.partition(":")[2], kind_of(row), shape, proven, *numbers]
