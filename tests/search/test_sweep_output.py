"""A sweep's files: CSV, JSON, Parquet and the picture say the same as its rows."""

import csv
import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.cli import cli
from cnnspec.report.sweep import FILE_FORMATS

SVG = "{http://www.w3.org/2000/svg}"
ASKED = ["sweep", "mobilenet_v2", "--set", "width=0.5,1.0", "--input", "96..160:16"]


def run(*more: str) -> str:
    ran = CliRunner().invoke(cli, [*ASKED, *more], catch_exceptions=False)
    assert ran.exit_code == 0
    return ran.stdout


def circles(picture: str) -> list[tuple[str, float, float]]:
    """The points of a picture: their class and place."""
    found = ElementTree.fromstring(picture).iter(f"{SVG}circle")
    return [(c.attrib["class"], float(c.attrib["cx"]), float(c.attrib["cy"])) for c in found]


def test_files_have_the_rows(tmp_path: Path) -> None:
    rows = json.loads(run("--format", "json"))["candidates"]
    names = {ending: tmp_path / f"found{ending}" for ending in FILE_FORMATS if "p" not in ending}
    outputs = [word for path in names.values() for word in ("--output", str(path))]
    assert run(*outputs) == ""
    assert json.loads(names[".json"].read_text())["candidates"] == rows
    with names[".csv"].open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [{k: float(v) for k, v in line.items()} for line in lines] == rows
    assert names[".md"].read_text().count("|\n") == len(rows) + 2
    assert len(circles(names[".svg"].read_text())) == len(rows)


def test_parquet_has_the_rows(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pandas

    path = tmp_path / "found.parquet"
    run("--output", str(path))
    rows = json.loads(run("--format", "json"))["candidates"]
    assert pandas.read_parquet(path).to_dict("records") == rows


def test_parquet_without_pyarrow_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = tmp_path / "found.parquet"
    with pytest.raises(cnnspec.RequestError, match=r"pip install 'cnnspec\[parquet\]'"):
        run("--output", str(path))
    assert not path.exists()


def test_the_picture_shows_the_front_and_what_it_dominates(tmp_path: Path) -> None:
    path = tmp_path / "found.svg"
    run("--pareto", "macs,-params", "--output", str(path))
    front = json.loads(run("--pareto", "macs,-params", "--format", "json"))
    points = circles(path.read_text())
    kept = [(x, y) for kind, x, y in points if kind == "sweep-kept"]
    others = [(x, y) for kind, x, y in points if kind == "sweep-other"]
    assert (len(kept), len(others)) == (len(front["candidates"]), front["dominated"])
    for x, y in others:  # some candidate of the front is further left, and not lower
        assert any(a <= x and b <= y for a, b in kept)
    places = sorted(kept)
    by_macs = sorted(front["candidates"], key=lambda row: row["macs"])
    assert [y for _, y in places] == sorted((y for _, y in kept), reverse=True)
    assert [row["params"] for row in by_macs] == sorted(row["params"] for row in by_macs)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--output", "found.xls"], "--output writes .csv, .json"),
        (["--output", "/nowhere/found.csv"], "cannot be written"),
        (["--shard", "3"], "--shard takes a part such as 1/3"),
        (["--shard", "0/0"], "a shard is one of at least 1, not of 0"),
        (["--store", "a.db", "--merge", "nowhere.db"], "there is no file nowhere.db to merge"),
        (["--store", "a.csv", "--output", "./a.csv"], "a.csv is a store; name another file"),
        (["--where", "params < 5", "--output", "x.svg"], "no candidate is left"),
        (["--columns", "network,params", "--output", "x.svg"], "needs two measures"),
    ],
)
def test_bad_requests_are_explained(
    more: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(cnnspec.RequestError, match=message):
        run(*more)
    assert not list(tmp_path.iterdir())
