"""A sweep that is stopped, killed or divided gives what one sweep gives: nothing twice or lost."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import cnnspec

SPACE = {"batch": [1, 2, 3, 4], "input": range(64, 1024, 8)}  # some seconds of work
ASKED = [
    "resnet50",
    "--input",
    "64..1016:8",
    "--set",
    "batch=1,2,3,4",
    "--columns",
    "macs,training_peak",
]


def command(*more: str) -> list[str]:
    return [sys.executable, "-m", "cnnspec", "sweep", *ASKED, *more, "--format", "json"]


def count_rows(path: Path) -> int:
    """The results in a store so far."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path, timeout=20)) as store:
        tables = store.execute("SELECT count(*) FROM sqlite_master WHERE name = 'results'")
        if not tables.fetchone()[0]:
            return 0
        return int(store.execute("SELECT count(*) FROM results").fetchone()[0])


def wait_for_rows(path: Path, run: "subprocess.Popen[bytes]", count: int = 1) -> int:
    """Wait until a running sweep has stored results."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = count_rows(path)
        if found >= count:
            return found
        assert run.poll() is None, "it has ended already"
        time.sleep(0.02)
    raise AssertionError("nothing was stored")


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return cnnspec.sweep("resnet50", SPACE, columns=["macs", "training_peak"]).data()


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_sweep_goes_on(
    tmp_path: Path, whole: dict[str, Any], how: signal.Signals, jobs: int
) -> None:
    if jobs > 1:
        pytest.importorskip("joblib")
    store = tmp_path / "found.db"
    more = ["--store", str(store), "--jobs", str(jobs)]
    errors = tmp_path / "errors"
    with errors.open("wb") as file:  # a killed sweep's workers would keep pipes open for a while
        run = subprocess.Popen(command(*more), stdout=subprocess.DEVNULL, stderr=file)
    wait_for_rows(store, run)
    run.send_signal(how)
    run.wait(timeout=60)
    said = errors.read_bytes()
    assert run.returncode == (130 if how == signal.SIGINT else -how)
    if how == signal.SIGINT:
        assert b"the same command goes on from there" in said
        assert b"Traceback" not in said
    between = count_rows(store)
    assert 0 < between < whole["tried"]
    again = subprocess.run(command(*more), capture_output=True, check=True)
    assert json.loads(again.stdout) == whole
    assert count_rows(store) == whole["tried"]


@pytest.mark.long
def test_a_killed_worker_loses_nothing(tmp_path: Path, whole: dict[str, Any]) -> None:
    pytest.importorskip("joblib")
    store = tmp_path / "found.db"
    more = ["--store", str(store), "--jobs", "2"]
    run = subprocess.Popen(command(*more), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_rows(store, run)
    killed = 0
    end = time.monotonic() + 30
    while not killed and run.poll() is None and time.monotonic() < end:
        for process in find_children(run.pid):
            if b"popen_loky" in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGKILL)
                killed = process
                break
    out, said = run.communicate(timeout=100)
    assert killed
    assert run.returncode == 0, said
    assert json.loads(out) == whole


def find_children(parent: int) -> list[int]:
    """The processes that a process has started."""
    try:
        return [int(n) for n in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:
        return []


def test_shards_merge_into_what_one_sweep_gives(tmp_path: Path) -> None:
    space = {"width": [0.5, 1.0], "input": range(64, 128, 8)}
    wanted = cnnspec.sweep("mobilenet_v2", space, where=["params < 3M"]).data()
    files = [str(tmp_path / f"{i}.db") for i in (1, 2, 3)]
    for i, file in enumerate(files, 1):
        part = cnnspec.sweep("mobilenet_v2", space, where=["params < 3M"], store=file, shard=(i, 3))
        assert part.data()["tried"] in (5, 6)
    first, *others = files
    again = cnnspec.sweep("mobilenet_v2", space, where=["params < 3M"], store=first, merge=others)
    assert again.data() == wanted
    assert count_rows(Path(first)) == wanted["tried"]


def test_results_in_the_store_are_not_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnspec.search.evaluator import CandidateEvaluator

    store = str(tmp_path / "found.db")
    space = {"input": [64, 96, 5, 128]}
    options: dict[str, Any] = {"columns": ["receptive_field", "macs"], "where": ["macs < 600M"]}
    wanted = cnnspec.sweep("resnet18", space, store=store, **options)

    def fail(self: object, number: int) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(CandidateEvaluator, "evaluate", fail)
    again = cnnspec.sweep("resnet18", space, store=store, **options)
    assert again.data() == wanted.data()
    assert again.render() == wanted.render()
    sample = cnnspec.sweep("resnet18", space, store=store, sample=2, seed=4, **options)
    assert sample.data()["tried"] == 2


def make_faulty(path: Path, kind: str) -> None:
    """Write a file that is no store of this sweep."""
    if kind == "text":
        path.write_text("name = 'a text, which is long enough not to look like a database'" * 20)
    elif kind == "program":
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE people (name TEXT)")
    elif kind == "columns":
        cnnspec.sweep("lenet5", {"input": [28]}, columns=["params"], store=str(path))
    elif kind == "space":
        cnnspec.sweep("lenet5", {"input": [28, 32]}, store=str(path))
    elif kind == "folder":
        path.mkdir()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("text", "cannot be used as a store: file is not a database"),
        ("program", "is a database of another program"),
        ("columns", "has the results of another search, with measures"),
        ("space", "has the results of another search, with space"),
        ("folder", "cannot be used as a store"),
    ],
)
def test_other_files_are_no_store(tmp_path: Path, kind: str, message: str) -> None:
    path = tmp_path / "found.db"
    make_faulty(path, kind)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(cnnspec.RequestError, match=message):
        cnnspec.sweep("lenet5", {"input": [28]}, store=str(path))
    assert before == (path.read_bytes() if path.is_file() else None)
    good = str(tmp_path / "good.db")
    wanted = "cannot be merged|there is no file|another search|another program"
    with pytest.raises(cnnspec.RequestError, match=wanted):
        cnnspec.sweep("lenet5", {"input": [28]}, store=good, merge=[str(path)])


def test_a_spec_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text('name = "net"\ninput = [1, 4]\nlayers = [{ name = "a", op = "relu" }]\n')
    with pytest.raises(cnnspec.RequestError, match="is a spec; name another file"):
        cnnspec.sweep(str(path), {"input": [4]}, store=str(path))
    assert path.read_text().startswith("name")
