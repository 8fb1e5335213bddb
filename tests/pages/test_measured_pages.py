"""python -m tests.pages writes the pages that have data, and --check names those out of date."""

import json
from pathlib import Path

import pytest

from tests.pages.__main__ import check_pages, write_pages

FAULTS = {
    "about": {
        "date": "2026-01-01",
        "python": "3",
        "torch": "2",
        "torchvision": "0",
        "timm": "1",
        "input": [3],
    },
    "networks": {},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the data of one page."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "faults.json").write_text(json.dumps(FAULTS))
    return tmp_path


def test_pages_with_data_are_written_and_then_up_to_date(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_pages(folder) == 1
    assert write_pages(folder) == 0
    assert [path.name for path in folder.glob("*.md")] == ["planted_faults.md"]
    capsys.readouterr()
    assert check_pages(folder) == 0
    assert capsys.readouterr().out == "pages up to date: 1\n"


def test_an_edited_page_is_shown_as_a_diff(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pages(folder)
    page = folder / "planted_faults.md"
    page.write_text(page.read_text().replace("# Planted", "# Other"))
    assert check_pages(folder) == 1
    assert "\n+# Planted faults\n" in capsys.readouterr().out


def test_a_page_without_data_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_pages(folder)
    (folder / "data" / "faults.json").unlink()
    assert check_pages(folder) == 1
    assert "planted_faults.md has no data any more: delete it\n" in capsys.readouterr().out
