"""benchmarks.md: how long commands take, from data/benchmarks.json of tests.benchmarks."""

from typing import Any

from cnnspec.report.formats import render_grid
from cnnspec.report.pages.folder import read_data

SMALL = "mlp_mnist"  # its process does little more than start
STARTUP = ("Command", "Base", "ms", "Base ms", "Ratio", "Quartiles", "Limit")
CHAIN = ("Nodes", "Seconds", "µs per node", "Ratio", "Limit")
DEEP = ("Command", "Nodes", "ms", "Base ms", "Ratio", "Quartiles", "Limit", "µs per node")


def render_pages(reports: str) -> dict[str, str]:
    """The page, if its data is in the folder ``reports``."""
    data = read_data(reports, "benchmarks")
    return {"benchmarks.md": render_benchmarks_page(data)} if data else {}


def render_benchmarks_page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    startup = [
        [
            r["command"],
            r["base"],
            f"{r['median_ms']}",
            f"{r['base_median_ms']}",
            ratio_cell(r),
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
            ratio_cell(r),
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
            ratio_cell(r),
            f"{r['ratio_quartiles'][0]:.2f} to {r['ratio_quartiles'][1]:.2f}",
            f"{r['limit']}",
            f"{r['microseconds_a_node']:.1f}",
        ]
        for r in data.get("deep", [])
    ]  # older data has none
    about = data["about"]
    return f"""# Benchmarks

Measured on {about["date"]} with Python {about["python"]}, click {about["click"]},
on {about["cpus"]} CPUs of {about["machine"]}, by `python -m tests.benchmarks`.
The ratios matter: both sides of each were measured in the same run. A ratio above its limit is
**bold**.

## Start-up

Whole processes, each run alternately with its base: the median wall time in ms, and the median and
the quartiles of the ratios of the pairs. The base imports what the command needs beside cnnspec.
The goal is a ratio of at most the limit.

{render_grid(STARTUP, startup, [False] * 2 + [True] * 5, "markdown")}

{deep_section(deep)}## Analysis

Expansion, shapes, costs, receptive fields, rows and totals of a chain of convolutions, each size in
its own process. The ratio is the time per node divided by that of the smallest chain. The goal is a
ratio of at most the limit.

{render_grid(CHAIN, scaling, [True] * 5, "markdown")}
{verify_section(data.get("verify", []))}{check_section(data.get("check"))}\
{edit_section(data.get("editing", []))}"""


def ratio_cell(row: dict[str, Any]) -> str:
    """The ratio, in bold if it is above its limit."""
    shown = f"{row['ratio']:.2f}"
    return f"**{shown}**" if row["ratio"] > row["limit"] else shown


def deep_section(rows: list[list[str]]) -> str:
    """The table of the deepest networks, if they were measured."""
    if not rows:
        return ""
    return f"""The deepest networks, with the first of these bases. Nodes are those in excess of
{SMALL}'s, and the time per node is the excess over the same command for {SMALL}, divided by them.

{render_grid(DEEP, rows, [False] + [True] * 7, "markdown")}

"""


def verify_section(rows: list[dict[str, Any]]) -> str:
    """The section about verification; empty if it was not measured."""
    if not rows:
        return ""
    cells = [
        [
            r["command"],
            r["base"],
            f"{r['median_ms'] / 1000:.2f}",
            f"{r['base_median_ms'] / 1000:.2f}",
            ratio_cell(r),
            f"{r['ratio_quartiles'][0]:.2f} to {r['ratio_quartiles'][1]:.2f}",
            f"{r['limit']}",
        ]
        for r in rows
    ]
    head = ["Command", "Base", "s", "Base s", "Ratio", "Quartiles", "Limit"]
    return f"""
## Verification

Whole processes on the CPU, each run alternately with its base: the median wall time in s, and the
median and the quartiles of the ratios of the pairs. The goal is a ratio of at most the limit.

{render_grid(head, cells, [False] * 2 + [True] * 5, "markdown")}
"""


def edit_section(rows: list[dict[str, Any]]) -> str:
    """The section about edits in the language server; empty if they were not measured."""
    if not rows:
        return ""
    cells = [
        [
            r["network"],
            f"{r['edit_ms']}",
            f"{r['analysis_ms']}",
            ratio_cell(r),
            f"{r['limit']}",
            f"{r['goal_ms']}",
            f"{r['wait_ms']}",
        ]
        for r in rows
    ]
    headings = ("Network", "ms", "Analysis ms", "Ratio", "Limit", "Goal ms", "Wait ms")
    return f"""
## Editing

From a change of the text to the new hints of all its lines, compared with one analysis of the
network. Wait is the longest step of the check of the whole file: an edit waits so long at most if
the check has begun.

{render_grid(headings, cells, [False] + [True] * 6, "markdown")}
"""


def check_section(data: dict[str, Any] | None) -> str:
    """The section about checking many files; empty if it was not measured."""
    if not data:
        return ""
    rows = [
        [what, f"{data[key]['seconds']:.1f}", f"{data[key]['cpu_seconds']:.1f}"]
        for what, key in (
            ("tomllib, one file after another", "parse"),
            ("cnnspec check", "check"),
        )
    ]
    rows.append(["ratio", f"{data['ratio']:.1f}", f"{data['cpu_ratio']:.1f}"])
    return f"""
## Checking many files

`cnnspec check` of {data["files"]:,} files with {data["networks"]:,} networks, derived from the zoo
by `tests/benchmarks/checking.py`: language, shapes, rules, budgets, claims and locks, in as many
processes as there are CPUs, compared with reading and parsing the files with tomllib. Measured on
{data["date"]} with Python {data["python"]} on {data["cpus"]} CPUs, at a load of {data["load"]}.
Under load the CPU seconds, summed over all processes, are more reliable than the wall time. The
goal is a ratio of at most {data["limit"]:.0f} in wall time on a quiet machine.

{render_grid(["What", "Seconds", "CPU seconds"], rows, [False, True, True], "markdown")}
"""
