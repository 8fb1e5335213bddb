"""Each engine gives what this process alone gives; a missing package gets a clear message."""

import sys
from typing import Any

import pytest

import cnnspec
from cnnspec.analyses.comparison import ComparisonSettings
from cnnspec.search import chunks
from cnnspec.search.candidates import DesignSpace
from cnnspec.search.clusters import start_joblib
from cnnspec.search.engines import ChunkTask, Engine, WorkerStopped
from cnnspec.search.evaluator import CandidateEvaluator

SPACE = {"batch": [1, 4], "input": range(32, 160, 8)}
OPTIONS: dict[str, Any] = {"columns": ["macs", "training_peak"], "where": ["macs < 800M"]}
PACKAGES = {"joblib": "joblib", "dask": "distributed", "ray": "ray"}


@pytest.mark.long
@pytest.mark.parametrize("engine", sorted(PACKAGES))
def test_an_engine_gives_what_one_process_gives(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(PACKAGES[engine])
    monkeypatch.setattr(chunks, "FIRST_SECONDS", 0.02)
    found = cnnspec.sweep("resnet18", SPACE, jobs=2, engine=engine, **OPTIONS)
    assert found.data() == cnnspec.sweep("resnet18", SPACE, **OPTIONS).data()


@pytest.mark.parametrize("engine", sorted(PACKAGES))
def test_a_missing_package_is_named(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGES[engine], None)
    wanted = rf"needs {PACKAGES[engine]}: pip install 'cnnspec\[\w+\]'"
    with pytest.raises(cnnspec.RequestError, match=wanted):
        cnnspec.sweep("lenet5", {"input": [28, 32]}, jobs=2, engine=engine)


def test_a_chunk_whose_worker_stopped_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stops = iter([True, False, True, True, False] * 100)

    def run(task: ChunkTask, waiting: Any) -> Any:
        for chunk in waiting:
            if next(stops):
                raise WorkerStopped("killed")
            yield task(*chunk)

    monkeypatch.setattr(chunks, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(chunks, "CHUNK_SECONDS", 0.01)
    every = chunks.evaluate_on_workers(make_evaluator(), range(32), run)
    found = [candidate.number for some in every for candidate in some]
    assert sorted(found) == [*range(32)]


def test_workers_that_always_stop_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(task: ChunkTask, waiting: Any) -> Any:
        raise WorkerStopped("killed")
        yield

    monkeypatch.setattr(chunks, "FIRST_SECONDS", 0.0)
    evaluator = make_evaluator()
    with pytest.raises(cnnspec.RequestError, match=r"stop again and again \(killed\)"):
        list(chunks.evaluate_on_workers(evaluator, range(32), run))


def make_evaluator() -> CandidateEvaluator:
    space = DesignSpace({"input": tuple(range(28, 60))})
    return CandidateEvaluator("lenet5", space, ComparisonSettings())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "slurm"}, "the engine is one of joblib, dask, ray, not slurm"),
        ({"scheduler": "localhost:1"}, "--scheduler goes with --engine dask or ray"),
        ({"shard": (3, 2)}, "a shard is 1/2 to 2/2, not 3/2"),
        ({"merge": ["a.db"]}, "--merge goes with --store"),
        ({"jobs": 0}, "jobs is at least 1, not 0"),
        ({"limit": 0}, "limit is at least 1, not 0"),
        ({"sample": 0}, "sample is at least 1, not 0"),
        ({"where": ["params < 0"]}, "nothing has 'params < 0', because no measure is negative"),
        ({"where": ["params < 5", "params > 10M"]}, "nothing has both 'params < 5' and"),
        ({"where": ["family = a", "family = b"]}, "nothing has both 'family = a' and"),
        ({"pareto": ["network"]}, "--pareto takes measures that are numbers, and network is text"),
        ({"sort": "-title"}, "--sort takes measures that are numbers, and title is text"),
    ],
)
def test_bad_requests_are_explained_before_anything_runs(
    options: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, number: int) -> None:
        raise AssertionError("evaluated")

    monkeypatch.setattr(CandidateEvaluator, "evaluate", fail)
    with pytest.raises(cnnspec.RequestError) as raised:
        cnnspec.sweep("lenet5", {"input": [28]}, **options)
    assert message in str(raised.value)


def test_an_argument_without_values_is_explained() -> None:
    with pytest.raises(cnnspec.RequestError, match="classes has no values"):
        cnnspec.sweep("lenet5", {"classes": []})


def test_ctrl_c_before_the_processes_have_started_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loky = pytest.importorskip("joblib.externals.loky")

    def cannot_stop() -> None:
        raise RuntimeError("cannot join thread before it is started")

    monkeypatch.setattr(loky, "get_reusable_executor", cannot_stop)
    with pytest.raises(KeyboardInterrupt), start_joblib(Engine(jobs=2)):
        raise KeyboardInterrupt
