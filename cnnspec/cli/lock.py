"""cnnspec lock: record networks, so that cnnspec check notices changes."""

import os

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_note, print_page
from cnnspec.files import write_file
from cnnspec.gate.files import collect_specs
from cnnspec.gate.locks import Lock, make_lock
from cnnspec.problems import RequestError, SpecError, visible
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import STDIN
from cnnspec.spec.zoo import HERE
from cnnspec.units import format_plural


@click.command(
    cls=Command, name="lock", short_help="Record networks, so that check notices changes."
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--max-lines",
    default=MAX_LINES,
    show_default=True,
    type=click.IntRange(1),
    help="Maximum number of lines of a network once its blocks are expanded.",
)
def command(paths: tuple[str, ...], max_lines: int) -> None:
    """Write a lock beside each spec: net.lock for net.toml, one line per layer of each variant.

    \b
    cnnspec lock                           all specs in this folder and below
    cnnspec lock specs/net.toml

    From then on, cnnspec check fails if a network differs from its lock, and names the layers.
    Commit locks with the specs: then a review shows every change of an architecture, whichever file
    or argument it comes from. If a spec has an error, no lock is written."""
    given = list(paths or (".",))
    collected = collect_specs(given)
    print_note(collected.note)
    locks, problems = [], []
    for file, variant in collected.specs:
        if file == STDIN:
            raise RequestError("a lock lies beside its spec: name a file, not -")
        if variant:
            raise RequestError(
                f"a lock records all networks of a file: cnnspec lock {visible(file)}"
            )
        if os.path.abspath(file).startswith(HERE + os.sep):
            raise RequestError(f"{visible(file)} belongs to cnnspec itself: lock a copy of it")
        try:
            locks.append(make_lock(file, max_lines))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    for lock in locks:
        if lock.changes != ():
            write_file(lock.path, lock.text)
    print_page("\n".join(line for lock in locks for line in describe_lock(lock)))


def describe_lock(lock: Lock) -> list[str]:
    """Return what was done with a lock, and which of its networks changed."""
    status = "updated"
    if lock.changes is None:
        status = "new"
    elif not lock.changes:
        status = "unchanged"
    networks = format_plural(len(lock.networks), "network")
    changes = [f"  {line}" for line in lock.changes or ()]
    return [f"{visible(lock.path)}: {networks}, {status}", *changes]
