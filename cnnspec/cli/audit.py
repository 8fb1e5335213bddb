"""cnnspec audit: compare published figures with the calculation."""

import sys

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page

FORMATS = ("text", "markdown", "html", "json")


@click.command(
    cls=Command, name="audit", short_help="Compare published figures with the calculation."
)
@click.argument("sources", nargs=-1, metavar="[SOURCE|NAME]...")
@click.option("--all", "every", is_flag=True, help="Print confirmed and undecidable claims too.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Output format; JSON has every claim.",
)
def command(sources: tuple[str, ...], every: bool, format_: str) -> None:
    """Recompute published figures: those in a SOURCE (course notes, papers) or about a network.

    \b
    cnnspec audit                         every source
    cnnspec audit note_002 --all          one source, with confirmed claims
    cnnspec audit alexnet                 every source's claims about a network
    cnnspec audit my_claims.toml          a file of your own claims
    cnnspec audit my_network.toml         the [[claims]] in your own spec

    \b
    [[claims]]
    source   = "a slide"
    network  = "alexnet"                  (in a spec: variant, or nothing)
    layer    = "conv1"
    quantity = "params"
    value    = "34.9k"

    A figure is confirmed if it equals the computed value, rounded as printed: 61M for 60,965,224,
    and truncated if digits are cut off instead: 60.9M. A wrong figure is refuted; known mistakes
    (a forgotten bias, K = 1024, ...) are tried, and those that give it are named.
    Mark known errors with errata = true; they are still refuted. The exit code is 1 if a refuted
    claim is not marked, or a right claim is."""
    from cnnspec.analyses.audit.audit import audit_sources
    from cnnspec.analyses.audit.ruling import VERDICTS
    from cnnspec.report.audit import render
    from cnnspec.report.audit.text import render_audit_text
    from cnnspec.report.audit.wording import NOTABLE, list_surprises

    found = audit_sources(sources)
    if format_ == "text":
        print_page(render_audit_text(found, VERDICTS if every else NOTABLE))
    elif format_ == "json":
        print_page(render.render_audit_json(found))
    elif format_ == "markdown":
        print_page(render.render_audit_markdown(found, every))
    else:
        print_page(render.render_audit_html(found, every))
    if list_surprises(found):
        sys.exit(1)
