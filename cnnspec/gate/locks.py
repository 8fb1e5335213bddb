"""Locks: what the networks of a spec were when someone last looked at them and said so, kept beside
the spec."""

import os
import stat
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
from cnnspec.gate.lockfile import UNITS, broken, lock_path, parsed, section, sections, written
from cnnspec.graph.build import build_variant, read_spec
from cnnspec.graph.model import Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.problems import Problem, SpecError, Where, visible
from cnnspec.records import Record
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Path, decode_text, read_source

MAX_BYTES = 2**25  # of a lock: a spec of half a megabyte can have many layers
MOST = 8  # removed layers that one message names
MEANT = (
    "if that is meant, cnnspec lock records it; cnnspec diff NET.toml@REVISION NET.toml shows more"
)


class Lock(Record):
    """The lock of a spec as it has to be now: its path, its text, and the names of its networks.

    ``changed`` says, network by network, what of the lock that is there this changes; None where
    there is none."""

    path: str
    text: str
    networks: tuple[str, ...]
    changed: tuple[str, ...] | None


def lock(path: str, max_lines: int = MAX_LINES) -> Lock:
    """The lock of the spec in a file, with all its variants. Raises SpecError."""
    spec, notes = read_spec(read_source(path))
    sheets = [
        describe_network(build_variant(spec, notes, name, max_lines=max_lines))
        for name in spec.variants or [""]
    ]
    there = lock_path(path)
    names = tuple(s.network for s in sheets)
    text = written(os.path.basename(path), sheets)
    return Lock(there, text, names, changes(there, text, {s.network: s for s in sheets}))


def changes(path: str, text: str, now: dict[str, NetworkDescription]) -> tuple[str, ...] | None:
    """What a new text changes in a lock: nothing, or a line for each network that is not as it
    was."""
    try:
        before = text_of(path)
        if before is None:
            return None
        if before == text:
            return ()
        known = sections(path, before)
        gone = [f"{visible(name, 60)}: taken out" for name in known if name not in now]
        old = {name: parsed(path, *known[name]) for name in now if name in known}
    except SpecError as error:
        return (f"what was there could not be used: {error.problems[0].message}",)
    found = {name: diff_networks(old[name], now[name]) for name in old}
    return (
        *gone,
        *(
            f"{visible(name, 60)}: "
            + (summarize_diff(found[name]) + totals(found[name]) if name in old else "added")
            for name in now
            if name not in old or not found[name].equal
        ),
    ) or ("written anew",)


def check_locks(graph: Graph, spec: NetworkSpec, config: Config) -> Iterable[Problem]:
    """What is not as the lock beside a spec has it: one network of it, at its own arguments and
    input.

    K001 for each layer that is not as locked, at its line of the spec, and once with the change in
    the totals; K002 for a network that the lock lacks, or has though the spec does not; K003 for a
    lock that cannot be used. Without a lock there is nothing to find, unless the configuration has
    specs ``locked``."""
    path = lock_path(spec.source.name)
    try:
        text = text_of(path)
        known = None if text is None else sections(path, text)
        if known is None:
            message = f"there is no {visible(path)}: specs are locked here"
            where = spec.source.where(("name",))
            return (
                [Problem(where, "K002", message, "cnnspec lock writes it")] if config.locked else []
            )
        return [*strangers(path, known, spec), *drift(path, known, graph, spec)]
    except SpecError as error:
        return error.problems


def strangers(path: str, known: dict[str, tuple[int, str]], spec: NetworkSpec) -> Iterator[Problem]:
    """The networks of a lock that its spec does not have."""
    for name, (line, _) in known.items():
        if name not in (spec.variants or [spec.name]):
            message = (
                f"the lock has a network {visible(name, 60)}, and {visible(spec.source.name)} has"
                " none"
            )
            yield Problem(
                Where(path, line, 1),
                "K002",
                message,
                "if it is gone for good, cnnspec lock takes it out",
            )


