"""cnnspec audit: published figures, confirmed or refuted, and why."""

import sys

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page

FORMATS = ("text", "markdown", "html", "json")


@click.command(
    cls=Command, name="audit", short_help="Published figures: confirmed or refuted, and why."
)
@click.argument("sources", nargs=-1, metavar="[SOURCE|NAME]...")
@click.option(
    "--all", "every", is_flag=True, help="Every claim, not only what is refuted or ambiguous."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="JSON has every claim.",
)
def command(sources: tuple[str, ...], every: bool, format_: str) -> None:
    """Recompute published figures: those of a SOURCE (course notes and papers), or those about a
    network NAME.

    \b
    cnnspec audit                         every source
    cnnspec audit note_002 --all          one, with what is confirmed too
    cnnspec audit alexnet                 what sources say of a network
    cnnspec audit my_claims.toml          your own
    cnnspec audit my_network.toml         the [[claims]] of your own spec

    \b
    [[claims]]
    source   = "a slide"
    network  = "alexnet"                  (in a spec: variant, or nothing)
    layer    = "conv1"
    quantity = "params"
    value    = "34.9k"

    A figure holds if it is the computed one, rounded as it is printed: 61M for 60,965,224. For a
    refuted one the slip is named that gives it, where one does. Errata that are known carry errata
    = true in the file of claims; they are refuted all the same, but the exit code is 1 only where a
    claim is refuted that is not marked so, or is marked so and holds."""
    from cnnspec.analyses.audit.audit import audit_sources
    from cnnspec.analyses.audit.ruling import VERDICTS
    from cnnspec.report.audit import data, html, markdown, text
    from cnnspec.report.audit.words import NOTABLE, surprises

    found = audit_sources(sources)
    if format_ == "text":
        print_page(text.page(found, VERDICTS if every else NOTABLE))
    elif format_ == "json":
        print_page(data.page(found))
    else:
        print_page((markdown if format_ == "markdown" else html).page(found, every))
    if surprises(found):
        sys.exit(1)
