"""cnnspec docs: the reference of the language, operators, rules and counting, in the terminal."""

from typing import TYPE_CHECKING

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page
from cnnspec.problems import RequestError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_topics(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Return the topics that begin so."""
    from click.shell_completion import CompletionItem

    from cnnspec.report.reference.topics import list_topics

    return [CompletionItem(topic) for topic in list_topics() if topic.startswith(incomplete)]


@click.command(cls=Command, name="docs", short_help="The reference: language, operators, rules.")
@click.argument("topic", required=False, default="", shell_complete=complete_topics)
@click.option("--markdown", is_flag=True, help="Print Markdown, as on the pages of reports/.")
def command(topic: str, markdown: bool) -> None:
    """Print the reference page of TOPIC, or the list of topics.

    \b
    cnnspec docs                 all topics
    cnnspec docs language        the whole language
    cnnspec docs each            one section of it
    cnnspec docs operators       what each operator does
    cnnspec docs conv            an operator: formula, source, fields, examples
    cnnspec docs rules           what each rule demands
    cnnspec docs S001            a rule of cnnspec check
    cnnspec docs macs            a convention of counting
    cnnspec docs fvcore          what another tool counts
    """
    from cnnspec.report.reference.plain_text import render_plain
    from cnnspec.report.reference.topics import render_topic, render_topics

    try:
        page = render_topic(topic) if topic else render_topics()
    except RequestError:
        root = click.get_current_context().find_root()
        if isinstance(root.command, click.Group) and topic in root.command.list_commands(root):
            message = f"{topic} is a command, not a topic: see cnnspec {topic} --help"
            raise RequestError(message) from None
        raise
    print_page(page if markdown else render_plain(page))
