"""How long an edit takes until the editor has its new hints, compared with one analysis."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.editor.diagnostics import find_diagnostics_in_steps
from cnnspec.editor.document import Document
from cnnspec.editor.inlay_hints import find_inlay_hints
from cnnspec.graph.build import build_graph
from cnnspec.spec.source import Source
from cnnspec.spec.zoo import find_spec

RUNS = 15
LIMIT = 3.0  # times one analysis
NETWORKS = {"resnet50": 100, "efficientnet_b7": 300}  # and the goal in milliseconds


def milliseconds(call: Callable[[], object]) -> float:
    """The wall time of a call."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def analyze(text: str, path: str, variant: str) -> None:
    """Analyze a text once: what `cnnspec table` computes before it prints."""
    net = NetworkCosts(build_graph(Source(path, text), variant))
    assert net.totals.params
    assert net.layers


def edit(text: str, path: str, variant: str, before: Document) -> Document:
    """Take over a changed text and compute its hints."""
    document = Document(text, path, variant, before)
    assert find_inlay_hints(document)
    return document


def longest_step(document: Document) -> float:
    """The longest time for which the check of a text keeps a request waiting."""
    steps, longest = find_diagnostics_in_steps(document), 0.0
    while True:
        start = time.perf_counter()
        try:
            next(steps)
        except StopIteration:
            return max(longest, 1000 * (time.perf_counter() - start))
        longest = max(longest, 1000 * (time.perf_counter() - start))


def measure_network(name: str, runs: int = RUNS) -> dict[str, Any]:
    """Measure one network: medians, and the median of the ratios of neighbouring runs.

    ``wait_ms`` is the longest step of a check of the whole file, for which an edit may have to
    wait if the check has begun."""
    path, variant = find_spec(name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    document = Document(text, path, variant)
    find_inlay_hints(document)
    analyses, edits = [], []
    for run in range(runs):
        changed = f"{text}# {run}\n"
        analyses.append(milliseconds(lambda: analyze(changed, path, variant)))  # noqa: B023
        edits.append(milliseconds(lambda: edit(changed, path, variant, document)))  # noqa: B023
    waits = [longest_step(Document(text, path, variant)) for _ in range(3)]
    pairs = list(zip(edits, analyses, strict=True))
    return {
        "network": name,
        "analysis_ms": round(statistics.median(analyses), 1),
        "edit_ms": round(statistics.median(edits), 1),
        "goal_ms": NETWORKS[name],
        "ratio": round(statistics.median(a / b for a, b in pairs), 2),
        "wait_ms": round(statistics.median(waits), 1),
        "limit": LIMIT,
    }


def measure() -> list[dict[str, Any]]:
    """Measure all networks."""
    return [measure_network(name) for name in NETWORKS]
