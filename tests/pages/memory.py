"""memory.md: predicted and measured memory, network by network, from data/memory.json.

python -m tests.memory        measures; this takes hours
"""

from statistics import median
from typing import Any

from cnnspec.report.formats import escape_markdown, render_grid
from cnnspec.report.pages.folder import read_data
from cnnspec.units import format_count

Row = dict[str, Any]
QUANTITIES = ("saved", "inference", "training")
HEAD = (
    "Network",
    "Saved",
    "Inference peak",
    "Training peak",
    "Off",
    "With workspace",
    "Adam off",
    "torchinfo",
    "MemTracker",
)


def render_pages(reports: str) -> dict[str, str]:
    """The page, if its data is in the folder ``reports``."""
    data = read_data(reports, "memory")
    return {"memory.md": render_memory_page(data)} if data else {}


def render_memory_page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    rows = [n for n in data["networks"] if "measured" in n]
    missing = [n for n in data["networks"] if "measured" not in n]
    exact = [n for n in rows if n["predicted"] == n["measured"]]
    versions = ", ".join(f"{name} {number}" for name, number in data["versions"].items())
    return f"""# Memory

The memory that the networks of the zoo need: predicted by `cnnspec memory` without PyTorch, and
measured on the CPU with {versions}, on {data["machine"]}, in {data["dtype"]}, without an optimizer,
with a batch of {data["batch"]}{describe_smaller_batches(rows)}. Not measured on CUDA.

{len(rows)} of {len(data["networks"])} networks were measured; for {len(exact)} of them all three
figures are right to the byte.
{summarize_adam(rows)}
Saved is what autograd has saved when backward starts. A peak is the sum of all tensors alive,
including parameters, input and target. All figures are in bytes. Off is predicted minus measured,
for all three figures if one differs. A kernel's workspace, which it allocates and releases itself,
depends on the machine and is not part of the peaks; the next column is the training peak with it.
Adam off is the error of the predicted peak with Adam's step and state; – was not measured.

The last columns compare other tools' figures for the training peak, from the same run, in percent
of the measured one: the estimated total size of [torchinfo](https://github.com/TylerYep/torchinfo),
{summarize_tool(rows, "torchinfo")}; and torch's own MemTracker, which runs the network (most rows
with real tensors, later ones with fake ones), {summarize_tool(rows, "memtracker")}.

{render_grid(HEAD, [memory_cells(n) for n in rows], [False] + [True] * 8, "markdown")}

## Where plans are known to be off

{list_errors(rows)}

In float32, with one tensor after another in the optimizer's step, 500 random networks of all
operators are compared with measurements without a byte of difference: batches of 1 to 8, every
optimizer, with and without frozen layers (`tests/pytorch/test_dags.py`). Known differences are left
out of them:

- attention whose heads have a width of one channel: about one map's bytes, too many or too few;
- slices with one channel, and slices or upsampling with one position, which PyTorch treats as
  having two layouts at once: at most one map's bytes;
- group norm after a layer norm, where the layout is channels_last: its forward pass temporarily
  takes two more numbers for each channel of each example, which matters only if the peak is there;
- attention over a map with a side of 1: up to one map's bytes of what is saved;
- rows of boxes that are pooled or rearranged in blocks as if they were maps, and rows of whole
  maps: one copy too many or too few.

Of every 1,000 further random networks, some 2 or 3 have a peak that is off by a part of one map.

In other dtypes (`tests/pytorch/test_memory_dtypes.py`) parameters, gradients, the optimizer's state
and what is saved for backward are exact; in float64 so are the peaks. Known errors are:

- float64: `trainable_subsampling`, whose inference peak is 8 bytes too low, and fixed weights with
  a trained bias, whose training peak is too high by a gradient of the weights;
- bfloat16 and float16: peaks, because kernels on a CPU temporarily accumulate in float32 (norms,
  means, gradients of biases and of repeated scales): too low by one layer's output in float32; and
  `roi_align` and `rmsnorm`, which save numbers in float32.

Under autocast in bfloat16 the command says what is saved for backward, to the byte, for networks
of operators for which that was measured; peaks under autocast are not predicted.

## Not measured

{list_unmeasured(missing)}
"""


def describe_smaller_batches(rows: list[Row]) -> str:
    """Which networks were measured with fewer examples."""
    found = [
        f"{row['batch']} for {escape_markdown(row['network'])}" for row in rows if "batch" in row
    ]
    return f" ({', '.join(found)}, as more do not fit)" if found else ""


def summarize_adam(rows: list[Row]) -> str:
    """How many training peaks with Adam are right."""
    found = [row["adam"] for row in rows if "adam" in row]
    worst = max((abs(a["predicted"] - a["measured"]) for a in found), default=0)
    right = sum(a["predicted"] == a["measured"] for a in found)
    return (
        f"With Adam's step, {len(found)} training peaks were measured; {right} of them are right to"
        f" the byte, and the worst is {format_count(worst)} bytes off."
    )


def list_errors(rows: list[Row]) -> str:
    """The networks whose figures are not right to the byte, with the difference in bytes."""
    wrong = [
        f"- {escape_markdown(n['network'])}: "
        + ", ".join(
            f"{what} {n['predicted'][what] - n['measured'][what]:+,} bytes"
            for what in QUANTITIES
            if n["predicted"][what] != n["measured"][what]
        )
        for n in rows
        if n["predicted"] != n["measured"]
    ]
    return "\n".join(wrong) or "None of the networks above."


def memory_cells(row: Row) -> list[str]:
    """The cells of a network's row."""
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
        *(percent_off(row, tool) for tool in ("torchinfo", "memtracker")),
    ]


def relative_error(row: Row, tool: str) -> float | None:
    """The error of a tool's training peak, in percent of the measured one; None if it failed."""
    said, true = row[tool], row["measured"]["training"]
    return 100 * (said - true) / true if isinstance(said, int) else None


def percent_off(row: Row, tool: str) -> str:
    """The error of a tool as a cell."""
    off = relative_error(row, tool)
    return "failed" if off is None else f"{off:+.1f} %"


def summarize_tool(rows: list[Row], tool: str) -> str:
    """The extremes, the mean and the median of a tool's errors."""
    found = [off for off in (relative_error(n, tool) for n in rows) if off is not None]
    if not found:
        return "not run"
    return (
        f"{min(found):+.1f} to {max(found):+.1f}, on average"
        f" {sum(map(abs, found)) / len(found):.1f} off (median {median(map(abs, found)):.1f})"
    )


def list_unmeasured(rows: list[Row]) -> str:
    """The networks that were not measured, by the reason."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        reasons.setdefault(row["why"], []).append(row["network"])
    return (
        "\n".join(
            f"- {escape_markdown(why)}: {escape_markdown(', '.join(names))}"
            for why, names in reasons.items()
        )
        or "None."
    )
