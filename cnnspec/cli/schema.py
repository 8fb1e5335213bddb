"""cnnspec schema: print the JSON Schema of the language."""

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page
from cnnspec.spec.schema import language_schema


@click.command(
    cls=Command, name="schema", short_help="Print the JSON Schema of the language, for editors."
)
def command() -> None:
    """Print the JSON Schema (draft-07) of specs. TOML editors complete and check specs with it:

    \b
    cnnspec schema > cnnspec.schema.json
    #:schema cnnspec.schema.json          (the first line of a spec)
    """
    import json

    print_page(json.dumps(language_schema(), indent=2, ensure_ascii=False))
