"""Check one file: language, shapes of every variant, lint rules, budgets, claims and locks."""

import os
from collections.abc import Callable, Generator, Iterable
from functools import cache

from cnnspec.garbage import collect_garbage_if_large, garbage_collection_paused
from cnnspec.gate.config import Config, Selection
from cnnspec.gate.findings import Finding, FindingSet
from cnnspec.gate.ignores import (
    apply_file_ignores,
    apply_ignore_comments,
    find_unused_comments,
    read_ignore_comments,
)
from cnnspec.graph.build import VariantRequest, build_variant, read_spec
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import Graph
from cnnspec.problems import ERROR_RULES, Problem, SpecError
from cnnspec.records import Record
from cnnspec.rules.registry import lint_graph
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Source, read_source

NetworkCheck = Callable[[Graph, NetworkSpec, Config], Iterable[Problem]]


class CheckedFile(Record):
    """The result for one file: its networks and its findings, ignored ones included.

    ``truncated`` says that there are too many problems to list them all, ``complete`` that every
    network of the file was built and checked. ``used_ignores`` are the per-file-ignores that
    ignored something, as pairs of pattern and code."""

    path: str
    networks: tuple[str, ...]
    findings: tuple[Finding, ...]
    truncated: bool = False
    used_ignores: tuple[tuple[str, str], ...] = ()
    complete: bool = False


def check_file(
    path: str, variant: str = "", config: Config | None = None, max_lines: int = MAX_LINES
) -> CheckedFile:
    """Check one variant of a spec, or all. Raises RequestError if it has no such variant."""
    with garbage_collection_paused():
        return check_variants(path, variant, config or Config(), max_lines)


def check_variants(path: str, variant: str, config: Config, max_lines: int) -> CheckedFile:
    """Check a file as :func:`check_file` does."""
    try:
        source = read_source(path)
    except SpecError as error:
        return report_unreadable(path, error)
    steps = check_in_steps(source, variant, config, max_lines)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            checked: CheckedFile = done.value
            return checked


def report_unreadable(path: str, error: SpecError) -> CheckedFile:
    """Return the result for a file that cannot be read, or is not TOML."""
    found = FindingSet()
    found.add_problems(error.problems)
    return CheckedFile(path, (), sort_findings(found, None))


def check_in_steps(
    source: Source, variant: str, config: Config, max_lines: int
) -> Generator[None, None, CheckedFile]:
    """Check a spec, and return the result; yield often, so that other work can be done there."""
    found, selection = FindingSet(), config.selection
    if source.data and source.data.keys() <= {"blocks"}:
        return CheckedFile(source.name, (), ())  # checked with the specs that include them
    networks, truncated = yield from check_networks(
        found, source, variant, config, selection, max_lines
    )
    reported = FindingSet()
    for finding in found:
        if finding.problem.rule in selection:
            reported.add_finding(finding)
    complete = not variant and not any(f.problem.rule in ERROR_RULES for f in reported)
    comments, malformed = read_ignore_comments(source)
    if "G001" in selection:
        reported.add_problems(malformed)
    used_comments = apply_ignore_comments(reported, source.name, comments)
    used = apply_file_ignores(reported, config.ignores, config.folder)
    if complete and "G002" in selection:
        unused = find_unused_comments(comments, used_comments, selection)
        reported.add_problems(unused)
    findings = sort_findings(reported, source)
    return CheckedFile(source.name, networks, findings, truncated, used, complete)


def check_networks(
    found: FindingSet,
    source: Source,
    variant: str,
    config: Config,
    selection: Selection,
    max_lines: int,
) -> Generator[None, None, tuple[tuple[str, ...], bool]]:
    """Add the problems of a file's networks to ``found``, and yield between the steps.

    Returns the names of the networks, and whether there are too many problems to list them all."""
    try:
        spec, notes = read_spec(source)
    except SpecError as error:
        found.add_problems(error.problems)
        return (), not error.complete
    lint_codes, checks = selection.lint_codes(), select_checks(selection)
    names = tuple([variant] if variant else spec.variants or [spec.name])
    truncated, cache = False, SpecCache()
    for name in names:
        yield
        cache, chosen = cache.or_empty_if_large(), variant or (name if spec.variants else "")
        try:
            wanted = VariantRequest(spec, notes, chosen, max_lines=max_lines, cache=cache)
            graph = build_variant(wanted)
        except SpecError as error:
            found.add_problems(error.problems, name)
            truncated = truncated or not error.complete
            continue
        yield
        found.add_problems(lint_graph(graph, lint_codes), name)
        collect_garbage_if_large()
        for check in checks:
            yield
            found.add_problems(check(graph, spec, config), name)
    return names, truncated


def select_checks(selection: Selection) -> list[NetworkCheck]:
    """Return the checks beside lint that have a selected code; only their modules are imported."""
    checks: list[NetworkCheck] = []
    if "B001" in selection or "B002" in selection:
        from cnnspec.gate.budgets import check_network_budgets

        checks.append(check_network_budgets)
    if any(code in selection for code in ("C001", "C002", "C003")):
        from cnnspec.gate.claims import check_claims

        checks.append(check_claims)
    if any(code in selection for code in ("K001", "K002", "K003")):
        from cnnspec.gate.locks import check_locks

        checks.append(check_locks)
    return checks


@cache
def read_quoted_lines(path: str) -> list[str]:
    """Return the lines of an included file or a lock, to quote them; none if it is unreadable."""
    try:
        if not os.path.isfile(path):
            return []
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(2**20).replace("\r\n", "\n").split("\n")
    except (OSError, ValueError):
        return []


def sort_findings(found: FindingSet, source: Source | None) -> tuple[Finding, ...]:
    """Return the findings with the text of their lines, sorted by place.

    Those of the file itself come first, then those of included files."""
    own = source.text.split("\n") if source else []
    result = []
    for finding in found:
        where = finding.problem.where
        lines = own if source and where.file == source.name else read_quoted_lines(where.file)
        text = lines[where.line - 1].strip() if 0 < where.line <= len(lines) else ""
        result.append(finding.replace(text=text))
    first = source.name if source else ""

    def sort_key(finding: Finding) -> tuple[bool, str, int, int, str]:
        where = finding.problem.where
        return where.file != first, where.file, where.line, where.column, finding.problem.rule

    return tuple(sorted(result, key=sort_key))
