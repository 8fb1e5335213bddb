"""cnnspec lsp: the language server, which editors start."""

import gc
import sys

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_note


@click.command(cls=Command, name="lsp", short_help="The language server for editors.")
def command() -> None:
    """Answer an editor on standard input and output, in the Language Server Protocol.

    \b
    cnnspec lsp

    An editor starts this command and shows, while a spec is written, the output shape and the costs
    of each line, findings with fixes, formulas, and what can be written. It also finds definitions
    and references, renames layers and formats tables. .github/editors/ of the source has an
    extension for VS Code and settings for Neovim, Helix and Zed.

    It needs pygls: pip install 'cnnspec[editor]'."""
    from cnnspec.problems import RequestError

    try:
        from cnnspec.cli.lsp_server import make_server
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        message = "the language server needs pygls: pip install 'cnnspec[editor]'"
        raise RequestError(message) from None
    if sys.stdin.isatty():
        print_note("this is a language server: an editor starts it; Ctrl-C ends it")
    gc.enable()  # commands that end soon need no collection of garbage
    make_server().start_io()
