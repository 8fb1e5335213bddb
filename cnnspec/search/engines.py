"""Engines that evaluate candidates: this process, joblib's processes, a Dask or a Ray cluster."""

import pickle
from collections.abc import Callable, Iterator, Sequence

from cnnspec.records import Record
from cnnspec.search.candidates import Candidate
from cnnspec.search.evaluator import CandidateEvaluator

ENGINES = ("joblib", "dask", "ray")
Chunk = Sequence[int]
Chunks = Sequence[tuple[int, Chunk]]  # each with a number


class Engine(Record):
    """Where candidates are evaluated: in ``jobs`` processes of joblib, or on a cluster.

    ``name`` is one of ENGINES. ``scheduler`` is the address of Dask's scheduler, or of a Ray
    cluster; "" starts one on this machine, with ``jobs`` workers (None: as many as it has cores).
    """

    name: str = "joblib"
    jobs: int | None = 1
    scheduler: str = ""


class WorkerStopped(Exception):
    """A worker process was stopped, so that chunks have no result."""


class ChunkTask:
    """Evaluates chunks in a worker. The evaluator is unpickled once, and keeps what it knows."""

    known: dict[str, CandidateEvaluator] = {}  # of the worker: one evaluator at a time

    def __init__(self, data: bytes, key: str):
        self.data, self.key = data, key

    def __call__(self, start: int, chunk: Chunk) -> dict[int, list[Candidate]]:
        """Return the chunk's candidates by the chunk's start."""
        known = ChunkTask.known
        if self.key not in known:
            known.clear()
            known[self.key] = pickle.loads(self.data)
        evaluator = known[self.key]
        return {start: [evaluator.evaluate(number) for number in chunk]}


RunChunks = Callable[[ChunkTask, Chunks], Iterator[dict[int, list[Candidate]]]]
