"""cnnspec list: the networks of the zoo."""

import click

from cnnspec.analyses.zoo_index import read_index
from cnnspec.api import compare, load_zoo, networks
from cnnspec.cli.command import Command
from cnnspec.cli.comparison_options import comparison_options, split_columns
from cnnspec.cli.output import print_page
from cnnspec.problems import RequestError, visible
from cnnspec.report.presets import FORMATS

COLUMNS = ("network", "task", "year", "input", "params", "macs")
DATA_COLUMNS = ("network", "family", "year", "input", "params", "macs", "title", "task")


@click.command(cls=Command, name="list", short_help="List the networks of the zoo.")
@click.argument("pattern", required=False, default="")
@comparison_options
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
def command(
    pattern: str,
    sort: str,
    filters: tuple[str, ...],
    columns: str | None,
    digits: int,
    exact: bool,
    format_: str,
) -> None:
    """List the networks of the zoo whose name contains PATTERN: task, year, parameters, MACs.

    \b
    cnnspec list
    cnnspec list vgg --format markdown
    cnnspec list --filter 'task = detection' --sort -macs
    cnnspec list --filter 'params < 5M' --columns network,family,params,depth

    Conditions and columns are those of cnnspec compare; memory is that of one image in float32."""
    if not any(pattern.lower() in name for variants in networks().values() for name in variants):
        raise RequestError(
            f"no network's name contains {visible(pattern, 60)!r}; cnnspec list shows them all"
        )
    default = DATA_COLUMNS if format_ in ("csv", "json") else COLUMNS
    indexed = read_index(pattern.lower())
    found = compare(
        load_zoo(pattern.lower()) if indexed is None else indexed,
        columns=split_columns(columns) or default,
        sort=sort,
        filters=filters,
    )
    print_page(found.render(format_, exact, digits=digits))