def drift(
    path: str, known: dict[str, tuple[int, str]], graph: Graph, spec: NetworkSpec
) -> list[Problem]:
    """Where a network is not what its lock says. Raises SpecError (K003)."""
    notes = ProblemLog(limited=False)
    top: Path = ("variants", graph.name) if graph.name in spec.variants else ("name",)
    call = graph.nodes[0].call
    if graph.name not in known:
        message = f"{visible(path)} has no network {visible(graph.name, 60)}"
        notes.add(spec.source, top, "K002", message, "cnnspec lock records it", call)
        return notes.problems()
    now = describe_network(graph)
    line, text = known[graph.name]
    if text == section(now):
        return []
    found = diff_networks(parsed(path, line, text), now)
    if found.equal and not any(a != b for a, b in found.totals.values()):
        return []
    message = (
        f"{visible(graph.name, 60)} is not what {visible(path)} says:"
        f" {summarize_diff(found)}{totals(found)}"
    )
    notes.add(
        spec.source,
        top,
        "K001",
        message,
        MEANT.replace("NET.toml", visible(spec.source.name)),
        call,
    )
    for node, entry in placed(found, graph):
        keys = [k.partition(".")[0] for k in entry.settings]
        if node.line:
            where = node.line.at(next((k for k in keys if k in node.line.fields), "op"))
            notes.add(node.line.source, where, "K001", layer(entry), "", node.call)
        else:
            own = graph.name in spec.variants and "input" in spec.variants[graph.name].about
            notes.add(spec.source, (*(top if own else ()), "input"), "K001", layer(entry), "", call)
    removed = [
        f"{e.before.name} ({e.before.op})"
        for e in found.entries
        if e.status == REMOVED and e.before
    ]
    if removed:
        more = f" and {len(removed) - MOST} more" if len(removed) > MOST else ""
        names = visible(", ".join(removed[:MOST]), 600)
        notes.add(spec.source, ("layers",), "K001", f"locked, but gone: {names}{more}", "", call)
    return notes.problems()


def placed(found: Diff, graph: Graph) -> Iterator[tuple[Node, Entry]]:
    """The layers that are not as locked, with their nodes; those with other numbers only where
    there are no others."""
    main = {n.row: n for n in reversed(graph.nodes)}
    others = [e for e in found.entries if e.status in (CHANGED, INSERTED, MOVED, RENAMED)]
    follow = [e for e in found.entries if e.status == FOLLOWS][:1]
    yield from ((main[e.after.name], e) for e in others or follow if e.after)


def layer(e: Entry) -> str:
    """What there is to say of a layer that is not as locked."""
    name = visible(e.after.name if e.after else "", 100)
    if e.status == INSERTED:
        return f"{name} is not in the lock: {visible(describe_change(e), 400)}"
    was = visible(e.before.name, 100) if e.renamed and e.before else ""
    parts = [f"it was called {was}"] if was else []
    parts += ["it stands elsewhere"] if e.status == MOVED else []
    return f"{name} is not as locked: " + "; ".join(
        [*parts, *filter(None, [visible(describe_change(e), 400)])]
    )


def totals(found: Diff) -> str:
    """The totals that have changed."""
    pairs = [(UNITS[key], found.totals[key]) for key in TOTALS]
    return "".join(
        [f"; {unit} {describe_numbers(*pair)}" for unit, pair in pairs if pair[0] != pair[1]]
    )


def text_of(path: str) -> str | None:
    """The text of a lock, None where there is none. Raises SpecError (K003)."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise broken(path, 0, f"the lock is no regular file of at most {MAX_BYTES:,} bytes")
        with open(path, "rb") as file:
            return decode_text(path, file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        raise broken(path, 0, f"the lock cannot be read: {reason}") from None
    except SpecError as error:
        raise SpecError([p.replace(rule="K003") for p in error.problems]) from None
