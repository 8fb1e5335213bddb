"""reports/memory.md shows the errors of plans, other tools, and what was not measured."""

import json
from pathlib import Path
from typing import Any

import cnnspec
from tests.pages.memory import render_memory_page

DATA = Path(__file__).parents[2] / "reports" / "data" / "memory.json"


def row(off: int = 0, **more: Any) -> dict[str, Any]:
    true = {"saved": 1000, "inference": 2000, "training": 4000}
    return {
        "network": "net",
        "predicted": {**true, "training": 4000 + off},
        "measured": true,
        "with_workspace": {"inference": 2000, "training": 4400},
        "torchinfo": 3000,
        "memtracker": 4004,
        **more,
    }


def shown(*rows: dict[str, Any]) -> str:
    data = {
        "versions": {"torch": "2.13.0"},
        "machine": "a CPU",
        "batch": 2,
        "dtype": "float32",
        "networks": list(rows),
    }
    return " ".join(render_memory_page(data).split())


def test_a_plan_that_is_off_is_seen() -> None:
    text = shown(row(), row(-12, network="other"))
    assert (
        "2 of 2 networks were measured; for 1 of them all three figures are right to the byte"
        in text
    )
    assert "| 4,000 | 0, 0, -12 | 4,400 | – | -25.0 % | +0.1 % |" in text
    assert "| 4,000 | 0 | 4,400 |" in text
    assert "- other: training -12 bytes" in text
    assert "None of the networks above." in shown(row())


def test_a_step_of_adam_that_is_off_is_seen() -> None:
    text = shown(
        row(adam={"predicted": 8000, "measured": 8016}),
        row(adam={"predicted": 8, "measured": 8}),
        row(),
    )
    assert (
        "2 training peaks were measured; 1 of them are right to the byte, and the worst is 16"
        " bytes off" in text
    )
    assert "| 4,400 | -16 |" in text


def test_what_was_predicted_is_what_is_predicted() -> None:
    rows = [n for n in json.loads(DATA.read_text())["networks"] if "measured" in n]
    assert len(rows) > 60
    for row in rows:
        batch = row.get("batch", 2)
        plan = cnnspec.load(row["network"]).memory(batch)
        now = {
            "saved": plan.saved,
            "inference": plan.inference_peak,
            "training": plan.training_peak,
        }
        assert now == row["predicted"], row["network"]
        if "adam" in row:
            step = cnnspec.load(row["network"]).memory(batch, optimizer="adam")
            assert step.training_peak == row["adam"]["predicted"], row["network"]


def test_a_smaller_batch_is_said() -> None:
    assert "a batch of 2. Not" in shown(row())
    assert "a batch of 2 (1 for large, as more do not fit). Not" in shown(
        row(), row(network="large", batch=1)
    )


def test_what_was_not_measured_is_named() -> None:
    text = shown(row(torchinfo="ValueError: no"), {"network": "large", "why": "it needs 15.2 GiB"})
    assert "1 of 2 networks were measured" in text
    assert "- it needs 15.2 GiB: large" in text
    assert "not run; and torch's own MemTracker" in text
    assert "| failed |" in text
