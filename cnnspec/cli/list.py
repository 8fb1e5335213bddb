"""cnnspec list: the networks of the zoo."""

import click

from cnnspec.api import load_zoo, networks
from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page
from cnnspec.problems import RequestError, visible
from cnnspec.report.network_list import render_network_list
from cnnspec.report.presets import FORMATS


@click.command(cls=Command, name="list", short_help="List the networks of the zoo.")
@click.argument("pattern", required=False, default="")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
def command(pattern: str, format_: str) -> None:
    """List the networks of the zoo whose name contains PATTERN, with parameters and MACs.

    \b
    cnnspec list
    cnnspec list vgg --format markdown
    """
    if not any(pattern.lower() in name for variants in networks().values() for name in variants):
        raise RequestError(
            f"no network's name contains {visible(pattern, 60)!r}; cnnspec list shows them all"
        )
    print_page(render_network_list(load_zoo(pattern.lower()), format_))
