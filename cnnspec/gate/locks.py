"""Locks: the recorded networks of a spec, and how the spec differs from them now."""

import os
from collections.abc import Iterable, Iterator

from cnnspec.analyses.diff.describe_change import describe_change, describe_numbers, summarize_diff
from cnnspec.analyses.diff.description import TOTALS, NetworkDescription, describe_network
from cnnspec.analyses.diff.network_diff import (
    CHANGED,
    FOLLOWS,
    INSERTED,
    MOVED,
    REMOVED,
    RENAMED,
    Diff,
    Entry,
    diff_networks,
)
from cnnspec.gate.config import Config
from cnnspec.gate.lockfile import (
    UNITS,
    format_lock,
    format_section,
    lock_path,
    parse_section,
    read_lock,
    spec_path,
    split_sections,
)
from cnnspec.graph.build import VariantRequest, build_variant, read_spec
from cnnspec.graph.model import Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.problems import Problem, SpecError, Where, visible
from cnnspec.records import Record
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Path, read_source

NAMED = 8  # removed layers that a message names
Sections = dict[str, tuple[int, str]]  # network -> number of its first line, its lines


class Lock(Record):
    """The lock that a spec should have now: its path, its text, and the names of its networks.

    ``changes`` describes the difference to the existing lock, one line a network. It is empty if
    nothing changed, and None if there is no lock yet."""

    path: str
    text: str
    networks: tuple[str, ...]
    changes: tuple[str, ...] | None


def make_lock(path: str, max_lines: int = MAX_LINES) -> Lock:
    """Return the lock of a spec with all its variants, without writing it. Raises SpecError."""
    spec, notes = read_spec(read_source(path))
    networks = [
        describe_network(build_variant(VariantRequest(spec, notes, name, max_lines=max_lines)))
        for name in spec.variants or [""]
    ]
    names = tuple(network.network for network in networks)
    text = format_lock(os.path.basename(path), networks)
    by_name = dict(zip(names, networks, strict=True))
    return Lock(lock_path(path), text, names, describe_lock_changes(lock_path(path), text, by_name))


def describe_lock_changes(
    path: str, text: str, now: dict[str, NetworkDescription]
) -> tuple[str, ...] | None:
    """Return the differences between an existing lock and its new text, one line a network."""
    try:
        before = read_lock(path)
        if before is None:
            return None
        if before == text:
            return ()
        known = split_sections(path, before)
        old = {name: parse_section(path, *known[name]) for name in now if name in known}
    except SpecError as error:
        return (f"the old lock could not be used: {error.problems[0].message}",)
    changes = [f"{visible(name, 60)}: removed" for name in known if name not in now]
    for name, network in now.items():
        if name not in old:
            changes.append(f"{visible(name, 60)}: added")
            continue
        found = diff_networks(old[name], network)
        if not found.equal:
            changes.append(
                f"{visible(name, 60)}: {summarize_diff(found)}{describe_total_changes(found)}"
            )
    return tuple(changes) or ("written again",)


def check_locks(graph: Graph, spec: NetworkSpec, config: Config) -> Iterable[Problem]:
    """Compare one network, with its own arguments and input, with the lock beside its spec.

    K001 is reported for each layer that differs, at its line of the spec, and once for the network
    with its totals; K002 for a network that only the lock or only the spec has; K003 for a lock
    that cannot be used. A missing lock is only a problem if the configuration says ``locked``."""
    path = lock_path(spec.source.name)
    try:
        text = read_lock(path)
        if text is None:
            message = f"there is no {visible(path)}, and specs must have locks here"
            where = spec.source.where(("name",))
            hint = "cnnspec lock writes it"
            return [Problem(where, "K002", message, hint)] if config.locked else []
        known = split_sections(path, text)
        return [
            *find_removed_networks(path, known, spec),
            *compare_network(path, known, graph, spec),
        ]
    except SpecError as error:
        return error.problems


def find_removed_networks(path: str, known: Sections, spec: NetworkSpec) -> Iterator[Problem]:
    """Return a problem for each network of a lock that its spec does not have."""
    for name, (line, _) in known.items():
        if name not in (spec.variants or [spec.name]):
            message = (
                f"the lock has a network {visible(name, 60)}, but {visible(spec.source.name)} does"
                " not"
            )
            hint = "if it was removed on purpose, run cnnspec lock"
            yield Problem(Where(path, line, 1), "K002", message, hint)


