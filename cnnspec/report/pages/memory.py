"""memory.md: memory as predicted and as measured, network by network, from data/memory.json.

python -m tests.memory        measures: it takes long
"""

from statistics import median
from typing import Any

from cnnspec.report.formats import grid, markdown
from cnnspec.report.pages.measured import measured
from cnnspec.units import format_count

Row = dict[str, Any]
QUANTITIES = ("saved", "inference", "training")
HEAD = (
    "Network",
    "Kept",
    "Inference peak",
    "Training peak",
    "Off",
    "With workspace",
    "Adam off",
    "torchinfo",
    "MemTracker",
)


def pages(reports: str) -> dict[str, str]:
    """The page, where there is data."""
    data = measured(reports, "memory")
    return {"memory.md": page(data)} if data else {}


def page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    rows = [n for n in data["networks"] if "measured" in n]
    missing = [n for n in data["networks"] if "measured" not in n]
    exact = [n for n in rows if n["predicted"] == n["measured"]]
    versions = ", ".join(f"{name} {number}" for name, number in data["versions"].items())
    return f"""# Memory

What the networks of the zoo need in memory, predicted by `cnnspec memory` without PyTorch, and measured on the CPU
with {versions}, on {data["machine"]}: {data["dtype"]}, without an optimizer, a batch of
{data["batch"]}{smaller(rows)}. Not measured on CUDA.

{len(rows)} of {len(data["networks"])} networks were measured; of {
        len(exact)
    } all three figures are right to the byte.
{with_adam(rows)}
Kept is what autograd holds for the backward pass when it starts; peaks are all tensors alive, parameters, input and
target too. All are in bytes. Off is predicted less measured, of all three where one is. What a kernel allocates and
releases within itself, its workspace, depends on the machine and is no part of the peaks; with it the training peak
is the next column. Adam off is how far the plan is off for a peak with Adam's step and state; – was not measured.

Beside them, from the same run, what others say of the training peak, in percent of the measured one:
[torchinfo](https://github.com/TylerYep/torchinfo)'s estimated total size, {
        summary(rows, "torchinfo")
    }; and torch's
own MemTracker, which runs the network (most rows on real tensors, later ones on fake ones), {
        summary(rows, "memtracker")
    }.

{grid(HEAD, [cells(n) for n in rows], [False] + [True] * 8, "markdown")}

## Where plans are known to be off

{off(rows)}

In float32, with one tensor after the other in the optimizer's step, 500 random networks of all operators are held to
measurement without a byte off: batches of 1 to 8, every optimizer, with and without frozen layers
(`tests/pytorch/test_dags.py`). They leave out what is known to differ:

- attention whose heads have a width of one channel: about one map's bytes, either way;
- slices of one channel, or down to one position, of which PyTorch's layouts are two at once: at most one map's bytes;
- group norm behind a layer norm, where channels lie last: its forward pass takes two numbers more for each example's
  channels for a while, which matters only where the peak stands there;
- rows of boxes that are pooled, or rearranged in blocks, as if they were maps: one copy of them too many.

In other dtypes (`tests/pytorch/test_memory_dtypes.py`) parameters, gradients, the optimizer's state and what is kept
for the backward pass are exact, in float64 the peaks too. Off are:

- float64: `trainable_subsampling`, whose inference peak is 8 bytes low;
- bfloat16 and float16: peaks, as kernels on a CPU sum up in float32 for a while (norms, means, gradients of biases and
  scales that are repeated): low by what one layer gives, in float32; and `roi_align`, which keeps its grid in float32.

Under autocast in bfloat16 the command says what is kept for the backward pass, to the byte, for networks of operators
of which that was measured; its peaks are not predicted.

## Not measured

{missed(missing)}
"""


def smaller(rows: list[Row]) -> str:
    """Which networks were measured with fewer examples."""
    found = [f"{row['batch']} for {markdown(row['network'])}" for row in rows if "batch" in row]
    return f" (of {', of '.join(found)}, as more do not fit)" if found else ""


def with_adam(rows: list[Row]) -> str:
    """How many training peaks are right with an optimizer too."""
    found = [row["adam"] for row in rows if "adam" in row]
    worst = max((abs(a["predicted"] - a["measured"]) for a in found), default=0)
    right = sum(a["predicted"] == a["measured"] for a in found)
    return (
        f"With Adam's step, {len(found)} training peaks were measured, of which {right} are right"
        f" to the byte; the worst is {format_count(worst)} bytes off."
    )


def off(rows: list[Row]) -> str:
    """The networks whose figures are not right to the byte, with their bytes."""
    wrong = [
        f"- {markdown(n['network'])}: "
        + ", ".join(
            f"{what} {n['predicted'][what] - n['measured'][what]:+,} bytes"
            for what in QUANTITIES
            if n["predicted"][what] != n["measured"][what]
        )
        for n in rows
        if n["predicted"] != n["measured"]
    ]
    return "\n".join(wrong) or "Of the networks above, none is."


def cells(row: Row) -> list[str]:
    """A network's line."""
    found = [format_count(row["measured"][quantity]) for quantity in QUANTITIES]
    wrong = [row["predicted"][quantity] - row["measured"][quantity] for quantity in QUANTITIES]
    found = [row["network"], *found, ", ".join(map(format_count, wrong)) if any(wrong) else "0"]
    whole = row["with_workspace"]["training"]
    adam = row.get("adam")
    step = format_count(adam["predicted"] - adam["measured"]) if adam else "–"
    return [
        *found,
        format_count(whole),
        step,
        *(shown(row, tool) for tool in ("torchinfo", "memtracker")),
    ]


def ratio(row: Row, tool: str) -> float | None:
    """How far a tool is off the measured training peak, in percent; None where it failed."""
    said, true = row[tool], row["measured"]["training"]
    return 100 * (said - true) / true if isinstance(said, int) else None


def shown(row: Row, tool: str) -> str:
    off = ratio(row, tool)
    return "failed" if off is None else f"{off:+.1f} %"


def summary(rows: list[Row], tool: str) -> str:
    """The extremes and the median of what a tool is off."""
    found = [off for off in (ratio(n, tool) for n in rows) if off is not None]
    if not found:
        return "not run"
    return (
        f"from {min(found):+.1f} to {max(found):+.1f}, in the mean"
        f" {sum(map(abs, found)) / len(found):.1f} off (median {median(map(abs, found)):.1f})"
    )


def missed(rows: list[Row]) -> str:
    """Which networks were not measured, by why."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        reasons.setdefault(row["why"], []).append(row["network"])
    return (
        "\n".join(
            f"- {markdown(why)}: {markdown(', '.join(names))}" for why, names in reasons.items()
        )
        or "None."
    )
