"""Verify several networks side by side in processes, each with its share of the free memory."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from cnnspec.analyses.verdict import IMPOSSIBLE, LIMITED, Check, Verdict
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, describe_exception
from cnnspec.records import Record
from cnnspec.units import GivenInput

MODEL = "[model]"  # the name, in reports, of the model that a spec names


class VerificationTask(Record):
    """A network to verify, and how. With ``models``, also with the model that its spec names."""

    name: str
    settings: dict[str, Any]
    input: GivenInput
    max_lines: int
    device: str
    libraries: tuple[str, ...]
    memory: bool = False
    models: bool = False
    strict: bool = False
    seed: int = 2016


class VerificationProcess:
    """A process that verifies one network after the other."""

    def __init__(self, threads: int):
        context = multiprocessing.get_context("spawn")  # PyTorch's threads do not survive a fork
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve_tasks, args=(theirs, threads), daemon=True)
        with holding_interrupts():
            self.process.start()
        theirs.close()
        self.task = -1

    def send_task(self, index: int, task: VerificationTask, share: float) -> None:
        self.task = index
        with suppress(OSError):  # the process may have ended; receiving notices it
            self.pipe.send((task, share))

    def stop(self) -> None:
        self.pipe.close()
        self.process.kill()
        self.process.join()


@contextmanager
def holding_interrupts() -> Iterator[None]:
    """Hold back a Ctrl-C inside this context, and start processes that ignore the terminal's.

    Blocking the signal makes new processes ignore it. It would not keep the signal from the main
    thread, as any other thread may receive it for the process; so a handler holds it.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Started together with the first process, the tracker would unblock the signal again.
    resource_tracker.ensure_running()
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
        if received:
            signal.raise_signal(signal.SIGINT)


def verify_in_processes(
    tasks: list[VerificationTask], jobs: int, done: Callable[[], None] = lambda: None
) -> list[Verdict]:
    """Return the verdict of each task, in the order of the tasks; call ``done`` after each.

    Each of ``jobs`` processes may use its share of the free memory. A network that needs more is
    verified after the others, alone. A process that ends early gives a failed verdict.
    """
    found: dict[int, Verdict] = {}

    def take(index: int, verdict: Verdict) -> None:
        found[index] = verdict
        done()

    larger = run_tasks(dict(enumerate(tasks)), jobs, 1 / jobs, take)
    if larger:
        run_tasks({i: tasks[i] for i in larger}, 1, 1.0, take)
    return [found[i] for i in range(len(tasks))]


def run_tasks(
    tasks: dict[int, VerificationTask],
    jobs: int,
    share: float,
    take: Callable[[int, Verdict], None],
) -> list[int]:
    """Run tasks in processes, and pass each verdict to ``take``.

    Returns the tasks that need more than ``share`` of the memory.
    """
    waiting, larger = deque(tasks), []
    threads = max(1, (os.cpu_count() or 1) // jobs)
    idle: list[VerificationProcess] = []
    busy: dict[Any, VerificationProcess] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                worker = idle.pop() if idle else VerificationProcess(threads)
                busy[worker.pipe] = worker
                index = waiting.popleft()
                worker.send_task(index, tasks[index], share)
            for pipe in wait(list(busy)):
                worker = busy.pop(pipe)
                verdict = receive_verdict(worker, tasks[worker.task])
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


def receive_verdict(worker: VerificationProcess, task: VerificationTask) -> Verdict | None:
    """Receive a verdict; None where the process's share of the memory is too small."""
    try:
        found: Verdict | None = worker.pipe.recv()
        return found
    except (EOFError, OSError):
        worker.stop()
        code = worker.process.exitcode or 0
        how = f"with exit code {code}"
        if -code in signal.valid_signals():
            how = f"by {signal.Signals(-code).name}"
        why = f"the process that measured it ended {how}; memory may have run out"
        return failed_verdict(task, why)


def failed_verdict(task: VerificationTask, why: str) -> Verdict:
    """Return the verdict on a network that could not be measured."""
    device = {"cuda": "CUDA", "cpu": "CPU", "meta": "meta device"}.get(task.device, task.device)
    checks = (Check("run", f"PyTorch on {device}", IMPOSSIBLE, detail=why),)
    return Verdict(task.name, device, {}, checks)


def serve_tasks(pipe: Connection, threads: int) -> None:
    """Verify tasks from a pipe and send the verdicts, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent receives it and ends its processes
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
            found = failed_verdict(task, describe_exception(error))
        pipe.send(found)


def verify_task(task: VerificationTask, share: float) -> Verdict | None:
    """Verify one network; None where it needs more than ``share`` < 1 of the free memory."""
    from cnnspec.graph.build import load_graph
    from cnnspec.pytorch.verify import fits_in_memory, verify

    def rebuild(more: dict[str, Any], shape: GivenInput = None) -> Any:
        settings = {**more, **task.settings}
        return load_graph(task.name, settings, shape or task.input, task.max_lines)

    graph = load_graph(task.name, task.settings, task.input, task.max_lines)
    if share < 1 and not fits_in_memory(graph, task.device, task.libraries, share, task.models):
        return None
    model, refused = load_named_model(graph) if task.models else (None, ())
    verdict = verify(
        graph,
        task.device,
        task.libraries,
        model,
        MODEL,
        share,
        rebuild,
        task.memory,
        task.strict,
        task.seed,
    )
    return verdict.replace(checks=(*verdict.checks, *refused))


def load_named_model(graph: Graph) -> tuple[Any, tuple[Check, ...]]:
    """Return the model that a spec names, or None and the check that says why there is none."""
    if graph.model is None:
        return None, (Check("model", MODEL, LIMITED, detail="the spec names no model"),)
    from cnnspec.pytorch.load_models import load_user_model

    try:
        return load_user_model(graph.model.factory, graph.model.arguments, MODEL), ()
    except RequestError as error:
        return None, (Check("model", MODEL, IMPOSSIBLE, detail=str(error)),)
