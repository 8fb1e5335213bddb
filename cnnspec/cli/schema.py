"""cnnspec schema: the JSON Schema of the language, for editors."""

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page
from cnnspec.spec.schema import language_schema


@click.command(
    cls=Command, name="schema", short_help="The JSON Schema of the language, for editors."
)
def command() -> None:
    """The JSON Schema (draft-07) of specs. Editors that know TOML complete and check with it:

    \b
    cnnspec schema > cnnspec.schema.json
    #:schema cnnspec.schema.json          (the first line of a spec)
    """
    import json

    print_page(json.dumps(language_schema(), indent=2, ensure_ascii=False))
