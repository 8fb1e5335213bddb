"""The page of the benchmarks shows the committed measurements, and the benchmarks still run."""

import json
import sys
from pathlib import Path

from tests.benchmarks import startup
from tests.benchmarks.page import page

REPORTS = Path(__file__).parents[2] / "reports"


def test_page_shows_the_committed_data() -> None:
    data = json.loads((REPORTS / "data" / "benchmarks.json").read_text())
    assert (REPORTS / "benchmarks.md").read_text() == page(data)


def test_comparison_measures_both_commands() -> None:
    result = startup.compare([sys.executable, "-c", "pass"], [sys.executable, "-c", "pass"], runs=2)
    assert result["ratio"] > 0
    assert result["runs"] == 2
