"""How long a command takes, compared with a process that only imports the libraries it needs."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cnnspec.api import load
from tests.pages.benchmarks import SMALL

RUNS = 41
BASE = "import click, tomllib, json"
CASES = {  # by command: what it imports beside cnnspec, and the limit of the ratio
    "cnnspec table vgg16 --format json": (BASE, 1.3),
    "cnnspec table vgg16": ("import click, tomllib, textwrap", 1.3),
}
DEEPER = ("resnet50", "nasnetalarge", "resnet1202_cifar")
DEEPER_LIMIT = 1.4


def command(text: str) -> list[str]:
    """The command in the environment of this Python."""
    name, *rest = text.split()
    return [str(Path(sys.executable).with_name(name)), *rest]


def seconds(argv: list[str]) -> float:
    """The wall time of one run, with cached bytecode, as after an installation."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(argv, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def compare(ours: list[str], base: list[str], runs: int = RUNS) -> dict[str, Any]:
    """Run both commands alternately: medians of their times, median and quartiles of the ratios.

    A first run of each is not counted."""
    seconds(ours), seconds(base)
    pairs = [(seconds(ours), seconds(base)) for _ in range(runs)]
    ratios = sorted(a / b for a, b in pairs)
    return {
        "runs": runs,
        "median_ms": round(1000 * statistics.median(a for a, _ in pairs), 1),
        "base_median_ms": round(1000 * statistics.median(b for _, b in pairs), 1),
        "added_ms": round(1000 * statistics.median(a - b for a, b in pairs), 1),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_quartiles": [round(q, 3) for q in statistics.quantiles(ratios, n=4)[::2]],
    }


def deep() -> list[dict[str, Any]]:
    """Measure networks of many nodes, and the time per node in excess of a small network."""
    base, small = [sys.executable, "-c", BASE], command(table(SMALL))
    found = []
    for name in DEEPER:
        nodes = len(load(name).graph.nodes) - len(load(SMALL).graph.nodes)
        added = compare(command(table(name)), small)["added_ms"]
        found.append(
            {
                "command": table(name),
                "nodes": nodes,
                **compare(command(table(name)), base),
                "microseconds_a_node": round(1000 * added / nodes, 1),
                "limit": DEEPER_LIMIT,
            }
        )
    return found


def table(name: str) -> str:
    return f"cnnspec table {name} --format json"


def measure() -> list[dict[str, Any]]:
    """Measure all cases."""
    return [
        {
            "command": text,
            "base": f'python -c "{base}"',
            "limit": limit,
            **compare(command(text), [sys.executable, "-c", base]),
        }
        for text, (base, limit) in CASES.items()
    ]
