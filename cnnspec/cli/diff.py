"""cnnspec diff: what has changed from one network to another, layer by layer."""

from importlib import import_module

import click

from cnnspec.analyses.diff.family_diff import diff_specs
from cnnspec.cli.command import Command
from cnnspec.cli.options import complete_with, network_options, parse_settings, parse_shape
from cnnspec.cli.output import print_page
from cnnspec.report.presets import DIFFS

MODULES = {"json": "data"}  # where they are not called like the format


@click.command(
    cls=Command,
    name="diff",
    short_help="What has changed from one network to another, layer by layer.",
)
@click.argument("before", metavar="A", shell_complete=complete_with("networks"))
@click.argument("after", metavar="B", shell_complete=complete_with("networks"))
@network_options
@click.option("--format", "format_", type=click.Choice(DIFFS), default="text", show_default=True)
@click.option(
    "--all",
    "all_",
    is_flag=True,
    help=(
        "Show each layer of long runs that are inserted, removed or renamed, "
        "or in which only numbers differ."
    ),
)
@click.option(
    "--exit-code", is_flag=True, help="Exit with 1 where there is a difference, as git diff does."
)
@click.pass_context
def command(
    ctx: click.Context,
    before: str,
    after: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    format_: str,
    all_: bool,
    exit_code: bool,
) -> None:
    """What changes from A to B: layers inserted, removed, changed, moved or renamed, and every
    total.

    \b
    cnnspec diff resnet50 resnet101
    cnnspec diff specs/net.toml@HEAD~1 specs/net.toml
    cnnspec diff specs/net.toml:small@main specs/net.toml:small --format markdown

    A and B are networks of the zoo, files or FILE.toml:variant; @REVISION has them as they were in
    git, with the files that they include. Files with variants in common are compared variant by
    variant. --set and --input go to both. Layers are aligned by what they do and by their names. A
    difference is one in the layers: titles, sources and comments are none. Exits with 0, also where
    they differ, unless there is --exit-code."""
    given = parse_settings(settings), parse_shape(input_shape), max_lines
    found = diff_specs(before, after, *given)
    page = import_module(f"cnnspec.report.diffs.{MODULES.get(format_, format_)}").page
    print_page(page(found, before, after, not all_))
    ctx.exit(1 if exit_code and not found.equal else 0)
