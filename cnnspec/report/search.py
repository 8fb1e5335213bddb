"""Runs sweeps: ``cnnspec.sweep`` and the command of the same name."""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.comparison import DEFAULT, ComparisonSettings, find_measure
from cnnspec.analyses.comparison_selection import parse_condition
from cnnspec.analyses.memory.request import check_request
from cnnspec.problems import RequestError, visible
from cnnspec.report.sweep import Sweep
from cnnspec.search.candidates import DesignSpace, Shard, choose_numbers
from cnnspec.search.conditions import check_conditions
from cnnspec.search.engines import ENGINES, Engine
from cnnspec.search.evaluator import CandidateEvaluator
from cnnspec.search.selection import parse_direction
from cnnspec.search.sweep import run_sweep
from cnnspec.spec.scope import MAX_LINES

if TYPE_CHECKING:
    from cnnspec.search.store import ResultStore


def sweep(
    name: str,
    space: Mapping[str, Iterable[Any]] | DesignSpace,
    *,
    where: Iterable[str] = (),
    pareto: Iterable[str] = (),
    sort: str = "",
    columns: Iterable[str] | None = None,
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "none",
    max_lines: int = MAX_LINES,
    jobs: int = 1,
    engine: str = "joblib",
    scheduler: str = "",
    store: str = "",
    merge: Iterable[str] = (),
    shard: tuple[int, int] = (1, 1),
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Evaluate a network at every combination of values of its arguments.

    ``space`` maps arguments to their values, such as ``{"width": range(16, 129, 16)}``; "input"
    are sizes of the input and "batch" batches. ``where`` are conditions ("params < 5M"),
    ``pareto`` measures in which no other candidate is better ("-depth": more is better), and
    ``sort`` a measure. ``sample`` tries so many random candidates, drawn with ``seed``.

    ``jobs`` processes share the work, or the workers of a cluster: ``engine`` "dask" or "ray", with
    the address of its ``scheduler``. The file ``store`` keeps all results, so that the same call
    goes on where it was stopped; ``merge`` adds the results of other stores, and ``shard`` (1, 3)
    tries the first of three parts. ``progress`` is called with the number of candidates tried and
    that of all. Raises RequestError or SpecError before the first candidate for an unknown name or
    value, and RequestError where the engine or the store fails."""
    check_request(batch, dtype, optimizer)
    check_counts(limit=limit, sample=sample, jobs=jobs)
    space = make_space(space)
    conditions = [parse_condition(text, "--where") for text in where]
    check_conditions(conditions, "--where")
    front = [parse_direction(key, "--pareto") for key in pareto]
    order = parse_direction(sort, "--sort") if sort else None
    keys = [*(DEFAULT[1:4] if columns is None else columns)]
    keys += [c.measure.key for c in conditions]
    keys += [d.measure.key for d in [*front, *([order] if order else [])]]
    measures = [find_measure(key) for key in dict.fromkeys(keys)]
    setting = ComparisonSettings(batch, dtype, optimizer)
    evaluator = CandidateEvaluator(name, space, setting, measures, conditions, max_lines=max_lines)
    numbers = choose_numbers(space, sample, seed, make_shard(*shard))
    found = run_sweep(
        evaluator,
        numbers,
        front,
        order,
        limit,
        (lambda tried: None) if progress is None else lambda tried: progress(tried, len(numbers)),
        make_engine(engine, jobs, scheduler),
        open_store(store, merge, evaluator),
    )
    return Sweep(evaluator.name, space, measures, found, front)


def check_counts(**counts: int | None) -> None:
    """Raise RequestError for a number that is given and below 1."""
    for name, count in counts.items():
        if count is not None and count < 1:
            raise RequestError(f"{name} is at least 1, not {count}")


def make_space(space: Mapping[str, Iterable[Any]] | DesignSpace) -> DesignSpace:
    """Return a design space; numbers of numpy become Python's.

    Raises RequestError for an argument without values."""
    if isinstance(space, DesignSpace):
        return space
    made = {
        key: tuple(v.item() if hasattr(v, "item") else v for v in values)
        for key, values in space.items()
    }
    for key, values in made.items():
        if not values:
            raise RequestError(f"{visible(key, 60)} has no values")
    return DesignSpace(made)


def make_shard(index: int, count: int) -> Shard:
    """Return a shard. Raises RequestError for one that does not exist."""
    if count < 1:
        raise RequestError(f"a shard is one of at least 1, not of {count}")
    if not 1 <= index <= count:
        raise RequestError(f"a shard is 1/{count} to {count}/{count}, not {index}/{count}")
    return Shard(index, count)


def make_engine(name: str, jobs: int, scheduler: str) -> Engine:
    """Return an engine. Raises RequestError for one that does not exist."""
    if name not in ENGINES:
        raise RequestError(f"the engine is one of {', '.join(ENGINES)}, not {visible(name, 40)}")
    if scheduler and name == "joblib":
        raise RequestError("--scheduler goes with --engine dask or ray")
    return Engine(name, jobs, scheduler)


def open_store(
    path: str, merge: Iterable[str], evaluator: CandidateEvaluator
) -> "ResultStore | None":
    """Open a store and add others to it; None without one. Raises RequestError."""
    others = [*merge]
    if not path:
        if others:
            raise RequestError("--merge goes with --store, the file that gets all results")
        return None
    from cnnspec.search.store import ResultStore

    for other in others:
        if not os.path.isfile(other):
            raise RequestError(f"there is no file {visible(other)} to merge")
    store = ResultStore(path, evaluator)
    for other in others:
        store.merge(other)
    return store
