"""Check many files, in several processes if that is faster, and merge what they report."""

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from cnnspec.garbage import garbage_collection_paused
from cnnspec.gate.check import CheckedFile, check_file, read_quoted_lines, sort_findings
from cnnspec.gate.config import Config, find_config, load_config
from cnnspec.gate.files import collect_specs
from cnnspec.gate.findings import FindingSet, Report
from cnnspec.gate.ignores import apply_file_ignores, read_included_comments
from cnnspec.gate.locks import check_orphaned_lock
from cnnspec.gate.patterns import matches_pattern
from cnnspec.problems import Problem, RequestError
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import STDIN

FEW = 40  # files that one process checks before others have started
Task = tuple[str, str, Config, int]


def check_paths(
    paths: Iterable[str],
    overrides: dict[str, Any] | None = None,
    jobs: int | None = None,
    max_lines: int = MAX_LINES,
) -> Report:
    """Check all specs that ``paths`` name; ``overrides`` replace settings of pyproject.toml.

    ``jobs`` is the number of processes, by default one per CPU. Raises RequestError for a path,
    variant or setting that is not understood."""
    overrides, paths = overrides or {}, list(paths)
    forget_read_files()
    collected = collect_specs(paths, overrides)
    tasks = [
        (file, variant, load_config(file, overrides), max_lines)
        for file, variant in collected.specs
    ]
    if any(task[0] == STDIN for task in tasks):
        jobs = 1  # another process cannot read standard input
    results = check_tasks(tasks, min(jobs or count_cpus(), len(tasks)), bool(jobs))
    locks = {lock: load_config(lock, overrides) for lock in collected.orphaned}
    orphaned = [check_lock_file(lock, config) for lock, config in locks.items()]
    report = merge_results(results, orphaned, [*[task[2] for task in tasks], *locks.values()])
    return report.replace(skipped=collected.skipped)


def forget_read_files() -> None:
    """Forget what was read from files, which may have changed since an earlier run."""
    for cached in (find_config, read_included_comments, read_quoted_lines):
        cached.cache_clear()


def count_cpus() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_tasks(tasks: list[Task], jobs: int, forced: bool = False) -> list[CheckedFile]:
    """Check the files of all tasks, and return the results in the order of the tasks."""
    if jobs <= 1 or (len(tasks) < FEW and not forced):
        with garbage_collection_paused():
            return [check_task(task) for task in tasks]
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    size = max(1, min(50, len(tasks) // (4 * jobs)))
    with ProcessPoolExecutor(jobs, initializer=gc.disable) as pool:
        try:
            with interrupts_blocked():  # map starts the processes
                results = pool.map(check_task, tasks, chunksize=size)
            return list(results)
        except BrokenProcessPool:
            raise RequestError(
                "a process ended while it checked; memory may have run out: try --jobs 1"
            ) from None


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Hold Ctrl-C back; processes that start inside never receive it, so that this one decides."""
    import signal

    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def check_task(task: Task) -> CheckedFile:
    """Check the file of one task."""
    return check_file(*task)


def check_lock_file(path: str, config: Config) -> CheckedFile:
    """Return the finding about an orphaned lock, if it is selected."""
    found = FindingSet()
    problem = check_orphaned_lock(path)
    if problem.rule in config.selection:
        found.add_problems([problem])
    used = apply_file_ignores(found, config.ignores, config.folder)
    return CheckedFile(path, (), sort_findings(found, None), used_ignores=used)


def merge_results(
    results: list[CheckedFile], orphaned: list[CheckedFile], configs: list[Config]
) -> Report:
    """Merge the results of all files into a report.

    A finding in a file that several specs include is reported once. ``orphaned`` are locks without
    a spec; they do not count as checked files."""
    found, everything = FindingSet(), [*results, *orphaned]
    for checked in everything:
        for finding in checked.findings:
            found.add_finding(finding)
    for config in {id(c.source): c for c in configs if c.source}.values():
        unused = find_unused_file_ignores(config, results, everything)
        found.add_problems(problem for problem in unused if problem.rule in config.selection)
    return Report(
        tuple(dict.fromkeys(checked.path for checked in results)),
        sum(len(checked.networks) for checked in results),
        tuple(finding for finding in found if not finding.ignore_reason),
        tuple(finding for finding in found if finding.ignore_reason),
        tuple(checked.path for checked in results if checked.truncated),
        any(config.strict for config in configs),
    )


def find_unused_file_ignores(
    config: Config, results: list[CheckedFile], everything: list[CheckedFile]
) -> Iterable[Problem]:
    """Return a problem for each per-file-ignore that had nothing to ignore.

    Only patterns without wildcards count, for files that were checked completely."""
    used = {pair for checked in everything for pair in checked.used_ignores}
    for pattern, reasons in config.ignores.items():
        if set("*?[") & set(pattern):
            continue
        if not any(
            c.complete and matches_pattern(c.path, (pattern,), config.folder) for c in results
        ):
            continue
        for code in reasons:
            if (pattern, code) not in used and code in config.selection and config.source:
                path = ("tool", "cnnspec", "per-file-ignores", pattern, code)
                where = config.source.where(path, key=True)
                message = f"{code} has no finding in {pattern} to ignore"
                yield Problem(where, "G002", message, "remove it")
