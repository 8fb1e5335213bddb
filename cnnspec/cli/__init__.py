"""The command line: one file per command, imported only when the command runs."""

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
    """The group of all commands. A command is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # not list(COMMANDS): here list is the module, once it is imported

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"cnnspec.cli.{name}").command
        return command


def print_version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """Print the version and exit."""
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
    """Shapes, parameters, MACs, memory and receptive fields of CNNs, from one TOML spec each.

    \b
    cnnspec list                          the networks of the zoo
    cnnspec table alexnet                 the per-layer table
    cnnspec explain alexnet conv2         the formulas with numbers
    cnnspec table my_network.toml         the table of your own network
    cnnspec compare vgg16 resnet50        networks side by side
    cnnspec draw resnet50 --output r.svg  the architecture as a picture
    cnnspec verify resnet50               compare the spec with PyTorch
    cnnspec check specs/                  find errors and doubtful lines
    cnnspec audit                         check published figures
    cnnspec docs                          language, operators and rules

    With eval "$(_CNNSPEC_COMPLETE=bash_source cnnspec)" (or zsh_source), the shell completes
    commands, networks and layers.

    Exit codes: 0 success, 1 a verdict or a check fails, 2 the request or a spec cannot be
    understood."""


def run() -> Any:
    """Run the command line. Problems are printed to standard error, not raised."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return cli()
    except (SpecError, RequestError) as error:
        click.echo(f"cnnspec: {error}" if isinstance(error, RequestError) else str(error), err=True)
        return sys.exit(2)