def compare_network(path: str, known: Sections, graph: Graph, spec: NetworkSpec) -> list[Problem]:
    """Return the problems where a network differs from its lock. Raises SpecError (K003)."""
    log = ProblemLog(limited=False)
    top: Path = ("variants", graph.name) if graph.name in spec.variants else ("name",)
    call = graph.nodes[0].call
    if graph.name not in known:
        message = f"{visible(path)} has no network {visible(graph.name, 60)}"
        log.add(spec.source, top, "K002", message, "cnnspec lock adds it", call)
        return log.problems()
    now = describe_network(graph)
    line, text = known[graph.name]
    if text == format_section(now):
        return []
    found = diff_networks(parse_section(path, line, text), now)
    if found.equal and not any(a != b for a, b in found.totals.values()):
        return []
    file = visible(spec.source.name)
    message = (
        f"{visible(graph.name, 60)} differs from {visible(path)}:"
        f" {summarize_diff(found)}{describe_total_changes(found)}"
    )
    hint = (
        "if this is intended, run cnnspec lock; to see more, run cnnspec diff"
        f" {file}@REVISION {file}"
    )
    log.add(spec.source, top, "K001", message, hint, call)
    for node, entry in find_changed_layers(found, graph):
        message = describe_locked_layer(entry)
        if node.line:
            keys = [key.partition(".")[0] for key in entry.settings]
            where = node.line.at(next((k for k in keys if k in node.line.fields), "op"))
            log.add(node.line.source, where, "K001", message, "", node.call)
        else:
            own = graph.name in spec.variants and "input" in spec.variants[graph.name].about
            log.add(spec.source, (*(top if own else ()), "input"), "K001", message, "", call)
    removed = [
        f"{entry.before.name} ({entry.before.op})"
        for entry in found.entries
        if entry.status == REMOVED and entry.before
    ]
    if removed:
        more = f" and {len(removed) - NAMED} more" if len(removed) > NAMED else ""
        message = f"in the lock, but not here: {visible(', '.join(removed[:NAMED]), 600)}{more}"
        log.add(spec.source, ("layers",), "K001", message, "", call)
    return log.problems()


def find_changed_layers(found: Diff, graph: Graph) -> Iterator[tuple[Node, Entry]]:
    """Return the layers that differ from a lock, with their nodes.

    If a layer only has other numbers because of a layer before it, it is left out; if there are
    only such layers, the first is returned."""
    main = {node.row: node for node in reversed(graph.nodes)}
    others = [e for e in found.entries if e.status in (CHANGED, INSERTED, MOVED, RENAMED)]
    follow = [e for e in found.entries if e.status == FOLLOWS][:1]
    yield from ((main[entry.after.name], entry) for entry in others or follow if entry.after)


def describe_locked_layer(entry: Entry) -> str:
    """Return a message about a layer that differs from the lock."""
    name = visible(entry.after.name if entry.after else "", 100)
    change = visible(describe_change(entry), 400)
    if entry.status == INSERTED:
        return f"{name} is not in the lock: {change}"
    parts = []
    if entry.renamed and entry.before:
        parts.append(f"it was called {visible(entry.before.name, 100)}")
    if entry.status == MOVED:
        parts.append("it has moved")
    return f"{name} differs from the lock: {'; '.join([*parts, *filter(None, [change])])}"


def describe_total_changes(found: Diff) -> str:
    """Return the totals that have changed, to append to a message."""
    pairs = [(UNITS[key], found.totals[key]) for key in TOTALS]
    return "".join(
        [f"; {unit} {describe_numbers(*pair)}" for unit, pair in pairs if pair[0] != pair[1]]
    )


def check_orphaned_lock(path: str) -> Problem:
    """Return the problem of an orphaned lock."""
    message = f"this is the lock of {visible(spec_path(path))}, which does not exist"
    hint = "restore the spec, rename the lock with it, or delete the lock"
    return Problem(Where(path, 1, 1), "K002", message, hint)
