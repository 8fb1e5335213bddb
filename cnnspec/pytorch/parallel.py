"""Several networks verified in processes of their own: side by side, each in its part of the
memory."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from cnnspec.analyses.verdict import IMPOSSIBLE, Check, Verdict
from cnnspec.problems import visible
from cnnspec.units import Shape


class VerificationTask(NamedTuple):
    """What is asked of one network."""

    name: str
    settings: dict[str, Any]
    input: Shape | None
    max_lines: int
    device: str
    libraries: tuple[str, ...]
    memory: bool = False


class Worker:
    """A process that verifies one network after the other."""

    def __init__(self, threads: int):
        context = multiprocessing.get_context("spawn")  # forking does not go with PyTorch's threads
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, threads), daemon=True)
        with uninterrupted():
            self.process.start()
        theirs.close()
        self.task = -1

    def give(self, index: int, task: VerificationTask, share: float) -> None:
        self.task = index
        with suppress(OSError):  # where it has ended meanwhile, its pipe says so
            self.pipe.send((task, share))

    def stop(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """While this lasts, a Ctrl-C waits, and processes are started that do not hear that of the
    terminal.

    Blocking the signal is for them; it would not keep it from the main thread, which any other
    thread may hear it for."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(
        signal, "pthread_sigmask"
    ):
        yield
        return
    resource_tracker.ensure_running()  # starting it with the first process would unblock the signal again
    heard: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
        if heard:
            signal.raise_signal(signal.SIGINT)


def verify_in_processes(
    tasks: list[VerificationTask], jobs: int, done: Callable[[], None] = lambda: None
) -> list[Verdict]:
    """The verdict on each task, in their order; ``done`` is called after each.

    Each of ``jobs`` processes may use its part of the free memory. What does not fit into it comes
    after the others, alone. A process that ends before its time is a failed verdict."""
    found: dict[int, Verdict] = {}
    ran = run(
        dict(enumerate(tasks)), jobs, 1 / jobs, lambda i, verdict: keep(found, i, verdict, done)
    )
    if ran:
        run({i: tasks[i] for i in ran}, 1, 1.0, lambda i, verdict: keep(found, i, verdict, done))
    return [found[i] for i in range(len(tasks))]


def keep(found: dict[int, Verdict], index: int, verdict: Verdict, done: Callable[[], None]) -> None:
    found[index] = verdict
    done()


def run(
    tasks: dict[int, VerificationTask],
    jobs: int,
    share: float,
    take: Callable[[int, Verdict], None],
) -> list[int]:
    """Give all tasks to processes, and their verdicts to ``take``; the tasks that need more memory
    are returned."""
    waiting, larger = deque(tasks), []
    threads = max(1, (os.cpu_count() or 1) // jobs)
    idle: list[Worker] = []
    busy: dict[Any, Worker] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                worker = idle.pop() if idle else Worker(threads)
                busy[worker.pipe] = worker
                index = waiting.popleft()
                worker.give(index, tasks[index], share)
            for pipe in wait(list(busy)):
                worker = busy.pop(pipe)
                verdict = answer(worker, tasks[worker.task])
                if worker.process.is_alive():
                    idle.append(worker)
                if verdict is None:
                    larger.append(worker.task)
                else:
                    take(worker.task, verdict)
    finally:
        for worker in [*idle, *busy.values()]:
            worker.stop()
    return larger


def answer(worker: Worker, task: VerificationTask) -> Verdict | None:
    """What a process has found; None where its part of the memory is too small."""
    try:
        found: Verdict | None = worker.pipe.recv()
        return found
    except (EOFError, OSError):
        worker.stop()
        code = worker.process.exitcode or 0
        why = (
            f"by {signal.Signals(-code).name}"
            if -code in signal.valid_signals()
            else f"with exit code {code}"
        )
        return failed(task, f"the process that measured it ended {why}; memory may have run out")


def failed(task: VerificationTask, why: str) -> Verdict:
    """The verdict on a network that could not be measured."""
    device = {"cuda": "CUDA", "cpu": "CPU", "meta": "meta device"}.get(task.device, task.device)
    return Verdict(
        task.name, device, {}, (Check("run", f"PyTorch on {device}", IMPOSSIBLE, detail=why),)
    )


def serve(pipe: Connection, threads: int) -> None:
    """The life of a process: tasks in, verdicts out, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends its processes
    import torch

    torch.set_num_threads(threads)
    while True:
        try:
            task, share = pipe.recv()
        except EOFError:
            return
        try:
            found = verify_task(task, share)
        except Exception as error:
            found = failed(task, visible(f"{type(error).__name__}: {error}", 500))
        pipe.send(found)


def verify_task(task: VerificationTask, share: float) -> Verdict | None:
    """The verdict on one network; None where it needs more than ``share`` of the memory, which
    could be more."""
    from cnnspec.graph.build import load_graph
    from cnnspec.pytorch.verify import fits_in_memory, verify

    def again(more: dict[str, Any]) -> Any:
        return load_graph(task.name, {**more, **task.settings}, task.input, task.max_lines)

    graph = load_graph(task.name, task.settings, task.input, task.max_lines)
    if share < 1 and not fits_in_memory(graph, task.device, task.libraries, share):
        return None
    return verify(graph, task.device, task.libraries, share=share, again=again, memory=task.memory)
