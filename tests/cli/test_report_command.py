"""cnnspec report: pages are written whole, and --check says what of them is not up to date."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cnnspec
from cnnspec.cli import cli
from cnnspec.graph.model import graph_digest
from cnnspec.report import pages

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
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the data of one page, and a registry with that page."""
    monkeypatch.setattr(pages, "PAGES", {"planted_faults": pages.PAGES["planted_faults"]})
    folder = tmp_path / "reports"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "faults.json").write_text(json.dumps(FAULTS))
    return folder


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(cli, ["report", "--folder", str(folder), *args])


def test_what_is_written_is_up_to_date_and_written_once(reports: Path) -> None:
    first = run(reports)
    assert (first.exit_code, first.stdout) == (
        0,
        "planted_faults.md\npages written: 1; as they were: 0\n",
    )
    page = reports / "planted_faults.md"
    before = page.stat().st_mtime_ns
    assert run(reports).stdout == "pages written: 0; as they were: 1\n"
    assert page.stat().st_mtime_ns == before
    check = run(reports, "--check")
    assert (check.exit_code, check.output) == (0, "pages up to date: 1\n")


def test_check_shows_a_missing_page_as_a_diff_from_nothing_and_writes_none(reports: Path) -> None:
    check = run(reports, "--check")
    assert check.exit_code == 1
    assert check.stdout.startswith(
        "--- reports/planted_faults.md (there)\n+++ reports/planted_faults.md (rendered)\n"
    )
    assert "pages not up to date: 1 of 1" in check.stderr
    assert sorted(p.name for p in reports.iterdir()) == ["data"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("# Planted", "# Other"),
        lambda text: text[:-1],
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "",
    ],
)
def test_check_sees_a_page_that_was_edited(reports: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    run(reports)
    page = reports / "planted_faults.md"
    page.write_bytes(spoil(page.read_text()).encode())
    check = run(reports, "--check")
    assert check.exit_code == 1
    assert "\n+# Planted faults\n" in check.stdout or "\\ no newline at the end" in check.stdout


def test_a_page_that_nothing_renders_is_named_and_stays(reports: Path) -> None:
    run(reports)
    (reports / "families").mkdir()
    (reports / "families" / "old.svg").write_text("<svg/>")
    (reports / "data" / "notes.md").write_text("of those who measured")
    check = run(reports, "--check")
    assert (check.exit_code, check.stderr) == (
        1,
        "cnnspec: families/old.svg is rendered by nothing: delete it\n",
    )
    assert "families/old.svg" in run(reports).stderr
    assert (reports / "families" / "old.svg").exists()


def test_data_of_a_spec_that_changed_is_named(reports: Path) -> None:
    run(reports)
    entries = [
        {"network": "lenet5", "digest": graph_digest(cnnspec.load("lenet5").graph)},
        {"network": "alexnet", "digest": "0"},
        {"network": "gone", "digest": "1"},
    ]
    (reports / "data" / "memory.json").write_text(json.dumps({"deep": {"er": entries}}))
    check = run(reports, "--check")
    assert (check.exit_code, check.stderr) == (
        1,
        "cnnspec: data/memory.json was measured for other specs than today's: alexnet, gone\n",
    )


def test_data_that_is_no_json_is_refused(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (reports / "data" / "faults.json").write_text("{")
    monkeypatch.chdir(reports.parent)  # messages cut long paths
    for args in ([], ["--check"]):
        refused = run(Path("reports"), *args)
        assert refused.exception is not None
        assert "faults.json cannot be read" in str(refused.exception)


def test_a_folder_without_data_gets_no_page_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        pages,
        "PAGES",
        {
            k: v
            for k, v in pages.PAGES.items()
            if k in ("benchmarks", "planted_faults", "verification")
        },
    )
    assert run(tmp_path).stdout == "pages written: 0; as they were: 0\n"
    assert [*tmp_path.iterdir()] == []
