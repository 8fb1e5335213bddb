"""cnnspec sizes: find the input sizes that a network accepts."""

import click

from cnnspec.analyses.input_sizes import LARGEST, Varied, find_input_sizes
from cnnspec.cli.command import Command
from cnnspec.cli.options import complete_with, network_options, parse_settings, parse_sizes
from cnnspec.cli.output import print_page
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.build import load_graph
from cnnspec.report.sizes import render_sizes_json, render_sizes_text


@click.command(cls=Command, name="sizes", short_help="Find the input sizes that a network accepts.")
@click.argument("name", shell_complete=complete_with("networks"))
@network_options
@click.option(
    "--up-to",
    metavar="N",
    type=click.IntRange(1, LARGEST),
    help="Largest size to try.  [default: 512, or the network's own, up to 2048]",
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(
    name: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    up_to: int | None,
    format_: str,
) -> None:
    """Find the input sizes that NAME accepts with the parameters it has.

    Also printed are the smallest size with the layer that needs it, and the sizes of which every
    stride reads the last pixel.

    \b
    cnnspec sizes alexnet
    cnnspec sizes unet --up-to 1024
    cnnspec sizes resnet50 --input '3,*,640'

    Height and width vary together. In --input, * marks a dimension that varies; a number fixes
    it."""
    graph = load_graph(name, parse_settings(settings), None, max_lines)
    with garbage_collection_paused():
        found = find_input_sizes(graph, parse_varied(input_shape), up_to)
    print_page(render_sizes_json(found) if format_ == "json" else render_sizes_text(found))


def parse_varied(given: str | None) -> Varied | None:
    """Return the shape in ``3,*,640`` with None for each ``*``. Raises RequestError."""
    if given is None:
        return None
    parts = [part.strip() for part in given.replace("x", ",").split(",")]
    numbers = parse_sizes(",".join(["1" if part == "*" else part for part in parts]))
    return tuple([None if part == "*" else n for part, n in zip(parts, numbers, strict=True)])
