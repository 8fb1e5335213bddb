"""benchmarks.md, from data/benchmarks.json, which `python -m tests.benchmarks` measures."""

from typing import Any

from cnnspec.report.formats import grid
from cnnspec.report.pages.measured import measured

SMALL = "mlp_mnist"  # whose process is all start and next to no network
STARTUP = ("Command", "Base", "ms", "Base ms", "Ratio", "Quartiles", "Limit")
DEEP = ("Command", "Nodes", "ms", "Base ms", "Ratio", "Quartiles", "Limit", "µs a node")


def pages(reports: str) -> dict[str, str]:
    """The page, where there is data."""
    data = measured(reports, "benchmarks")
    return {"benchmarks.md": page(data)} if data else {}


def page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    startup = [
        [
            r["command"],
            r["base"],
            f"{r['median_ms']}",
            f"{r['base_median_ms']}",
            held(r),
            f"{r['ratio_quartiles'][0]:.2f} to {r['ratio_quartiles'][1]:.2f}",
            f"{r['limit']}",
        ]
        for r in data["startup"]
    ]
    scaling = [
        [
            f"{r['nodes']:,}",
            f"{r['seconds']:.3f}",
            f"{r['microseconds_a_node']:.1f}",
            held(r),
            f"{r['limit']}",
        ]
        for r in data["scaling"]
    ]
    deep = [
        [
            r["command"],
            f"{r['nodes']:,}",
            f"{r['median_ms']}",
            f"{r['base_median_ms']}",
            held(r),
            f"{r['ratio_quartiles'][0]:.2f} to {r['ratio_quartiles'][1]:.2f}",
            f"{r['limit']}",
            f"{r['microseconds_a_node']:.1f}",
        ]
        for r in data.get("deep", [])
    ]  # older data has none
    about = data["about"]
    return f"""# Benchmarks

Measured on {about["date"]} with Python {about["python"]}, click {about["click"]}, tabulate {about["tabulate"]}, on
{about["cpus"]} CPUs of {about["machine"]}, by `python -m tests.benchmarks`. Ratios are what counts: both sides of
each were measured in the same run. A ratio above its limit is **bold**.

## Start-up

Whole processes, run in turn with their base; wall time in ms (median), and the median of the ratios pair by pair
with its quartiles. The goal is a ratio of at most the limit. Text tables do not need tabulate any more; their goal
was set against a base with it, and stays as it was set.

{grid(STARTUP, startup, [False] * 2 + [True] * 5, "markdown")}

{deepest(deep)}## Analysis

Unrolling, shapes, costs, receptive fields, rows and totals of a chain of convolutions, each size in a process of its
own; the ratio is the time a node against that of the smallest. The goal is a ratio of at most the limit.

{grid(["Nodes", "Seconds", "µs a node", "Ratio", "Limit"], scaling, [True] * 5, "markdown")}
{verifying(data.get("verify", []))}{checking(data.get("check"))}"""


def held(row: dict[str, Any]) -> str:
    """A ratio, in bold where it is above its limit."""
    shown = f"{row['ratio']:.2f}"
    return f"**{shown}**" if row["ratio"] > row["limit"] else shown


def deepest(rows: list[list[str]]) -> str:
    """The table of the deepest networks, where they were measured."""
    if not rows:
        return ""
    return f"""The deepest networks, against the first of these bases. Their nodes are those beyond {SMALL}'s, and the
time that one adds is what the command takes beyond that for {SMALL}.

{grid(DEEP, rows, [False] + [True] * 7, "markdown")}

"""


def verifying(rows: list[dict[str, Any]]) -> str:
    """The part of the page about verification; nothing where it was not measured."""
    if not rows:
        return ""
    cells = [
        [
            r["command"],
            r["base"],
            f"{r['median_ms'] / 1000:.2f}",
            f"{r['base_median_ms'] / 1000:.2f}",
            held(r),
            f"{r['ratio_quartiles'][0]:.2f} to {r['ratio_quartiles'][1]:.2f}",
            f"{r['limit']}",
        ]
        for r in rows
    ]
    head = ["Command", "Base", "s", "Base s", "Ratio", "Quartiles", "Limit"]
    return f"""
## Verification

Whole processes on the CPU, run in turn with their base; wall time in s (median), and the median of the ratios pair by
pair with its quartiles. The goal is a ratio of at most the limit.

{grid(head, cells, [False] * 2 + [True] * 5, "markdown")}
"""


def checking(data: dict[str, Any] | None) -> str:
    """The part of the page about checking many files; nothing where it was not measured."""
    if not data:
        return ""
    rows = [
        [what, f"{data[key]['seconds']:.1f}", f"{data[key]['cpu_seconds']:.1f}"]
        for what, key in (
            ("tomllib, one file after the other", "parse"),
            ("cnnspec check", "check"),
        )
    ]
    rows.append(["ratio", f"{data['ratio']:.1f}", f"{data['cpu_ratio']:.1f}"])
    return f"""
## Checking many files

`cnnspec check` of {data["files"]:,} files with {data["networks"]:,} networks, derived from the zoo by
`tests/benchmarks/checking.py`: language, shapes, rules, budgets, claims and locks, in as many processes as there are
CPUs, against reading and parsing the files with tomllib. Measured on {data["date"]} with Python {data["python"]} on
{data["cpus"]} CPUs, at a load of {data["load"]}: other processes were running, so the CPU's seconds, summed over all
processes, say more than the clock's. The goal is a ratio of at most {data["limit"]:.0f} on the clock of a quiet
machine.

{grid(["What", "Seconds", "CPU seconds"], rows, [False, True, True], "markdown")}
"""
