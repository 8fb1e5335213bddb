"""cnnspec verify: compare a network with PyTorch, with references and with a user's model."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click

from cnnspec.analyses.verdict import DEVICES
from cnnspec.cli.command import Command
from cnnspec.cli.options import (
    complete_with,
    factory_argument_option,
    network_options,
    parse_settings,
    parse_shape,
    print_input_notes,
    strict_input_option,
)
from cnnspec.cli.output import check_writable, print_page, save_page
from cnnspec.cli.verify_several import (
    MISSING,
    VerifyOptions,
    asks_for_several,
    verify_several,
)
from cnnspec.problems import RequestError
from cnnspec.report.presets import VERDICTS
from cnnspec.spec.variants import LIBRARIES


@click.command(
    cls=Command, name="verify", short_help="Compare networks with PyTorch and with other models."
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_with("networks"))
@click.option("--all", "whole", is_flag=True, help="Verify every network of the zoo.")
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    default="auto",
    show_default=True,
    help="auto: CUDA if there is a CUDA device, else the CPU; meta: shapes only, quickly.",
)
@click.option(
    "--against",
    "libraries",
    multiple=True,
    type=click.Choice(LIBRARIES),
    help=(
        "Compare with the model of a library that the spec names as its reference: tensors,"
        " outputs, and values after each layer."
    ),
)
@click.option(
    "--model",
    metavar="PACKAGE.MODULE:FACTORY",
    help="Compare, call by call, with the model that your class or function makes.",
)
@factory_argument_option
@click.option(
    "--models",
    is_flag=True,
    help="Compare each spec with the model that its table [model] names; this imports their code.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Let a model with other calls fail, even if it computes the same.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=2016,
    show_default=True,
    help="Draws the weights and the inputs on which a model is compared.",
)
@click.option(
    "--memory",
    is_flag=True,
    help="Also measure the memory saved for the backward pass and both peaks, on the CPU or CUDA.",
)
@network_options
@strict_input_option
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Verify several networks in this many processes (default: one for each CPU, one on CUDA).",
)
@click.option("--format", "format_", type=click.Choice(VERDICTS), default="text", show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the report to FILE in the chosen format, and print it as text.",
)
def command(
    names: tuple[str, ...],
    whole: bool,
    libraries: tuple[str, ...],
    model: str | None,
    arguments: tuple[str, ...],
    models: bool,
    jobs: int | None,
    format_: str,
    output: str | None,
    **rest: Any,
) -> None:
    """Build the PyTorch module of each NAME, run it, and compare it with the calculation.

    NAME is a network, a file, FILE.toml:variant, or a folder: every variant of its specs.

    \b
    cnnspec verify resnet50
    cnnspec verify resnet50 --against torchvision
    cnnspec verify resnet50 --memory
    cnnspec verify my_network.toml --model my_package.models:Net --arg classes=10
    cnnspec verify specs/ --models
    cnnspec verify --all --format junit --output verify.xml

    Compares the shape, the tensors and the MACs of every layer; two tools count the MACs. To
    compare with another model, cnnspec copies its weights into the built module; both must then
    give the same values in float64, layer by layer, and the same gradients. A model whose calls
    differ passes where it computes the same; the report then lists these calls as notes.

    Exit codes: 0 all passed, 1 something differs or could not be compared, 2 the request or a spec
    cannot be understood."""
    check_options(names, whole, model, arguments, models, rest)
    if output:
        check_writable(output)
    options = VerifyOptions(libraries=tuple(dict.fromkeys(libraries)), **rest)
    several = asks_for_several(names, whole, models)
    try:
        with printing_to_stderr():
            if several:
                found = verify_several(names, options, jobs, models)
            else:
                found = [verify_one(names[0], options, model, arguments)]
    except KeyboardInterrupt:
        click.echo("cnnspec: interrupted", err=True)
        sys.exit(130)
    from cnnspec.report.verdicts.data import render_verdicts

    if output:
        save_page(output, render_verdicts(found, format_, several))
    print_page(render_verdicts(found, "text" if output else format_, several))
    sys.exit(0 if all(found) else 1)


def check_options(
    names: tuple[str, ...],
    whole: bool,
    model: str | None,
    arguments: tuple[str, ...],
    models: bool,
    rest: dict[str, Any],
) -> None:
    """Raise RequestError for options that cannot be combined."""
    if whole and names:
        raise RequestError("--all is every network of the zoo: give names, or --all")
    if whole and (rest["settings"] or rest["input_shape"]):
        raise RequestError("--set and --input go with names, not with --all")
    if not whole and not names:
        raise RequestError(
            "which network? Give a name, a file.toml, or --all; cnnspec list shows all networks"
        )
    if models and (whole or model):
        other = "--all" if whole else "--model"
        raise RequestError(f"--models is for specs that name their model, not with {other}")
    if model and asks_for_several(names, whole, False):
        raise RequestError("--model goes with one network")
    if arguments and not model:
        raise RequestError("--arg goes with --model")


@contextmanager
def printing_to_stderr() -> Iterator[None]:
    """Send to stderr what a model prints to stdout, so that a report there stays readable."""
    sys.stdout.flush()
    try:
        own = os.dup(1)
        os.dup2(2, 1)  # also what processes and compiled code print
    except OSError:
        own = None
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if own is not None:
            os.dup2(own, 1)
            os.close(own)


def verify_one(
    name: str, options: VerifyOptions, model: str | None, arguments: tuple[str, ...]
) -> Any:
    """Return the verdict on one network, from this process."""
    from cnnspec.api import load, verify

    net = load(
        name,
        input=parse_shape(options.input_shape),
        max_lines=options.max_lines,
        strict_input=options.strict_input,
        **parse_settings(options.settings),
    )
    print_input_notes([net.graph])
    given = parse_settings(arguments, "--arg")
    loaded = None
    if model:
        try:
            from cnnspec.pytorch.load_models import load_user_model
        except ImportError:
            raise RequestError(MISSING) from None
        loaded = load_user_model(model, given)
    return verify(
        net,
        loaded,
        options.device,
        options.libraries,
        model or "",
        options.memory,
        options.strict,
        options.seed,
    )
