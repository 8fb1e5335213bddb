"""Verify several networks in processes: order, crashes, and networks that need more memory."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from cnnspec.analyses.verdict import IMPOSSIBLE, LIMITED, Verdict
from cnnspec.api import load
from cnnspec.pytorch import parallel
from cnnspec.pytorch.parallel import VerificationTask, verify_in_processes, verify_task
from cnnspec.pytorch.verify import fits_in_memory, verify


def task(name: str, **settings: Any) -> VerificationTask:
    return VerificationTask(name, settings, None, 10_000, "meta", ())


class Ends:
    """End the process that unpickles this object."""

    def __init__(self, how: Callable[..., Any], *arguments: Any):
        self.how, self.arguments = how, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.how, self.arguments


def kill_myself(number: int) -> None:
    os.kill(os.getpid(), number)


def test_crashes_are_failed_verdicts_and_the_others_come_in_their_order() -> None:
    seen: list[int] = []
    asked = [
        task("resnet20_cifar"),
        task("alexnet", x=Ends(kill_myself, signal.SIGKILL)),
        task("no_such_network"),
        task("lenet5"),
    ]
    found = verify_in_processes(asked, 2, lambda: seen.append(1))
    assert [v.network for v in found] == [t.name for t in asked]
    assert [v.passed for v in found] == [True, False, False, True]
    assert len(seen) == len(asked)
    killed, unknown = (found[i].checks[0] for i in (1, 2))
    assert killed.status == unknown.status == IMPOSSIBLE
    assert "ended by SIGKILL" in killed.detail
    assert "there is no network" in unknown.detail


def test_a_network_that_needs_more_memory_is_verified_alone_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs: list[tuple[list[int], int, float]] = []

    def run(
        tasks: dict[int, VerificationTask],
        jobs: int,
        share: float,
        take: Callable[[int, Verdict], None],
    ) -> list[int]:
        runs.append((list(tasks), jobs, share))
        larger = [1] if share < 1 else []
        for i in tasks.keys() - larger:
            take(i, Verdict(tasks[i].name, "", {}, ()))
        return larger

    monkeypatch.setattr(parallel, "run_tasks", run)
    found = verify_in_processes([task("a"), task("b"), task("c")], 2)
    assert [v.network for v in found] == ["a", "b", "c"]
    assert runs == [([0, 1, 2], 2, 0.5), ([1], 1, 1.0)]


def test_a_task_that_needs_more_than_its_share_of_the_memory_gives_none() -> None:
    asked = task("lenet5").replace(device="cpu")
    assert verify_task(asked, 1e-12) is None
    assert verify_task(asked, 0.9) is not None
    graph = load("mobilenet_v1").graph
    assert fits_in_memory(graph, "meta", (), 1e-12)
    assert not fits_in_memory(graph, "meta", ("timm",), 1e-12)


def test_without_memory_a_network_is_measured_on_meta_and_says_so() -> None:
    found = verify(load("lenet5").graph, "cpu", share=1e-12)
    assert [c.against for c in found.checks[:3]] == ["PyTorch on meta device"] * 3
    assert found.checks[3].status == LIMITED
    assert "it needs about 359.7 kB, and 0 bytes are free" in found.checks[3].detail
