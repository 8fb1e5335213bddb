"""cnnspec draw: the architecture as a picture, in one of several languages."""

import click

from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.options import network_argument
from cnnspec.cli.output import check_writable, print_page
from cnnspec.files import write_file
from cnnspec.problems import RequestError, visible


@click.command(cls=Command, name="draw", short_help="Draw the architecture of a network.")
@network_argument
@click.option(
    "--depth",
    type=click.IntRange(1),
    metavar="N",
    help=(
        "Open blocks N levels deep (1: none)  [default: as deep as a page permits, others in"
        " panels]"
    ),
)
@click.option(
    "--format",
    "language",
    type=click.Choice(["svg", "mermaid", "dot", "tikz", "png"]),
    help="The language of the picture  [default: that of FILE, else svg]",
)
@click.option("--output", metavar="FILE", help="Write into a file instead of to standard output.")
def command(net: Network, depth: int | None, language: str | None, output: str | None) -> None:
    """Draw the architecture of NAME: shapes on arrows, equal blocks in a row as xN.

    \b
    cnnspec draw resnet50 --output resnet50.svg
    cnnspec draw resnet50 --format mermaid      in Markdown, for GitHub and GitLab
    cnnspec draw unet --output unet.tex         for LaTeX, with \\usepackage{tikz}
    cnnspec draw unet --output unet.dot         for Graphviz

    A letter on a folded block refers to the panel that shows the inside of such blocks, with the
    channels of the block named there; a box says what else is different in its block. Along a
    dashed arrow only the size is read. In SVG, a pointer on a box shows its parameters and MACs.
    Shapes are channels first, without the batch. A .png needs the packages of cnnspec[png].
    """
    from cnnspec.report.diagram.draw import LANGUAGES, draw_as

    if output is None:
        if language == "png":
            raise RequestError("a PNG is no text: name a file with --output")
        print_page(str(draw_as(net, language or "svg", depth)))
        return
    language = language or next(
        (name for name, ends in LANGUAGES.items() if output.lower().endswith(ends)), None
    )
    if language is None:
        raise RequestError(
            f"--output writes .svg, .mmd, .dot, .tex or .png, not {visible(output, 60)!r}; --format"
            " says what another file is"
        )
    check_writable(output)
    page = draw_as(net, language, depth)
    write_file(output, page if isinstance(page, bytes) else f"{page}\n")
    click.echo(f"{visible(output, 200)} written", err=True)
