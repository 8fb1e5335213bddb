"""Checking many files, in processes of their own where that pays, and folding what they have in
common."""

import gc
import os
from collections.abc import Iterable
from typing import Any

from cnnspec.garbage import garbage_collection_paused
from cnnspec.gate.check import Checked, check_file, ignores_in, lines_of
from cnnspec.gate.config import Config, config_of, nearest
from cnnspec.gate.files import matches, specs
from cnnspec.gate.findings import Findings, Report
from cnnspec.gate.left_behind import check_left_behind, left_behind
from cnnspec.problems import Problem, RequestError
from cnnspec.spec.scope import MAX_LINES

FEW = 40  # files that one process checks sooner than others start
Task = tuple[str, str, Config, int]


def check(
    paths: Iterable[str],
    given: dict[str, Any] | None = None,
    jobs: int | None = None,
    max_lines: int = MAX_LINES,
) -> Report:
    """Check all specs that ``paths`` mean; ``given`` stands in place of what configurations say.

    ``jobs`` processes do it, as many as there are CPUs unless it is given. Raises RequestError for
    a path, variant or configuration that cannot be understood."""
    given, paths = given or {}, list(paths)
    for cached in (nearest, ignores_in, lines_of):
        cached.cache_clear()  # of an earlier run in this process
    configs = {path: config_of(path, given) for path in paths if os.path.isdir(path)}
    excluded = {path: (c.exclude, c.folder) for path, c in configs.items()}
    tasks = [
        (file, variant, config_of(file, given), max_lines)
        for file, variant in specs(paths, excluded)
    ]
    results = many(tasks, min(jobs or cpus(), len(tasks)), bool(jobs))
    locks = {
        lock: config_of(lock, given)
        for path in excluded
        for lock in left_behind(path, excluded[path])
    }
    behind = [check_left_behind(lock, config) for lock, config in locks.items()]
    return report(results, [*[task[2] for task in tasks], *locks.values()], behind)


def cpus() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def many(tasks: list[Task], jobs: int, forced: bool = False) -> list[Checked]:
    """What each task finds, in their order."""
    if jobs <= 1 or (len(tasks) < FEW and not forced):
        with garbage_collection_paused():
            return [one(task) for task in tasks]
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    size = max(1, min(50, len(tasks) // (4 * jobs)))
    with ProcessPoolExecutor(jobs, initializer=gc.disable) as pool:
        try:
            return list(pool.map(one, tasks, chunksize=size))
        except BrokenProcessPool:
            raise RequestError(
                "a process ended while it checked; memory may have run out: try --jobs 1"
            ) from None


def one(task: Task) -> Checked:
    return check_file(*task)


def report(results: list[Checked], configs: list[Config], behind: list[Checked]) -> Report:
    """The report of a run: what several files include is found once. Locks that are left ``behind``
    are no specs."""
    found, networks = Findings(), 0
    for checked in (*results, *behind):
        networks += len(checked.networks)
        for finding in checked.findings:
            found.fold(finding)
    for config, problems in without_effect([*results, *behind], configs):
        found.add([p for p in problems if p.rule in config.selection])
    everything = list(found)
    return Report(
        tuple(dict.fromkeys(c.path for c in results)),
        networks,
        tuple(f for f in everything if not f.ignored),
        tuple(f for f in everything if f.ignored),
        tuple(c.path for c in results if c.cut),
        any(c.strict for c in configs),
    )


def without_effect(
    results: list[Checked], configs: list[Config]
) -> Iterable[tuple[Config, list[Problem]]]:
    """For each configuration, its ignores of single files that were checked, and found nothing to
    ignore there."""
    used = {key for checked in results for key in checked.used}
    for config in {id(c.source): c for c in configs if c.source}.values():
        problems = []
        for pattern, reasons in config.ignores.items():
            there = not set("*?[") & set(pattern) and any(
                c.whole and matches(c.path, [pattern], config.folder) for c in results
            )
            for code in reasons:
                if (
                    there
                    and (pattern, code) not in used
                    and code in config.selection
                    and config.source
                ):
                    where = config.source.where(
                        ("tool", "cnnspec", "per-file-ignores", pattern, code), key=True
                    )
                    problems.append(
                        Problem(
                            where,
                            "G002",
                            f"{code} finds nothing in {pattern} that this ignores",
                            "take it out",
                        )
                    )
        yield config, problems
