"""How the time of an analysis grows with the number of nodes, each size in its own process."""

import subprocess
import sys
from typing import Any

SIZES = (1_000, 10_000, 100_000, 1_000_000)
LIMIT = 1.5
ONE = """
import sys, time
from cnnspec.api import Network
from cnnspec.graph.build import build_graph
from cnnspec.spec.source import Source
n = int(sys.argv[1])
text = '''
name = "chain"
input = [8, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, padding = 1, repeat = %d },
]
''' % n
build_graph(Source("chain", text), max_lines=n)  # modules and caches are warm
best = None
for _ in range(max(1, 3_000 // n) if n < 100_000 else 1):
    start = time.perf_counter()
    net = Network(build_graph(Source("chain", text), max_lines=n))
    net.totals
    spent = time.perf_counter() - start
    best = spent if best is None else min(best, spent)
print(best)
"""


def measure() -> list[dict[str, Any]]:
    """Measure the analyses of a chain from graph to totals: seconds, and µs per node."""
    found = []
    for n in SIZES:
        result = subprocess.run(
            [sys.executable, "-c", ONE, str(n)], capture_output=True, text=True, check=True
        )
        spent = float(result.stdout)
        found.append(
            {
                "nodes": n,
                "seconds": round(spent, 4),
                "microseconds_a_node": round(1e6 * spent / n, 2),
            }
        )
    first = found[0]["microseconds_a_node"]
    return [
        {**row, "ratio": round(row["microseconds_a_node"] / first, 3), "limit": LIMIT}
        for row in found
    ]
