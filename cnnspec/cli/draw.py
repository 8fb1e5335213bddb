"""cnnspec draw: the architecture as a picture."""

import click

from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.options import network_argument
from cnnspec.cli.output import check_writable, print_page, save_page
from cnnspec.problems import RequestError, visible


@click.command(cls=Command, name="draw", short_help="Draw the architecture of a network as SVG.")
@network_argument
@click.option(
    "--depth",
    type=click.IntRange(1),
    metavar="N",
    help=(
        "Open blocks N levels deep (1: none)  [default: as deep as a page permits, others in"
        " panels]"
    ),
)
@click.option(
    "--output", metavar="FILE.svg", help="Write into a file instead of to standard output."
)
def command(net: Network, depth: int | None, output: str | None) -> None:
    """Draw the architecture of NAME as SVG: shapes on arrows, equal blocks in a row as xN.

    \b
    cnnspec draw resnet50 --output resnet50.svg
    cnnspec draw unet --depth 3 > unet.svg
    cnnspec draw my_network.toml --set classes=10 --output my_network.svg

    A letter on a folded block refers to the panel that shows the inside of such blocks, with the
    channels and strides of the block named there. Along a dashed arrow only the size is read. A
    pointer on a box shows its parameters and MACs. Shapes are channels first, without the batch.
    """
    if output is not None:
        if not output.lower().endswith(".svg"):
            raise RequestError(f"--output writes a file.svg, not {visible(output, 60)!r}")
        check_writable(output)
        save_page(output, net.draw(depth))
    else:
        print_page(net.draw(depth))
