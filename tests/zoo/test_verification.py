"""reports/verification.md shows the committed measurements, and these fit the current zoo."""

import json
from pathlib import Path
from typing import Any

import pytest

import cnnspec
from cnnspec.graph.model import graph_digest
from tests.pages.verification import render_pages, render_verification_page

REPORTS = Path(__file__).parents[2] / "reports"
DATA = REPORTS / "data" / "verification.json"

NAMES = [name for names in cnnspec.networks().values() for name in names]


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def test_page_shows_the_committed_data() -> None:
    assert (REPORTS / "verification.md").read_text(encoding="utf-8") == render_pages(str(REPORTS))[
        "verification.md"
    ]


def test_data_covers_every_network_of_the_zoo(data: dict[str, Any]) -> None:
    assert [n["network"] for n in data["networks"]] == NAMES


def test_data_is_of_the_current_specs(data: dict[str, Any]) -> None:
    stale = [
        n["network"]
        for n in data["networks"]
        if n["digest"] != graph_digest(cnnspec.load(n["network"]).graph)
    ]
    assert not stale, "measure these again: see tests/pages/verification.py"


def test_only_networks_that_take_too_much_memory_were_compared_on_smaller_images(
    data: dict[str, Any],
) -> None:
    resized = {
        n["network"]
        for n in data["networks"]
        for c in n["checks"]
        if " with img_size = " in c["against"]
    }
    assert resized == {"sam_vit_b", "sam_vit_l", "sam_vit_h"}


def test_every_network_passes_and_every_reference_was_compared(data: dict[str, Any]) -> None:
    assert data["passed"]
    for n in data["networks"]:
        named = cnnspec.load(n["network"]).graph.reference
        compared = {
            c["against"].partition(" with img_size = ")[0]
            for c in n["checks"]
            if c["check"] in ("evaluation", "values")
        }
        wanted = {f"{library} {model}" for library, model in named.items() if library != "set"}
        assert compared == wanted, n["network"]


def test_page_shows_what_fails_and_what_is_limited() -> None:
    def check(name: str, against: str, status: str, **more: Any) -> dict[str, Any]:
        return {
            "check": name,
            "against": against,
            "status": status,
            "compared": "",
            "detail": "",
            "differences": [],
            **more,
        }

    wrong = {
        "layer": "conv1",
        "quantity": "macs",
        "calculated": 1,
        "measured": 2,
        "cause": "how it is counted",
    }
    checks = [
        check("shapes", "PyTorch on CPU", "passed"),
        check("MACs", "PyTorch on CPU", "failed", differences=[wrong]),
        check("MACs", "fvcore", "limited", detail="no memory"),
        check("calls", "timm x", "passed", compared="7 of 7 calls aligned"),
        check("tensors", "timm x", "passed"),
        check("evaluation", "timm x", "failed", differences=[wrong]),
        check("reference", "torchvision y", "impossible", detail="it is not there"),
    ]
    network = {
        "network": "net",
        "passed": False,
        "device": "CPU",
        "versions": {"torch": "2"},
        "checks": checks,
    }
    found = render_verification_page({"networks": [network]})
    row = next(line for line in found.splitlines() if line.startswith("| net"))
    assert [cell.strip().replace("\\", "") for cell in row.split("|")[1:-1]] == [
        "net",
        "yes",
        "FAILED",
        "limited",
        "timm x; torchvision y (IMPOSSIBLE)",
        "7 of 7",
        "yes",
        "FAILED",
    ]
    assert "1 network, 0 passed, 1 failed: net;" in found
    assert "not measured on CUDA" in found
    assert "- MACs, failed: conv1, macs: how it is counted (net)" in found
    assert "- reference, impossible: it is not there (net)" in found
