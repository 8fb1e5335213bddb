"""cnnspec sweep: many settings of a network, filtered and ranked."""

import sys

import click

from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.analyses.memory.request import DTYPES
from cnnspec.cli.command import Command
from cnnspec.cli.options import complete_with, parse_space
from cnnspec.cli.output import print_page
from cnnspec.report.presets import FORMATS
from cnnspec.report.search import sweep
from cnnspec.spec.scope import MAX_LINES


@click.command(
    cls=Command, name="sweep", short_help="Evaluate many settings of a network, and rank them."
)
@click.argument("name", shell_complete=complete_with("networks"))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="ARG=VALUES",
    help="Values of an argument: 16..128:16, or 18,34,50.",
)
@click.option("--input", "inputs", metavar="SIZES", help="Sizes of the input, such as 160..320:32.")
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help="Keep candidates with 'params < 5M'; repeat for conditions that must all hold.",
)
@click.option(
    "--pareto",
    metavar="A,B,...",
    help="Keep candidates that no other beats in these measures; -KEY: more is better.",
)
@click.option("--sort", metavar="KEY", help="Sort by a measure, ascending; -KEY: descending.")
@click.option("--columns", metavar="A,B,...", help="Measures in place of the default ones.")
@click.option("--limit", type=click.IntRange(1), help="Show at most so many candidates.")
@click.option(
    "--sample", type=click.IntRange(1), metavar="N", help="Try N random candidates, not all."
)
@click.option("--seed", default=0, show_default=True, help="The seed of the sample.")
@click.option("--batch", default=1, show_default=True, type=click.IntRange(1))
@click.option("--dtype", default="float32", show_default=True, type=click.Choice(list(DTYPES)))
@click.option("--optimizer", default="none", show_default=True, type=click.Choice(OPTIMIZERS))
@click.option("--max-lines", default=MAX_LINES, show_default=True, type=click.IntRange(1))
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
def command(
    name: str,
    settings: tuple[str, ...],
    inputs: str | None,
    conditions: tuple[str, ...],
    pareto: str | None,
    sort: str | None,
    columns: str | None,
    limit: int | None,
    sample: int | None,
    seed: int,
    batch: int,
    dtype: str,
    optimizer: str,
    max_lines: int,
    format_: str,
) -> None:
    """Evaluate NAME at every combination of --set and --input, and show what meets --where.

    \b
    cnnspec sweep resnet18 --input 160..320:32
    cnnspec sweep densenet121 --set growth=12..48:12 --where 'params < 9M'
    cnnspec sweep mobilenet_v2 --set width=0.5,0.75,1.0 --pareto macs,-params

    Measures are those of cnnspec compare. Candidates that are not shown are counted by reason."""
    space = parse_space(settings, inputs)
    split = [[k.strip() for k in keys.split(",")] if keys else None for keys in (pareto, columns)]
    progress, bar = None, None
    if sys.stderr.isatty():
        bar = click.progressbar(length=1, file=sys.stderr, label="candidates")

        def progress(done: int, count: int) -> None:
            bar.length = count
            bar.update(1)

    found = sweep(
        name,
        space,
        where=conditions,
        pareto=split[0] or (),
        sort=sort or "",
        columns=split[1],
        limit=limit,
        sample=sample,
        seed=seed,
        batch=batch,
        dtype=dtype,
        optimizer=optimizer,
        max_lines=max_lines,
        progress=progress,
    )
    if bar is not None:
        bar.render_finish()
    print_page(found.render(format_))
