"""Checking one file: the language, the shapes of every variant, lint rules, budgets; then what is
ignored."""

import os
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from cnnspec.garbage import collect_garbage_if_large, garbage_collection_paused
from cnnspec.gate.codes import Selection
from cnnspec.gate.config import Config
from cnnspec.gate.files import matches
from cnnspec.gate.findings import Finding, Findings
from cnnspec.gate.ignores import Ignore, read_ignores
from cnnspec.graph.build import build_variant, read_spec
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import Graph
from cnnspec.problems import ERROR_RULES as LANGUAGE
from cnnspec.problems import Problem, SpecError
from cnnspec.records import Record
from cnnspec.rules.lint import lint_graph
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Source, read_source

Checker = Callable[[Graph, NetworkSpec, Config], Iterable[Problem]]


class Checked(Record):
    """What a file holds: its networks, findings and, for the reasons given, ignored ones.

    ``cut`` says that there are more problems than anyone reads; ``used`` are the ignores of the
    configuration that took effect, as patterns with their codes; ``whole`` that all of the file was
    looked at, and understood."""

    path: str
    networks: tuple[str, ...]
    findings: tuple[Finding, ...]
    cut: bool = False
    used: tuple[tuple[str, str], ...] = ()
    whole: bool = False


def check_file(
    path: str, variant: str = "", config: Config | None = None, max_lines: int = MAX_LINES
) -> Checked:
    """Check all variants of a spec, or one. Raises RequestError for a variant that is not there."""
    with garbage_collection_paused():
        return checked(path, variant, config or Config(), max_lines)


def checked(path: str, variant: str, config: Config, max_lines: int) -> Checked:
    found, selection = Findings(), config.selection
    try:
        source = read_source(path)
    except SpecError as error:
        found.add(error.problems)
        return Checked(path, (), finished(found, None))
    if source.data and source.data.keys() <= {"blocks"}:
        return Checked(path, (), ())  # its blocks are looked at with the specs that include them
    names, cut = networks(found, source, variant, config, selection, max_lines)
    reported = Findings()
    for finding in found:
        if finding.problem.rule in selection:
            reported.fold(finding)
    whole = not variant and not any(f.problem.rule in LANGUAGE for f in reported)
    used = ignore(reported, source, config, selection, whole)
    return Checked(path, names, finished(reported, source), cut, used, whole)


def networks(
    found: Findings,
    source: Source,
    variant: str,
    config: Config,
    selection: Selection,
    max_lines: int,
) -> tuple[tuple[str, ...], bool]:
    """Add what is wrong with the networks of a source; their names, and whether that was too much
    to go on."""
    try:
        spec, notes = read_spec(source)
    except SpecError as error:
        found.add(error.problems)
        return (), not error.complete
    rules, others = selection.lint(), checkers(selection)
    names, cut, known = (
        tuple([variant] if variant else spec.variants or [spec.name]),
        False,
        SpecCache(),
    )
    for name in names:
        known, chosen = known.bounded(), variant or (name if spec.variants else "")
        try:
            graph = build_variant(spec, notes, chosen, max_lines=max_lines, known=known)
        except SpecError as error:
            found.add(error.problems, name)
            cut = cut or not error.complete
            continue
        found.add(lint_graph(graph, rules), name)
        collect_garbage_if_large()
        for check in others:
            found.add(check(graph, spec, config), name)
    return names, cut


def checkers(selection: Selection) -> list[Checker]:
    """What looks at networks beside the lint rules, where any of its findings are reported."""
    found: list[Checker] = []
    if "B001" in selection or "B002" in selection:
        from cnnspec.gate.budgets import check_budgets

        found.append(check_budgets)
    if any(code in selection for code in ("C001", "C002", "C003")):
        from cnnspec.gate.claims import check_claims

        found.append(check_claims)
    if any(code in selection for code in ("K001", "K002", "K003")):
        from cnnspec.gate.locks import check_locks

        found.append(check_locks)
    return found


def ignore(
    found: Findings, source: Source, config: Config, selection: Selection, whole: bool
) -> tuple[tuple[str, str], ...]:
    """Give ignored findings their reasons, and add what is wrong with ignores; those of the
    configuration used.

    Which ignores of a file take no effect is known only where the ``whole`` of it was looked at.
    """
    own, problems = read_ignores(source)
    if "G001" in selection:
        found.add(problems)
    used: dict[Any, None] = {}
    for key, finding in list(found.found.items()):
        problem = finding.problem
        inline = own if problem.where.file == source.name else ignores_in(problem.where.file)
        for i in inline:
            if problem.where.line == i.line and problem.rule in i.codes:
                found.found[key] = finding.replace(ignored=i.reason)
                used[i, problem.rule] = None
        for pattern, reasons in config.ignores.items():
            if problem.rule in reasons and matches(problem.where.file, [pattern], config.folder):
                found.found[key] = finding.replace(ignored=reasons[problem.rule], outside=True)
                used[pattern, problem.rule] = None
    if whole and "G002" in selection:
        found.add(unused(own, used, selection))
    return tuple(key for key in used if isinstance(key[0], str))


def unused(own: list[Ignore], used: dict[Any, None], selection: Selection) -> Iterable[Problem]:
    """The ignores of rules that were looked at, and found nothing to ignore."""
    for i in own:
        for code in i.codes:
            if code in selection and (i, code) not in used:
                yield Problem(
                    i.where, "G002", f"{code} finds nothing here that this ignores", "take it out"
                )


@cache
def ignores_in(path: str) -> list[Ignore]:
    """The ignores of an included file."""
    try:
        return read_ignores(read_source(path))[0]
    except SpecError:
        return []


@cache
def lines_of(path: str) -> list[str]:
    """The lines of another file than the checked one."""
    try:
        if not os.path.isfile(path):
            return []
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(2**20).replace("\r\n", "\n").split("\n")
    except (OSError, ValueError):
        return []


def finished(found: Findings, source: Source | None) -> tuple[Finding, ...]:
    """The findings with the text of their lines, in the order of the file, those of included files
    behind it."""
    own = source.text.split("\n") if source else []
    result = []
    for finding in found:
        where = finding.problem.where
        lines = own if source and where.file == source.name else lines_of(where.file)
        text = lines[where.line - 1].strip() if 0 < where.line <= len(lines) else ""
        result.append(finding.replace(text=text))
    first = source.name if source else ""
    return tuple(sorted(result, key=lambda f: (f.problem.where.file != first, *order(f))))


def order(finding: Finding) -> tuple[str, int, int, str]:
    where = finding.problem.where
    return where.file, where.line, where.column, finding.problem.rule
