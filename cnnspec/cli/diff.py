"""cnnspec diff: what has changed from one network to another, layer by layer."""

import click

from cnnspec.analyses.diff.family_diff import diff_specs
from cnnspec.cli.command import Command
from cnnspec.cli.options import (
    complete_with,
    network_options,
    parse_settings,
    parse_shape,
    print_input_notes,
    strict_input_option,
)
from cnnspec.cli.output import print_page
from cnnspec.graph.model import Graph
from cnnspec.report.diff import render_diff
from cnnspec.report.presets import DIFFS


@click.command(
    cls=Command,
    name="diff",
    short_help="Show what has changed from one network to another.",
)
@click.argument("before", metavar="A", shell_complete=complete_with("networks"))
@click.argument("after", metavar="B", shell_complete=complete_with("networks"))
@network_options
@strict_input_option
@click.option("--format", "format_", type=click.Choice(DIFFS), default="text", show_default=True)
@click.option(
    "--all",
    "all_",
    is_flag=True,
    help="Show every layer of long runs with the same change, not only the first and the last.",
)
@click.option(
    "--exit-code", is_flag=True, help="Exit with 1 if there is a difference, as git diff does."
)
@click.pass_context
def command(
    ctx: click.Context,
    before: str,
    after: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    strict_input: bool,
    format_: str,
    all_: bool,
    exit_code: bool,
) -> None:
    """Show what changes from A to B: layers inserted, removed, changed, moved or renamed.

    \b
    cnnspec diff resnet50 resnet101
    cnnspec diff specs/net.toml@HEAD~1 specs/net.toml
    cnnspec diff specs/net.toml:small@main specs/net.toml:small --format markdown

    A and B are networks of the zoo, files or FILE.toml:variant. @REVISION reads them, and the files
    that they include, from git. Files with variants in common are compared variant by variant.
    --set and --input apply to both. Layers are aligned by their operators and their names. Only
    differences in layers count, not titles, sources or comments. The exit code is 0 even if they
    differ, unless --exit-code is given."""
    given, shape, graphs = parse_settings(settings), parse_shape(input_shape), list[Graph]()
    found = diff_specs(before, after, given, shape, max_lines, strict_input, graphs.append)
    print_input_notes(graphs)
    print_page(render_diff(found, before, after, format_, not all_))
    ctx.exit(1 if exit_code and not found.equal else 0)
