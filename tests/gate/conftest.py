"""An empty folder for each test that asks for one."""

from pathlib import Path

import pytest


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current folder of the test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
