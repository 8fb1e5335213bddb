"""cnnspec compare: networks side by side."""

import click

from cnnspec.api import compare, load, load_zoo
from cnnspec.cli.command import Command
from cnnspec.cli.comparison_options import comparison_options, split_columns
from cnnspec.cli.memory_options import memory_options
from cnnspec.cli.options import (
    complete_with,
    network_options,
    parse_settings,
    parse_shape,
    print_input_notes,
    strict_input_option,
)
from cnnspec.cli.output import print_page
from cnnspec.conventions import CONVENTIONS
from cnnspec.problems import RequestError
from cnnspec.report.presets import FORMATS


@click.command(cls=Command, name="compare", short_help="Compare networks side by side.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_with("networks"))
@click.option("--all", "whole", is_flag=True, help="Compare every network of the zoo.")
@memory_options
@click.option(
    "--convention",
    multiple=True,
    type=click.Choice(CONVENTIONS),
    help="Add a column with this tool's count.",
)
@comparison_options
@click.option("--across", is_flag=True, help="Show a column per network instead of a row.")
@network_options
@strict_input_option
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
def command(
    names: tuple[str, ...],
    whole: bool,
    batch: int,
    dtype: str,
    optimizer: str,
    convention: tuple[str, ...],
    sort: str,
    filters: tuple[str, ...],
    columns: str | None,
    digits: int,
    exact: bool,
    across: bool,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    strict_input: bool,
    format_: str,
) -> None:
    """Compare NAMEs side by side: parameters, MACs, activations, memory, depth, receptive field.

    \b
    cnnspec compare resnet50 efficientnet_b0
    cnnspec compare vgg16 resnet50 --batch 64 --optimizer adam --sort macs
    cnnspec compare --all --filter 'params < 10M' --sort -macs
    cnnspec compare vgg16 resnet50 --convention fvcore --convention thop
    cnnspec compare vgg16 resnet50 --columns network,weights,intensity

    Depth is the largest number of layers with weights on one path. Memory is predicted, as cnnspec
    memory does in more detail.
    """
    if whole == bool(names):
        raise RequestError(
            "give names, or --all for every network of the zoo"
            if whole
            else "give names or files, or --all; cnnspec list shows the networks of the zoo"
        )
    if whole and (settings or input_shape):
        raise RequestError("--set and --input go with names, not with --all")
    shape, given = parse_shape(input_shape), parse_settings(settings)
    nets = (
        [*load_zoo()]
        if whole
        else [
            load(n, input=shape, max_lines=max_lines, strict_input=strict_input, **given)
            for n in names
        ]
    )
    print_input_notes([net.graph for net in nets])
    found = compare(
        nets,
        batch=batch,
        dtype=dtype,
        optimizer=optimizer,
        conventions=convention,
        columns=split_columns(columns),
        sort=sort,
        filters=filters,
    )
    print_page(found.render(format_, exact, across, digits))
