"""cnnspec report: pages are written completely, and --check names those not up to date."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

import cnnspec
from cnnspec.cli import cli
from cnnspec.graph.model import graph_digest
from cnnspec.problems import RequestError
from cnnspec.report import pages

SAMPLE = """
from cnnspec.report.pages.folder import read_data

def render_pages(reports):
    data = read_data(reports, "sample")
    return {"sample.md": f"# Sample\\n\\n{data['text']}"} if data else {}
"""


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the data of one page, and a registry with that page."""
    module = ModuleType("sample_page")
    exec(SAMPLE, vars(module))
    monkeypatch.setitem(sys.modules, "sample_page", module)
    monkeypatch.setattr(pages, "PAGES", ("sample_page",))
    folder = tmp_path / "reports"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "sample.json").write_text(json.dumps({"text": "measured"}))
    return folder


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(cli, ["report", "--folder", str(folder), *args])


def test_what_is_written_is_up_to_date_and_written_once(reports: Path) -> None:
    first = run(reports)
    assert (first.exit_code, first.stdout) == (
        0,
        "sample.md\npages written: 1; as they were: 0\n",
    )
    page = reports / "sample.md"
    before = page.stat().st_mtime_ns
    assert run(reports).stdout == "pages written: 0; as they were: 1\n"
    assert page.stat().st_mtime_ns == before
    check = run(reports, "--check")
    assert (check.exit_code, check.output) == (0, "pages up to date: 1\n")


def test_check_shows_a_missing_page_as_a_diff_from_nothing_and_writes_none(reports: Path) -> None:
    check = run(reports, "--check")
    assert check.exit_code == 1
    assert check.stdout.startswith(
        "--- reports/sample.md (there)\n+++ reports/sample.md (rendered)\n"
    )
    assert "pages not up to date: 1 of 1" in check.stderr
    assert sorted(p.name for p in reports.iterdir()) == ["data"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("# Sample", "# Other"),
        lambda text: text[:-1],
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "",
    ],
)
def test_check_sees_a_page_that_was_edited(reports: Path, spoil: Callable[[str], str]) -> None:
    run(reports)
    page = reports / "sample.md"
    page.write_bytes(spoil(page.read_text()).encode())
    check = run(reports, "--check")
    assert check.exit_code == 1
    assert "\n+# Sample\n" in check.stdout or "\\ no newline at the end" in check.stdout


def test_a_page_that_nothing_renders_is_named_and_stays(reports: Path) -> None:
    run(reports)
    (reports / "families").mkdir()
    (reports / "families" / "old.svg").write_text("<svg/>")
    (reports / "data" / "notes.md").write_text("of those who measured")
    check = run(reports, "--check")
    assert (check.exit_code, check.stderr) == (
        1,
        "cnnspec: no command writes families/old.svg any more: delete it\n",
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
        "cnnspec: data/memory.json was measured with older specs of alexnet, gone\n",
    )


def test_data_that_is_no_json_is_refused(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(reports.parent)  # messages cut long paths
    (reports / "data" / "sample.json").write_text("{")
    for args in ([], ["--check"]):
        refused = run(Path("reports"), *args)
        assert refused.exception is not None
        assert "sample.json cannot be read" in str(refused.exception)


def test_a_folder_without_data_gets_no_page_of_it(reports: Path) -> None:
    (reports / "data" / "sample.json").unlink()
    assert run(reports).stdout == "pages written: 0; as they were: 0\n"
    assert [p.name for p in reports.iterdir()] == ["data"]


def test_pages_that_tests_make_are_no_leftovers(reports: Path) -> None:
    run(reports)
    (reports / "mutation.md").write_text("# Mutation testing\n")
    assert run(reports, "--check").exit_code == 0


@pytest.mark.parametrize("args", [[], ["--check"]])
@pytest.mark.parametrize(
    "project", [None, "", '[project]\nname = "other"\ndescription = "uses cnnspec"\n', "reports"]
)
def test_outside_a_clone_nothing_is_written(
    args: list[str], project: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if project == "reports":
        (tmp_path / "reports" / "data").mkdir(parents=True)
    elif project is not None:
        (tmp_path / "pyproject.toml").write_text(project)
    before = sorted(tmp_path.rglob("*"))
    done = CliRunner().invoke(cli, ["report", *args])
    assert isinstance(done.exception, RequestError)
    assert "cnnspec report resnet50 --html resnet50.html" in str(done.exception)
    assert sorted(tmp_path.rglob("*")) == before


def test_in_a_clone_the_folder_is_reports(
    reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "cnnspec"\n')
    assert CliRunner().invoke(cli, ["report"]).stdout.startswith("sample.md\n")
    assert (reports / "sample.md").exists()
