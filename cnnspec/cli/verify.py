"""cnnspec verify: the twin against the calculation, and against other models."""

import os
import sys
from typing import Any

import click

from cnnspec.analyses.verdict import DEVICES
from cnnspec.cli.command import Command
from cnnspec.cli.options import complete_with, network_options, parse_settings, parse_shape
from cnnspec.cli.output import check_writable, print_page, save_page
from cnnspec.problems import RequestError
from cnnspec.report.presets import VERDICTS
from cnnspec.spec.references import LIBRARIES


@click.command(
    cls=Command, name="verify", short_help="The PyTorch twin against calculation and references."
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_with("networks"))
@click.option("--all", "whole", is_flag=True, help="Every network of the zoo.")
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    default="auto",
    show_default=True,
    help="auto is CUDA where there is a device, else the CPU; meta takes neither time nor memory.",
)
@click.option(
    "--against",
    "libraries",
    multiple=True,
    type=click.Choice(LIBRARIES),
    help=(
        "Compare with the spec's reference in a library: tensors, outputs, and values after each"
        " layer."
    ),
)
@click.option(
    "--model",
    metavar="PACKAGE.MODULE:FACTORY",
    help="Compare with the model that a class or function of yours makes, call by call.",
)
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="NAME=VALUE",
    help="An argument for the factory: a number, true, a TOML list, or text.",
)
@click.option(
    "--memory",
    is_flag=True,
    help="Also measure what is kept for the backward pass and both peaks, on the CPU or on CUDA.",
)
@network_options
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help=(
        "How many processes measure several networks; default: as many "
        "as there are CPUs, or one on CUDA."
    ),
)
@click.option("--format", "format_", type=click.Choice(VERDICTS), default="text", show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the report into FILE; what is printed then is text.",
)
def command(
    names: tuple[str, ...],
    whole: bool,
    libraries: tuple[str, ...],
    model: str | None,
    arguments: tuple[str, ...],
    jobs: int | None,
    format_: str,
    output: str | None,
    **rest: Any,
) -> None:
    """Build the PyTorch twin of each NAME, run it, and hold what it is against what is calculated.

    \b
    cnnspec verify resnet50
    cnnspec verify resnet50 --against torchvision
    cnnspec verify resnet50 --memory
    cnnspec verify my_network.toml --model my_package.models:Net --arg classes=10
    cnnspec verify --all --format junit --output verify.xml

    Compared are the shape, the tensors and the MACs of every layer, by two counters. Against
    another model, its weights are moved into the twin, and both must give the same in float64,
    layer by layer.

    Exit codes: 0 all passed, 1 something differs or could not be compared, 2 the request or a spec
    cannot be understood."""
    check(names, whole, model, arguments, rest)
    if output:
        check_writable(output)
    libraries = tuple(dict.fromkeys(libraries))
    several = whole or len(names) > 1
    try:
        found = (
            many(names, libraries, jobs, **rest)
            if several
            else [single(names[0], libraries, model, arguments, **rest)]
        )
    except KeyboardInterrupt:
        click.echo("cnnspec: interrupted", err=True)
        sys.exit(130)
    from cnnspec.report.verdicts.pages import written

    if output:
        save_page(output, written(found, format_, several))
    print_page(written(found, "text" if output else format_, several))
    sys.exit(0 if all(found) else 1)


def check(
    names: tuple[str, ...],
    whole: bool,
    model: str | None,
    arguments: tuple[str, ...],
    rest: dict[str, Any],
) -> None:
    """Raises RequestError for options that do not go together."""
    if whole and names:
        raise RequestError("--all is every network of the zoo: give names, or --all")
    if whole and (rest["settings"] or rest["input_shape"]):
        raise RequestError("--set and --input go with names, not with --all")
    if not whole and not names:
        raise RequestError(
            "which network? Give a name, a file.toml, or --all; cnnspec list shows those there are"
        )
    if model and (whole or len(names) > 1):
        raise RequestError("--model goes with one network")
    if arguments and not model:
        raise RequestError("--arg goes with --model")


def single(
    name: str,
    libraries: tuple[str, ...],
    model: str | None,
    arguments: tuple[str, ...],
    device: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    memory: bool,
) -> Any:
    """The verdict on one network, in this process."""
    from cnnspec.api import load, verify

    net = load(
        name, input=parse_shape(input_shape), max_lines=max_lines, **parse_settings(settings)
    )
    given = parse_settings(arguments, "--arg")
    made = None
    if model:
        try:
            from cnnspec.pytorch import requests
        except ImportError:
            raise RequestError(
                "verifying needs PyTorch and fvcore: pip install 'cnnspec[verify]'"
            ) from None
        made = requests.made(model, given)
    return verify(net, made, device, libraries, model or "", memory)


def many(
    names: tuple[str, ...],
    libraries: tuple[str, ...],
    jobs: int | None,
    device: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    memory: bool,
) -> list[Any]:
    """The verdicts on several networks, or with no names on all, in processes of their own."""
    from cnnspec.api import networks
    from cnnspec.graph.build import load_graph

    given, shape = parse_settings(settings), parse_shape(input_shape)
    for name in names:
        load_graph(
            name, given, shape, max_lines
        )  # what is wrong with a request or a spec is said at once
    try:
        from cnnspec.pytorch import requests
        from cnnspec.pytorch.devices import choose_device
        from cnnspec.pytorch.parallel import VerificationTask, verify_in_processes
    except ImportError:
        raise RequestError(
            "verifying needs PyTorch and fvcore: pip install 'cnnspec[verify]'"
        ) from None
    requests.check_libraries(libraries)
    device = choose_device(device)
    wanted = names or tuple(name for variants in networks().values() for name in variants)
    tasks = [
        VerificationTask(name, given, shape, max_lines, device, libraries, memory)
        for name in wanted
    ]
    processes = min(jobs or (1 if device == "cuda" else os.cpu_count() or 1), len(tasks))
    if not sys.stderr.isatty():
        return verify_in_processes(tasks, processes)
    with click.progressbar(
        length=len(tasks), label="Verifying", file=sys.stderr, show_pos=True
    ) as bar:
        return verify_in_processes(tasks, processes, lambda: bar.update(1))
