"""reports/audit.md and the pages of the sources are up to date."""

from pathlib import Path

import pytest

from cnnspec.analyses.audit.audit import list_claim_files
from cnnspec.report.pages.audit import render_pages
from tests.audit.claims import shipped

REPORTS = Path(__file__).parents[2] / "reports"


def test_the_pages_are_those_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.report.pages.audit.audit_sources", shipped)
    made = render_pages(str(REPORTS))
    assert set(made) == {
        "audit.md",
        "note_tables.md",
        *(f"audit/{stem}.md" for stem in list_claim_files()),
    }
    for path, text in made.items():
        assert (REPORTS / path).read_text(encoding="utf-8") == text.rstrip("\n") + "\n", (
            f"cnnspec report writes {path}"
        )


def test_the_errata_have_their_corrections_and_mistakes() -> None:
    page = (REPORTS / "audit.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    for printed, right, mistake in (
        ("66,536", "256\\*256 = 65,536", "one digit of 65,536 is wrong, 6 instead of 5"),
        ("9,261", "256\\*6\\*6 = 9,216", "two digits of 9,216 in the wrong order"),
        ("156", "((5\\*5\\*3) + 1)\\*6 = 456", "for one channel, not three"),
        ("25.6M", "11,689,512", "that is resnet50's: 25,557,032"),
    ):
        assert any(f"| {printed} |" in r and right in r and mistake in r for r in rows), printed


def test_every_table_has_rows_of_equal_length() -> None:
    for path in [REPORTS / "audit.md", *(REPORTS / "audit").glob("*.md")]:
        columns = None
        for line in path.read_text(encoding="utf-8").splitlines():
            n = line.replace("\\|", "").count("|") if line.startswith("|") else None
            assert n is None or columns in (None, n), f"{path.name}: {line[:80]}"
            columns = n
