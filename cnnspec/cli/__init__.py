"""The command line: one file per command, imported only when the command runs."""

import os
import sys
from importlib import import_module
from keyword import iskeyword

import click

from cnnspec import __version__
from cnnspec.cli.command import Command
from cnnspec.cli.output import print_error, print_note, silence_output
from cnnspec.problems import RequestError, SpecError, visible

INTERRUPTED = 130

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
    "solve",
    "sweep",
    "report",
    "new",
    "schema",
    "verify",
    "import",
    "export",
    "docs",
    "lsp",
    "site",
)


class Commands(Command, click.Group):
    """The group of all commands. A command is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]  # not list(COMMANDS): here list is the module, once it is imported

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = f"{name}_" if iskeyword(name) else name
        command: click.Command = import_module(f"cnnspec.cli.{module}").command
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
    cnnspec solve window --input 224 --output 28
                                          windows that give a size
    cnnspec draw resnet50 --output r.svg  the architecture as a picture
    cnnspec verify resnet50               compare the spec with PyTorch
    cnnspec import torchvision:resnet50   the spec of a PyTorch model
    cnnspec export resnet50 --to pytorch  the PyTorch source of a network
    cnnspec check specs/                  find errors and doubtful lines
    cnnspec audit                         check published figures
    cnnspec docs                          language, operators and rules

    With eval "$(_CNNSPEC_COMPLETE=bash_source cnnspec)" (or zsh_source), the shell completes
    commands, networks and layers.

    Exit codes: 0 success, 1 a verdict or a check fails, 2 the request or a spec cannot be
    understood, 130 interrupted."""
    from cnnspec.files import FILES_READ
    from cnnspec.spec.source import read_stdin

    FILES_READ.clear()  # of an earlier command in this process
    read_stdin.cache_clear()


def run() -> int:
    """Run the command line and return the exit code. Problems are printed, not raised."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        # Without standalone_mode, click leaves Ctrl-C and errors to us.
        code = cli(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        print_error(format_usage_error(error))
        return error.exit_code
    except SpecError as error:
        print_error(str(error))
    except RequestError as error:
        print_note(str(error))
    except MemoryError:
        print_note("there is not enough memory")
    except BrokenPipeError:  # the reader, such as head, has stopped
        return silence_output()
    except OSError as error:
        silence_output()
        file = f"{visible(os.fsdecode(error.filename))}: " if error.filename else ""
        print_note(f"{file}{error.strerror or type(error).__name__}")
    except click.Abort:
        print_note("interrupted")
        return INTERRUPTED
    return 2


def format_usage_error(error: click.ClickException) -> str:
    """Return click's message about a command line: usage, hint and error."""
    from io import StringIO

    page = StringIO()
    error.show(page)
    return page.getvalue().rstrip("\n")
