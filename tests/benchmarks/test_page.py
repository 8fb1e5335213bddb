"""The page of the benchmarks shows the committed measurements, and the benchmarks still run."""

import json
import sys
from pathlib import Path

import pytest

from tests.benchmarks import checking as checks
from tests.benchmarks import editing, startup
from tests.pages.benchmarks import (
    check_section,
    edit_section,
    render_benchmarks_page,
    verify_section,
)

REPORTS = Path(__file__).parents[2] / "reports"


def test_page_shows_the_committed_data() -> None:
    data = json.loads((REPORTS / "data" / "benchmarks.json").read_text())
    assert (REPORTS / "benchmarks.md").read_text() == render_benchmarks_page(data)


def test_page_shows_the_deepest_networks_once_they_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        startup, "seconds", lambda argv: 0.02 * len(argv[2]) if argv[1] == "-c" else 1.0
    )
    deep = startup.deep()
    data = json.loads((REPORTS / "data" / "benchmarks.json").read_text())
    lines = render_benchmarks_page({**data, "deep": deep}).replace("\\", "").splitlines()
    for row in deep:
        assert any(row["command"] in line and f"{row['nodes']:,}" in line for line in lines)
        assert (
            row["microseconds_a_node"] == 0
        )  # as nothing takes longer than the smallest network here


def test_comparison_measures_both_commands() -> None:
    result = startup.compare([sys.executable, "-c", "pass"], [sys.executable, "-c", "pass"], runs=2)
    assert result["ratio"] > 0
    assert result["runs"] == 2


def test_an_edit_takes_at_most_three_analyses() -> None:
    measured = editing.measure_network("resnet50", runs=5)
    assert measured["ratio"] <= editing.LIMIT
    assert "| resnet50 |" in " ".join(edit_section([measured]).split())


def test_page_shows_what_verification_costs() -> None:
    row = {
        "command": "cnnspec verify resnet50",
        "base": "import torch",
        "limit": 1.3,
        "median_ms": 4240.0,
        "base_median_ms": 3520.0,
        "ratio": 1.204,
        "ratio_quartiles": [1.19, 1.22],
    }
    shown = " ".join(verify_section([row]).split())
    assert (
        "| cnnspec verify resnet50 | import torch | 4.24 | 3.52 | 1.20 | 1.19 to 1.22 | 1.3 |"
        in shown
    )


def test_files_derived_from_the_zoo_are_specs_that_differ_and_stay_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        checks.derive(tmp_path / name, 100)
    texts = [p.read_text() for p in sorted((tmp_path / "a").iterdir())]
    assert texts == [p.read_text() for p in sorted((tmp_path / "b").iterdir())]
    assert len(set(texts)) == 100


def test_checking_is_measured_and_shown() -> None:
    data = checks.measure(3)
    assert (data["files"], data["findings"]) == (3, 0)
    shown = " ".join(check_section(data).split())
    assert f"{data['files']} files with {data['networks']} networks" in shown
    assert f"| ratio | {data['ratio']:.1f} | {data['cpu_ratio']:.1f} |" in shown
