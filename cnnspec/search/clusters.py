"""The workers of a search: processes of joblib (loky), a Dask cluster, or a Ray cluster."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib import import_module
from itertools import islice
from typing import Any

from cnnspec.problems import RequestError, visible
from cnnspec.search.candidates import Candidate
from cnnspec.search.engines import Chunk, Chunks, ChunkTask, Engine, RunChunks, WorkerStopped

AT_ONCE = 2  # chunks sent to each worker, so that it never waits
EXTRAS = {"joblib": "jobs", "distributed": "dask", "ray": "ray"}
Found = dict[int, list[Candidate]]


def import_extra(name: str, wanted_by: str) -> Any:
    """Import a package that only ``wanted_by`` needs. Raises RequestError without it."""
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ImportError:
        raise RequestError(
            f"{wanted_by} needs {package}: pip install 'cnnspec[{EXTRAS[package]}]'"
        ) from None


@contextmanager
def start_joblib(engine: Engine) -> Iterator[RunChunks]:
    """Yield what runs chunks in processes of this machine."""
    joblib = import_extra("joblib", "--jobs")
    loky = import_extra("joblib.externals.loky", "--jobs")

    def run(task: ChunkTask, chunks: Chunks) -> Iterator[Found]:
        parallel = joblib.Parallel(
            n_jobs=engine.jobs or -1,
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch=f"{AT_ONCE}*n_jobs",
        )
        try:
            yield from parallel(joblib.delayed(run_in_process)(task, *chunk) for chunk in chunks)
        except loky.BrokenProcessPool as error:
            raise WorkerStopped(str(error).split("\n")[0]) from None

    try:
        yield run
    finally:
        with suppress(RuntimeError):  # Ctrl-C may have come before the pool had started
            loky.get_reusable_executor().shutdown(kill_workers=True)


def run_in_process(task: ChunkTask, start: int, chunk: Chunk) -> Found:
    """Run a task in a worker process. Ctrl-C is left to the parent, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return task(start, chunk)


@contextmanager
def start_dask(engine: Engine) -> Iterator[RunChunks]:
    """Yield what runs chunks on a Dask cluster."""
    dask = import_extra("distributed", "--engine dask")
    try:
        client = (
            dask.Client(engine.scheduler, timeout=10)
            if engine.scheduler
            else dask.Client(n_workers=engine.jobs, threads_per_worker=1, dashboard_address=None)
        )
    except (OSError, ValueError) as error:
        where = visible(engine.scheduler)
        raise RequestError(f"no Dask scheduler answers at {where}: {visible(error)}") from None

    def run(task: ChunkTask, chunks: Chunks) -> Iterator[Found]:
        workers = max(1, sum(client.nthreads().values()))
        waiting = iter(chunks)
        first = [
            client.submit(task, *chunk, pure=False) for chunk in islice(waiting, AT_ONCE * workers)
        ]
        sent = dask.as_completed(first)
        for future in sent:
            try:
                yield future.result()
            except (dask.KilledWorker, OSError) as error:
                raise WorkerStopped(str(error)) from None
            for chunk in islice(waiting, 1):
                sent.add(client.submit(task, *chunk, pure=False))

    with client:
        yield run


@contextmanager
def start_ray(engine: Engine) -> Iterator[RunChunks]:
    """Yield what runs chunks on a Ray cluster."""
    ray = import_extra("ray", "--engine ray")
    try:
        ray.init(
            address=engine.scheduler or None,
            num_cpus=None if engine.scheduler else engine.jobs,
            log_to_driver=False,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = visible(engine.scheduler or "this machine")
        raise RequestError(f"Ray does not start at {where}: {visible(error)}") from None

    def run(task: ChunkTask, chunks: Chunks) -> Iterator[Found]:
        remote = ray.remote(num_cpus=1)(run_task)
        shared, waiting = ray.put(task), iter(chunks)
        at_once = AT_ONCE * max(1, int(ray.cluster_resources().get("CPU", 1)))
        sent = [remote.remote(shared, *chunk) for chunk in islice(waiting, at_once)]
        while sent:
            ready, sent = ray.wait(sent)
            try:
                yield from ray.get(ready)
            except ray.exceptions.RayError as error:
                raise WorkerStopped(str(error).split("\n")[0]) from None
            sent += [remote.remote(shared, *chunk) for chunk in islice(waiting, len(ready))]

    try:
        yield run
    finally:
        ray.shutdown()


def run_task(task: ChunkTask, start: int, chunk: Chunk) -> Found:
    """Run a task. Ray sends functions, not objects that can be called."""
    return task(start, chunk)


STARTS: dict[str, Callable[[Engine], AbstractContextManager[RunChunks]]] = {
    "joblib": start_joblib,
    "dask": start_dask,
    "ray": start_ray,
}
