"""cnnspec memory: what a network needs in memory."""

import click

from cnnspec.analyses.memory.autocast import autocast_saved_bytes
from cnnspec.analyses.memory.largest_batch import BatchSearch, find_largest_batch, give_advice
from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.analyses.memory.request import DTYPES, LOSSES, MODES
from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.options import network_argument
from cnnspec.cli.output import print_page, save_page
from cnnspec.problems import RequestError, visible
from cnnspec.report.memory import fit_json, fit_text, memory_json, memory_text
from cnnspec.report.timeline import FORMATS, render_network_timeline
from cnnspec.units import parse_bytes


@click.command(cls=Command, name="memory", short_help="What a network needs in memory.")
@network_argument
@click.option(
    "--batch",
    type=click.IntRange(1),
    help="Examples at once; 1 where neither this nor --fit is given.",
)
@click.option(
    "--dtype",
    default="float32",
    show_default=True,
    type=click.Choice(list(DTYPES)),
    help="Of all tensors, parameters and state too; what autocast keeps is said beside float32.",
)
@click.option(
    "--mode",
    default="training",
    show_default=True,
    type=click.Choice(MODES),
    help="What is shown, and the pass of --fit and --timeline.",
)
@click.option("--optimizer", default="none", show_default=True, type=click.Choice(OPTIMIZERS))
@click.option(
    "--loss",
    type=click.Choice(LOSSES),
    metavar="cross_entropy|mse",
    help="Instead of cross entropy for one vector of logits, else the mean squared error to zero.",
)
@click.option(
    "--freeze",
    multiple=True,
    metavar="PATTERN",
    help="Layers that are not trained: 'layer1.*', say; may be given again.",
)
@click.option(
    "--fit", metavar="SIZE", help="The largest batch within 24GiB, say, and what would make room."
)
@click.option(
    "--timeline",
    metavar="FILE",
    help=(
        "Write every allocation and release of the --mode's pass into a "
        "file.csv or file.json, or draw them into a file.svg."
    ),
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
    timeline: str | None,
    format_: str,
) -> None:
    """What NAME needs in memory, in bytes, at inference and in training.

    \b
    cnnspec memory resnet50 --batch 32 --optimizer adam
    cnnspec memory resnet50 --optimizer adam --fit 24GiB
    cnnspec memory resnet50 --freeze 'layer*' --freeze conv1
    cnnspec memory resnet50 --timeline resnet50.svg

    Predicted without PyTorch, as PyTorch 2.13 allocates tensors on a CPU; cnnspec verify NAME
    --memory measures."""
    if fit is not None:
        if batch is not None or timeline is not None:
            raise RequestError(
                "--fit finds the batch itself: take it without --batch and --timeline"
            )
        budget = parse_bytes(fit)
        if budget is None:
            raise RequestError(
                f"--fit takes a size such as 24GiB or 500MB, not {visible(fit, 40)!r}"
            )
        question = BatchSearch(net.graph, budget, dtype, optimizer, loss or "", mode, freeze)
        found = find_largest_batch(question)
        print_page(
            (fit_json if format_ == "json" else fit_text)(
                question, found, list(give_advice(question, found))
            )
        )
        return
    plan = net.memory(batch or 1, dtype, optimizer, loss or "", mode, freeze)
    if timeline is not None:
        save_page(timeline, render_network_timeline(plan, mode, kind_of(timeline)))
    cast = (
        autocast_saved_bytes(net.graph, plan.batch)
        if dtype == "float32" and mode == "training" and not freeze
        else None
    )
    print_page((memory_json if format_ == "json" else memory_text)(plan, cast))


def kind_of(path: str) -> str:
    """The format of a timeline by its file's name. Raises RequestError."""
    kind = path.rpartition(".")[2].lower()
    if kind not in FORMATS:
        raise RequestError(
            f"--timeline writes a file.csv, file.json or file.svg, not {visible(path, 60)!r}"
        )
    return kind
