"""Faults planted in imported specs are caught by comparing them with their models."""

import pytest

from tests.faults.of_imports import SMALL, plant_in_import
from tests.support import import_timm


@pytest.mark.long
@pytest.mark.parametrize("source", SMALL)
def test_faults_in_an_imported_spec_are_caught(source: str) -> None:
    """``python -m tests.faults.of_imports`` plants them in 200."""
    import_timm()
    planted = list(plant_in_import(source, 4, "long"))
    assert planted
    assert [fault for fault in planted if not fault.by and not fault.reason] == []
