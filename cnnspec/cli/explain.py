"""cnnspec explain: the formulas with the numbers in."""

import click

from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.options import complete_with, network_argument
from cnnspec.cli.output import print_page
from cnnspec.conventions import CONVENTIONS
from cnnspec.report.explain import WRITERS, render_explanations


@click.command(
    cls=Command, name="explain", short_help="The formulas of a layer, with the numbers put in."
)
@network_argument
@click.argument("layer", required=False, default="", shell_complete=complete_with("layers"))
@click.option(
    "--vs",
    type=click.Choice(CONVENTIONS),
    help=(
        "Instead of formulas, what this tool would count, and which operators make the difference."
    ),
)
@click.option(
    "--format", "format_", type=click.Choice(list(WRITERS)), default="text", show_default=True
)
def command(net: Network, layer: str, vs: str | None, format_: str) -> None:
    """Every formula of LAYER (or of all layers) of NAME: with symbols, with the numbers, and the
    value.

    \b
    cnnspec explain alexnet conv2
    cnnspec explain lenet5 --format latex
    cnnspec explain resnet50 --vs fvcore

    LAYER is a row of the table, or a block with all that is in it. Where a size came from an
    argument, the expression is shown."""
    if vs:
        from cnnspec.report.counted import counted

        print_page(counted(net, vs, layer, format_))
        return
    print_page(render_explanations(net, layer, format_))
