"""reports/benchmarks.md, made from what was measured and from nothing else."""

from typing import Any

from cnnspec.report.formats import grid

STARTUP = ("Command", "Base", "ms", "Base ms", "Ratio", "Quartiles", "Limit")


def page(data: dict[str, Any]) -> str:
    """The page as Markdown."""
    startup = [[r["command"], r["base"], f"{r['median_ms']}", f"{r['base_median_ms']}", f"{r['ratio']:.2f}",
                f"{r['ratio_quartiles'][0]:.2f} to {r['ratio_quartiles'][1]:.2f}", f"{r['limit']}"]
               for r in data["startup"]]
    scaling = [[f"{r['nodes']:,}", f"{r['seconds']:.3f}", f"{r['microseconds_a_node']:.1f}", f"{r['ratio']:.2f}",
                f"{r['limit']}"] for r in data["scaling"]]
    about = data["about"]
    return f"""# Benchmarks

Measured on {about["date"]} with Python {about["python"]}, click {about["click"]}, tabulate {about["tabulate"]}, on
{about["cpus"]} CPUs of {about["machine"]}, by `python -m tests.benchmarks`. Ratios are what counts: both sides of
each were measured in the same run.

## Start-up

Whole processes, run in turn with their base; wall time in ms (median), and the median of the ratios pair by pair
with its quartiles. The goal is a ratio of at most the limit.

{grid(STARTUP, startup, [False] * 2 + [True] * 5, "markdown")}

## Analysis

Unrolling, shapes, costs, receptive fields, rows and totals of a chain of convolutions, each size in a process of its
own; the ratio is the time a node against that of the smallest. The goal is a ratio of at most the limit.

{grid(["Nodes", "Seconds", "us a node", "Ratio", "Limit"], scaling, [True] * 5, "markdown")}
"""
