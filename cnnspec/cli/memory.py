"""cnnspec memory: what a network needs in memory."""

import click

from cnnspec.analyses.memory.largest_batch import BatchSearch, find_largest_batch, give_advice
from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.analyses.memory.passes import autocast_saved_bytes
from cnnspec.analyses.memory.request import DTYPES, LOSSES, MODES
from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.options import fold_option, network_argument
from cnnspec.cli.output import print_page, save_page
from cnnspec.problems import RequestError, visible
from cnnspec.report.memory import (
    render_fit_json,
    render_fit_text,
    render_memory_json,
    render_memory_text,
)
from cnnspec.report.timeline import FORMATS, render_network_timeline
from cnnspec.units import parse_bytes


@click.command(cls=Command, name="memory", short_help="What a network needs in memory.")
@network_argument
@fold_option
@click.option(
    "--batch",
    type=click.IntRange(1),
    help="The number of examples at once; 1 by default.",
)
@click.option(
    "--dtype",
    default="float32",
    show_default=True,
    type=click.Choice(list(DTYPES)),
    help="The dtype of all tensors, including parameters and optimizer state.",
)
@click.option(
    "--mode",
    default="training",
    show_default=True,
    type=click.Choice(MODES),
    help="Which figures to show, and the pass that --fit and --timeline are about.",
)
@click.option(
    "--optimizer",
    default="none",
    show_default=True,
    type=click.Choice(OPTIMIZERS),
    help="The optimizer whose state and step are counted.",
)
@click.option(
    "--loss",
    type=click.Choice(LOSSES),
    metavar="cross_entropy|mse",
    help="The loss; by default cross entropy for one vector of logits, else mse to zero.",
)
@click.option(
    "--freeze",
    multiple=True,
    metavar="PATTERN",
    help="Layers that are not trained, such as 'layer1.*'; may be repeated.",
)
@click.option(
    "--fit",
    metavar="SIZE",
    help=(
        "Find the largest batch within a size such as 24GiB, as PyTorch allocates on a CPU, and"
        " ways to need less memory."
    ),
)
@click.option(
    "--reserve",
    metavar="SIZE",
    help="The part of --fit that is left for what is not counted, such as a GPU's context.",
)
@click.option(
    "--timeline",
    metavar="FILE",
    help="Write every allocation and release to a .csv or .json file, or draw them in an .svg.",
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(
    net: Network,
    batch: int | None,
    dtype: str,
    mode: str,
    optimizer: str,
    loss: str | None,
    freeze: tuple[str, ...],
    fit: str | None,
    reserve: str | None,
    timeline: str | None,
    format_: str,
) -> None:
    """Show what NAME needs in memory, in bytes, at inference and in training.

    \b
    cnnspec memory resnet50 --batch 32 --optimizer adam
    cnnspec memory resnet50 --optimizer adam --fit 24GiB --reserve 2GiB
    cnnspec memory resnet50 --freeze 'layer*' --freeze conv1
    cnnspec memory resnet50 --timeline resnet50.svg

    The figures are calculated without PyTorch, as PyTorch 2.13 allocates tensors on a CPU. cnnspec
    verify NAME --memory measures them."""
    if fit is not None:
        if batch is not None or timeline is not None:
            raise RequestError(
                "--fit finds the batch itself: use it without --batch and --timeline"
            )
        budget, kept = parse_size("--fit", fit), parse_size("--reserve", reserve or "0B")
        if not budget:
            raise RequestError(f"--fit takes a size above 0, such as 24GiB, not {visible(fit)}")
        if kept >= budget:
            raise RequestError(
                f"--reserve {visible(reserve)} leaves nothing of --fit {visible(fit)}"
            )
        search = BatchSearch(net.graph, budget, dtype, optimizer, loss or "", mode, freeze, kept)
        largest = find_largest_batch(search)
        render_fit = render_fit_json if format_ == "json" else render_fit_text
        print_page(render_fit(search, largest, list(give_advice(search, largest))))
        return
    if reserve is not None:
        raise RequestError("--reserve leaves a part of the size of --fit: give both")
    plan = net.memory(batch or 1, dtype, optimizer, loss or "", mode, freeze)
    if timeline is not None:
        save_page(timeline, render_network_timeline(plan, mode, timeline_format(timeline)))
    autocast = None
    if dtype == "float32" and mode == "training" and not freeze:
        autocast = autocast_saved_bytes(net.graph, plan.batch)
    render = render_memory_json if format_ == "json" else render_memory_text
    print_page(render(plan, autocast))


def parse_size(option: str, text: str) -> int:
    """Return the bytes of a size such as 24GiB. Raises RequestError."""
    size = parse_bytes(text)
    if size is None:
        raise RequestError(
            f"{option} takes a size such as 24GiB or 500MB, not {visible(text, 40)!r}"
        )
    return size


def timeline_format(path: str) -> str:
    """Return the format of a timeline by its file's name. Raises RequestError."""
    ending = path.rpartition(".")[2].lower()
    if ending not in FORMATS:
        raise RequestError(
            f"--timeline writes a .csv, .json or .svg file, not {visible(path, 60)!r}"
        )
    return ending
