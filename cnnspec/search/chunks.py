"""Evaluates candidates in chunks, here or on the workers of an engine.

A chunk takes about a second, so that sending it costs little. One whose worker was stopped is tried
again."""

import pickle
from collections.abc import Iterator, Sequence
from hashlib import sha256
from time import monotonic

from cnnspec.problems import RequestError, visible
from cnnspec.search.candidates import Candidate
from cnnspec.search.engines import ChunkTask, Engine, RunChunks, WorkerStopped
from cnnspec.search.evaluator import CandidateEvaluator

CHUNK_SECONDS = 1.0
FIRST_SECONDS = 0.5  # of work here, before it is sent anywhere: it shows how long candidates take
MOST_ATTEMPTS = 3  # in a row that give nothing


def evaluate_in_chunks(
    evaluator: CandidateEvaluator, numbers: Sequence[int], engine: Engine
) -> Iterator[list[Candidate]]:
    """Yield the candidates of all numbers, some at a time, in any order.

    Raises RequestError where the engine cannot be used, or where workers stop again and again."""
    if engine.name == "joblib" and engine.jobs == 1:
        yield from evaluate_here(evaluator, numbers, CHUNK_SECONDS)
        return
    from cnnspec.search.clusters import STARTS  # only where there are workers

    with STARTS[engine.name](engine) as run:  # first: a missing package is reported at once
        yield from evaluate_on_workers(evaluator, numbers, run)


def evaluate_on_workers(
    evaluator: CandidateEvaluator, numbers: Sequence[int], run: RunChunks
) -> Iterator[list[Candidate]]:
    """Evaluate the first candidates here, and the others in chunks by ``run``."""
    begun = monotonic()
    first = next(evaluate_here(evaluator, numbers, FIRST_SECONDS), [])
    done = len(first)
    each = (monotonic() - begun) / max(done, 1)
    yield first
    size = max(1, min(int(CHUNK_SECONDS / each), (len(numbers) - done) // 8))
    left = {i: numbers[i : i + size] for i in range(done, len(numbers), size)}
    data = pickle.dumps(evaluator)
    task = ChunkTask(data, sha256(data).hexdigest())
    attempts = 0
    while left:
        attempts += 1
        try:
            for results in run(task, [*left.items()]):
                for start, candidates in results.items():
                    del left[start]
                    attempts = 0
                    yield candidates
        except WorkerStopped as error:
            if attempts >= MOST_ATTEMPTS:
                raise RequestError(
                    f"workers stop again and again ({visible(error)}); perhaps they lack memory"
                ) from None


def evaluate_here(
    evaluator: CandidateEvaluator, numbers: Sequence[int], seconds: float
) -> Iterator[list[Candidate]]:
    """Evaluate candidates in this process, and yield those of about so many seconds at a time."""
    found: list[Candidate] = []
    begun = monotonic()
    for number in numbers:
        found.append(evaluator.evaluate(number))
        if monotonic() - begun > seconds:
            yield found
            found, begun = [], monotonic()
    if found:
        yield found
