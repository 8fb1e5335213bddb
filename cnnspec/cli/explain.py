"""cnnspec explain: the formulas of layers with numbers."""

import click

from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.options import complete_with, network_argument
from cnnspec.cli.output import print_page
from cnnspec.conventions import CONVENTIONS
from cnnspec.report.explain import WRITERS, render_explanations


@click.command(
    cls=Command, name="explain", short_help="Print the formulas of a layer with numbers."
)
@network_argument
@click.argument("layer", required=False, default="", shell_complete=complete_with("layers"))
@click.option(
    "--vs",
    type=click.Choice(CONVENTIONS),
    help=(
        "Print what this tool would count, and which operators make the difference, instead of"
        " formulas."
    ),
)
@click.option(
    "--format", "format_", type=click.Choice(list(WRITERS)), default="text", show_default=True
)
def command(net: Network, layer: str, vs: str | None, format_: str) -> None:
    """Print the formulas of LAYER, or of all layers, of NAME: with symbols, numbers and value.

    \b
    cnnspec explain alexnet conv2
    cnnspec explain lenet5 --format latex
    cnnspec explain resnet50 --vs fvcore

    LAYER is a row of the table, a node, or a block with everything in it. For a size that comes
    from an argument, the expression is shown. A legend of the symbols follows."""
    if vs:
        from cnnspec.report.counted import render_convention_gap

        print_page(render_convention_gap(net, vs, layer, format_))
        return
    print_page(render_explanations(net, layer, format_))
