"""cnnspec import: write the spec of a PyTorch model or a model file, and prove it."""

import os
import sys
from typing import Any

import click

from cnnspec.cli.command import Command
from cnnspec.cli.options import factory_argument_option, parse_settings, parse_sizes
from cnnspec.cli.output import check_writable, print_page, save_page
from cnnspec.cli.verify import printing_to_stderr
from cnnspec.problems import RequestError


@click.command(cls=Command, name="import", short_help="Write the spec of a model.")
@click.argument("source")
@click.option(
    "--input",
    "input_shapes",
    multiple=True,
    metavar="C,H,W",
    help="The shape of an input, channels first; again for each further input.",
)
@click.option("--name", metavar="NAME", help="The name of the network (default: the model's).")
@factory_argument_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE.toml",
    help="Write the spec into a file instead of printing it.",
)
@click.option(
    "--partial",
    is_flag=True,
    help="Write the part before a call that no operator can express, or a spec that is not proven.",
)
def command(
    source: str,
    input_shapes: tuple[str, ...],
    name: str | None,
    arguments: tuple[str, ...],
    output: str | None,
    partial: bool,
) -> None:
    """Write the spec of the model that SOURCE makes, or of a file, and compare it with the model.

    \b
    cnnspec import torchvision:resnet50
    cnnspec import timm:resnetv2_50 --output resnetv2_50.toml
    cnnspec import my_package.models:Net --arg classes=10 --input 3,32,32
    cnnspec import my_package/models.py:Net --arg classes=10 --input 3,32,32
    cnnspec import model.onnx
    cnnspec import model.keras
    cnnspec import yolov3.cfg
    cnnspec import deploy.prototxt

    The model is built without weights and without a connection. It runs in inference and in
    training; the spec is then compared with it, layer by layer, as cnnspec verify --model does.
    The verdict goes to standard error. A spec that is not proven is not written.

    A file is recognised by its content. An ONNX file and its spec run with the same random weights,
    and their outputs are compared; that needs pip install 'cnnspec[onnx]'. A file of Keras 3 is
    read, but not run, and so are a cfg file of Darknet and a prototxt of Caffe: compare the counts
    with those of these libraries.

    Exit codes: 0 the spec is written and equals the model, 1 it differs, or a call of the model
    cannot be written in a spec, 2 the request cannot be understood."""
    if output:
        check_writable(output)
    shapes = tuple(map(parse_sizes, input_shapes))
    try:
        with printing_to_stderr():
            found = import_source(source, parse_settings(arguments, "--arg"), shapes, name, partial)
    except KeyboardInterrupt:
        click.echo("cnnspec: interrupted", err=True)
        sys.exit(130)
    report(found, output, partial)


def import_source(
    source: str,
    arguments: dict[str, Any],
    shapes: tuple[tuple[int, ...], ...],
    name: str | None,
    partial: bool,
) -> Any:
    """Import the model or the file that a source names. Exits with 1 where calls have no operator.

    Raises RequestError."""
    from cnnspec.importing.canonical.canonicalize import UnsupportedModel
    from cnnspec.importing.import_file import import_model_file
    from cnnspec.importing.import_pytorch import import_named_source

    try:
        if os.path.isfile(source):
            if arguments:
                raise RequestError("--arg is an argument of a factory; a model file takes none")
            return import_model_file(source, shapes, name or "", partial)
        return import_named_source(source, arguments, shapes, name or "", partial)
    except UnsupportedModel as error:
        click.echo(f"cnnspec: {error}", err=True)
        sys.exit(1)


def report(found: Any, output: str | None, partial: bool) -> None:
    """Print the verdict, and write the spec if it is proven. Exits with 0 or 1."""
    from cnnspec.report.verdicts.readable import verdict_text

    for note in found.notes:
        click.echo(f"cnnspec: note: {note}", err=True)
    if found.verdict is not None:
        click.echo(verdict_text(found.verdict), err=True)
    else:
        lines = "\n".join(f"  {line}" for line in found.unsupported)
        click.echo(f"cnnspec: not proven, as only a part is written; missing:\n{lines}", err=True)
    proven = bool(found.verdict)
    if not proven and not partial:
        click.echo("cnnspec: a spec that differs is not written; --partial writes it", err=True)
        sys.exit(1)
    if output:
        save_page(output, found.text.removesuffix("\n"))
    else:
        print_page(found.text.removesuffix("\n"))
    sys.exit(0 if proven else 1)
