"""cnnspec sweep: many settings of a network, filtered and ranked."""

import os
import sys

import click

from cnnspec.cli.command import Command
from cnnspec.cli.memory_options import memory_options
from cnnspec.cli.options import complete_with, parse_space
from cnnspec.cli.output import check_writable, print_note, print_page
from cnnspec.files import write_file
from cnnspec.problems import RequestError, visible
from cnnspec.report.presets import FORMATS
from cnnspec.report.search import sweep
from cnnspec.report.sweep import FILE_FORMATS
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
@memory_options
@click.option("--max-lines", default=MAX_LINES, show_default=True, type=click.IntRange(1))
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Use so many processes of this machine, or workers of a cluster that is started.",
)
@click.option(
    "--engine",
    type=click.Choice(["joblib", "dask", "ray"]),
    default="joblib",
    show_default=True,
    help="What runs the candidates where there is more than one job.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", default="", help="The cluster of --engine dask or ray."
)
@click.option(
    "--store",
    metavar="FILE",
    default="",
    help="Keep all results in an SQLite file; the same command goes on where it was stopped.",
)
@click.option(
    "--merge", metavar="FILE", multiple=True, help="Add the results of another --store. Repeatable."
)
@click.option(
    "--shard", metavar="K/N", default="1/1", help="Try only part K of N; --merge unites the stores."
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--output",
    "outputs",
    metavar="FILE",
    multiple=True,
    help="Write into a .csv, .json, .md, .tex, .html or .parquet file, or a picture (.svg)."
    " Repeatable.",
)
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
    jobs: int,
    engine: str,
    scheduler: str,
    store: str,
    merge: tuple[str, ...],
    shard: str,
    format_: str,
    outputs: tuple[str, ...],
) -> None:
    """Evaluate NAME at every combination of --set and --input, and show what meets --where.

    \b
    cnnspec sweep resnet18 --input 160..320:32
    cnnspec sweep densenet121 --set growth=12..48:12 --where 'params < 9M'
    cnnspec sweep mobilenet_v2 --set width=0.5,0.75,1.0 --pareto macs,-params
    cnnspec sweep resnet --set depth=18,34,50 --jobs 4 --store found.db
    cnnspec sweep resnet18 --input 96..256 --pareto macs,-params --output out.svg

    Measures are those of cnnspec compare. Candidates that are not shown are counted by reason; a
    condition on totals, such as parameters, is tried before one on memory or depth."""
    for output in outputs:
        check_writable(output)
        find_format(output)
        if os.path.realpath(output) in map(os.path.realpath, [*filter(None, [store]), *merge]):
            raise RequestError(f"{visible(output)} is a store; name another file for --output")
    space = parse_space(settings, inputs)
    split = [[k.strip() for k in keys.split(",")] if keys else None for keys in (pareto, columns)]
    bar = ProgressBar()
    try:
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
            jobs=jobs,
            engine=engine,
            scheduler=scheduler,
            store=store,
            merge=merge,
            shard=parse_shard(shard),
            progress=bar.show,
        )
    except KeyboardInterrupt:
        bar.finish()
        if store:
            print_note(
                f"{bar.done:,} of {bar.count:,} candidates are in {visible(store)}; the same"
                " command goes on from there"
            )
        raise
    bar.finish()
    for output in outputs:
        write_file(output, found.encode(find_format(output)))
        print_note(f"{visible(output, 200)} written")
    if not outputs:
        print_page(found.render(format_))


class ProgressBar:
    """Shows on standard error, if that is a terminal, how many candidates were tried."""

    def __init__(self) -> None:
        self.done, self.count = 0, 1
        self.bar = (
            click.progressbar(length=1, file=sys.stderr, label="candidates")
            if sys.stderr.isatty()
            else None
        )

    def show(self, done: int, count: int) -> None:
        """Show that ``done`` of ``count`` candidates were tried."""
        if self.bar is not None:
            self.bar.length = count
            self.bar.update(done - self.done)
        self.done, self.count = done, count

    def finish(self) -> None:
        """End the line."""
        if self.bar is not None:
            self.bar.render_finish()


def parse_shard(text: str) -> tuple[int, int]:
    """Parse ``2/3``. Raises RequestError."""
    part, slash, count = text.partition("/")
    if not (slash and all(p.isascii() and p.isdigit() and len(p) < 7 for p in (part, count))):
        raise RequestError(f"--shard takes a part such as 1/3, not {visible(text, 40)!r}")
    return int(part), int(count)


def find_format(path: str) -> str:
    """Return the format that the ending of a file's name means. Raises RequestError."""
    for ending, format_ in FILE_FORMATS.items():
        if path.lower().endswith(ending):
            return format_
    raise RequestError(f"--output writes {', '.join(FILE_FORMATS)}, not {visible(path, 60)!r}")
