"""cnnspec export: a network as the source of a PyTorch module, and proof that it is the same."""

import os
import sys
from typing import Any

import click

from cnnspec.cli.command import Command
from cnnspec.cli.options import (
    complete_with,
    network_options,
    parse_settings,
    parse_shape,
    print_input_notes,
    strict_input_option,
)
from cnnspec.cli.output import check_writable, print_page, save_page
from cnnspec.graph.build import load_graph
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, visible


@click.command(cls=Command, name="export", short_help="Write a network as PyTorch source.")
@click.argument("name", shell_complete=complete_with("networks"))
@network_options
@strict_input_option
@click.option(
    "--to",
    "target",
    type=click.Choice(["pytorch"]),
    required=True,
    help="What to write: pytorch is a Python file that needs PyTorch alone.",
)
@click.option(
    "--output",
    metavar="FILE.py",
    help="Write into a file instead of to standard output.",
)
@click.option("--force", is_flag=True, help="Replace FILE.py if it exists.")
@click.option(
    "--no-check",
    "unchecked",
    is_flag=True,
    help="Do not run the result to compare it with the spec; this needs no PyTorch.",
)
def command(
    name: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    strict_input: bool,
    target: str,
    output: str | None,
    force: bool,
    unchecked: bool,
) -> None:
    """Write the network NAME as source with one class for each block of the spec.

    \b
    cnnspec export resnet18 --to pytorch --output resnet18.py
    cnnspec export lenet5 --to pytorch
    cnnspec export my_network.toml --to pytorch --set classes=20

    python resnet18.py prints the shapes of the outputs and the number of parameters.

    The file has a class for the network, and a function that makes it with the default number of
    classes. The names of its weights are those of the spec's layers, so it loads the state_dict of
    what Network.build gives. Then it is run with random weights, in inference and in training:
    tensors and outputs must be those of the spec, within 1e-9 in float64. A file that differs is
    not written.

    Exit codes: 0 the file is written, 1 it differs, 2 the request cannot be understood or the
    network cannot be exported."""
    from cnnspec.exporting.pytorch.write_file import write_pytorch

    if output:
        check_writable(output)
        if os.path.exists(output) and not force:
            raise RequestError(f"{visible(output)} exists; --force replaces it")
    shape, given = parse_shape(input_shape), parse_settings(settings)

    def load(more: dict[str, Any]) -> Graph:
        return load_graph(name, {**given, **more}, shape, max_lines, strict_input)

    source = write_pytorch(load)
    print_input_notes([source.graph])
    if not unchecked:
        check(source)
    if output:
        save_page(output, source.text.removesuffix("\n"))
    else:
        print_page(source.text.removesuffix("\n"))


def check(source: Any) -> None:
    """Compare the source with its spec. Exits with 1 where they differ."""
    try:
        from cnnspec.pytorch.check_export import check_export
    except ImportError:
        raise RequestError(
            "the check of an export needs PyTorch: pip install 'cnnspec[verify]', or --no-check"
        ) from None
    found = check_export(source.graph, source.text, source.function)
    if found.differences:
        lines = "\n".join(f"  {line}" for line in found.differences[:20])
        click.echo(f"cnnspec: the source differs from the spec:\n{lines}", err=True)
        sys.exit(1)
    click.echo(
        f"cnnspec: {found.tensors} tensors are equal, and outputs differ by at most"
        f" {found.largest:.1g} in inference and training (float64)",
        err=True,
    )
