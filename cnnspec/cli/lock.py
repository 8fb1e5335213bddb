"""cnnspec lock: record what networks are, for check to hold them to it."""

import os

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import replace, show
from cnnspec.gate.config import config_of
from cnnspec.gate.files import specs
from cnnspec.gate.locks import Lock, lock
from cnnspec.problems import RequestError, SpecError, visible
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.zoo import HERE
from cnnspec.units import format_plural


@click.command(
    cls=Command, name="lock", short_help="Record what networks are, for check to hold them to it."
)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--max-lines",
    default=MAX_LINES,
    show_default=True,
    type=click.IntRange(1),
    help="The most lines that a network may have once its blocks are unrolled.",
)
def command(paths: tuple[str, ...], max_lines: int) -> None:
    """Write the lock of each spec beside it: net.lock for net.toml, with every layer of every
    variant on a line.

    \b
    cnnspec lock                           all specs in this folder and below
    cnnspec lock specs/net.toml

    From then on cnnspec check fails where a network is not what its lock says, layer by layer.
    Commit locks with the specs: a change of an architecture then shows in the review, whatever file
    or argument it comes from. Nothing is written unless all specs can be locked."""
    files = []
    given = paths or (".",)
    configs = {path: config_of(path, {}) for path in given if os.path.isdir(path)}
    for file, variant in specs(
        list(given), {path: (c.exclude, c.folder) for path, c in configs.items()}
    ):
        if variant:
            raise RequestError(f"a lock holds all networks of a file: cnnspec lock {visible(file)}")
        if os.path.abspath(file).startswith(HERE + os.sep):
            raise RequestError(
                f"{visible(file)} belongs to cnnspec itself: lock a copy of your own"
            )
        files.append(file)
    locks, problems = [], []
    for file in files:
        try:
            locks.append(lock(file, max_lines))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    for made in locks:
        if made.changed != ():
            replace(os.path.dirname(made.path) or ".", {os.path.basename(made.path): made.text})
    show("\n".join(line for made in locks for line in told(made)))


def told(made: Lock) -> list[str]:
    """What became of a lock, and of its networks where that is not the same."""
    number = format_plural(len(made.networks), "network")
    what = "new" if made.changed is None else "as it was" if made.changed == () else "renewed"
    return [
        f"{visible(made.path)}: {number}, {what}",
        *(f"  {line}" for line in made.changed or ()),
    ]
