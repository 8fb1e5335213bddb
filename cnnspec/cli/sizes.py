"""cnnspec sizes: which sizes of its input a network takes."""

import click

from cnnspec.analyses.input_sizes import LARGEST, Varied, find_input_sizes
from cnnspec.cli.command import Command
from cnnspec.cli.options import complete_with, network_options, parse_settings, parse_shape
from cnnspec.cli.output import print_page
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.build import load_graph
from cnnspec.report.sizes import data, text


@click.command(cls=Command, name="sizes", short_help="Which sizes of its input a network takes.")
@click.argument("name", shell_complete=complete_with("networks"))
@network_options
@click.option(
    "--up-to",
    metavar="N",
    type=click.IntRange(1, LARGEST),
    help="The largest size to try.  [default: 512, or its own, up to 2048]",
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
    """The smallest size that NAME takes and what refuses below it; the sizes that it accepts with
    the parameters it has; and those that all strides read to the last pixel.

    \b
    cnnspec sizes alexnet
    cnnspec sizes unet --up-to 1024
    cnnspec sizes resnet50 --input '3,*,640'

    All of height and width vary together; --input has a * for what varies, and a number for what
    does not."""
    graph = load_graph(name, parse_settings(settings), None, max_lines)
    with garbage_collection_paused():
        found = find_input_sizes(graph, varied_from(input_shape), up_to)
    print_page(data(found) if format_ == "json" else text(found))


def varied_from(given: str | None) -> Varied | None:
    """The shape in ``3,*,640``, None for each ``*``. Raises RequestError."""
    if given is None:
        return None
    parts = [part.strip() for part in given.replace("x", ",").split(",")]
    numbers = parse_shape(",".join(["1" if part == "*" else part for part in parts])) or ()
    return tuple([None if part == "*" else n for part, n in zip(parts, numbers, strict=True)])
