"""The command line. One file a command; a command's module is imported only when it runs."""

import sys
from importlib import import_module
from typing import Any

import click

from cnnspec import __version__
from cnnspec.cli.command import Command
from cnnspec.problems import RequestError, SpecError

COMMANDS = (
    "table",
    "explain",
    "draw",
    "list",
    "compare",
    "memory",
    "audit",
    "check",
    "lock",
    "diff",
    "sizes",
    "report",
    "new",
    "schema",
    "verify",
    "docs",
)


class Commands(Command, click.Group):
    """The group of all commands, found by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # cnnspec.cli.list, once imported, is what list means here

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"cnnspec.cli.{name}").command
        return command


def print_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"cnnspec, version {__version__}")
        ctx.exit()


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=print_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Convolutional networks as fact sheets: shapes, parameters, MACs and receptive fields from one
    TOML spec.

    \b
    cnnspec list                          the networks there are
    cnnspec table alexnet                 the per-layer table
    cnnspec explain alexnet conv2         the formulas with the numbers in
    cnnspec table my_network.toml         the same for your own
    cnnspec compare vgg16 resnet50        networks side by side
    cnnspec draw resnet50 --output r.svg  its architecture as a picture
    cnnspec verify resnet50               its PyTorch twin against the calculation
    cnnspec check specs/                  the gate: what is wrong with specs
    cnnspec audit                         published figures, right or wrong

    With eval "$(_CNNSPEC_COMPLETE=bash_source cnnspec)" (or zsh_source), shells complete commands,
    networks and layers.

    Exit codes: 0 all well, 1 a verdict or a check fails, 2 the request or a spec cannot be
    understood."""


def run() -> Any:
    """Run the command line; problems go to standard error, never as a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return cli()
    except (SpecError, RequestError) as error:
        click.echo(f"cnnspec: {error}" if isinstance(error, RequestError) else str(error), err=True)
        return sys.exit(2)
