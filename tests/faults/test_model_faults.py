"""Faults planted in models are caught, and right models pass, by a user's ``verify --model``."""

import pytest

from cnnspec.analyses.verdict import PASSED
from cnnspec.pytorch.compare_model import compare_model
from tests.faults.model_faults import FAULTS
from tests.faults.of_models import LIBRARY, OWN, load_network, plant, plant_many, plant_right


@pytest.mark.parametrize("name", OWN)
def test_a_model_without_faults_passes(name: str) -> None:
    graph, make, resize = load_network(name)
    checks = compare_model(graph, make(), "mine", "cpu", resize=resize)
    assert all(c.status == PASSED for c in checks)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_each_kind_is_caught(kind: str) -> None:
    planted = (plant(name, kind, "sample") for name in (*OWN, *LIBRARY))
    fault = next(fault for fault in planted if fault)
    assert fault.failed, fault


@pytest.mark.parametrize("seed", ["a", "b", "c"])
def test_a_right_drop_path_passes(seed: str) -> None:
    fault = plant_right("residual", seed)
    assert fault
    assert not fault.failed, fault


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_many_faults_are_caught(seed: int) -> None:
    """``python -m tests.faults.of_models`` plants a thousand."""
    assert [fault for fault in plant_many(48, f"many {seed}") if not fault.failed] == []
