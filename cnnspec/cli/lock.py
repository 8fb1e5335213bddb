"""cnnspec lock: record networks, so that cnnspec check notices changes."""

import os

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page, write_pages
from cnnspec.gate.config import load_config
from cnnspec.gate.files import find_specs
from cnnspec.gate.locks import Lock, make_lock
from cnnspec.problems import RequestError, SpecError, visible
from cnnspec.spec.scope import MAX_LINES
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
    configs = {path: load_config(path, {}) for path in given if os.path.isdir(path)}
    excluded = {path: (config.exclude, config.folder) for path, config in configs.items()}
    locks, problems = [], []
    for file, variant in find_specs(given, excluded):
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
            write_pages(os.path.dirname(lock.path) or ".", {os.path.basename(lock.path): lock.text})
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
