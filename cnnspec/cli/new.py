"""cnnspec new: a spec to begin with."""

import os
from shlex import quote

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page, write_pages
from cnnspec.problems import RequestError, visible
from cnnspec.spec.starter import SCHEMA, starter_spec


@click.command(cls=Command, name="new", short_help="A spec to begin with.")
@click.argument("file", default="network.toml")
@click.option(
    "--schema",
    is_flag=True,
    help=(
        f"Write {SCHEMA} beside it too, and name it in the first line, with which "
        "editors complete and check the spec."
    ),
)
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(file: str, schema: bool, force: bool) -> None:
    """Write a small network into FILE (network.toml) whose comments show what the language has.

    \b
    cnnspec new my_network.toml
    cnnspec new my_network.toml --schema
    cnnspec table my_network.toml:my_network_small

    It has blocks, a preset, rows with each, lines with when, norms and activations, variants and a
    budget."""
    folder, name = os.path.split(file)
    if not name.endswith(".toml") or not name.isprintable():
        raise RequestError(f"specs are called NAME.toml, not {visible(name, 60)!r}")
    if os.path.lexists(file) and not force:
        raise RequestError(f"{visible(file)} is there already; --force overwrites it")
    pages = {name: starter_spec(file, schema)}
    if schema and (force or not os.path.lexists(os.path.join(folder, SCHEMA))):
        from json import dumps

        from cnnspec.spec.schema import language_schema as language

        pages = {SCHEMA: dumps(language(), indent=2, ensure_ascii=False) + "\n"} | pages
    write_pages(folder or ".", pages)
    shown = visible(quote(file))
    print_page(
        f"{shown} is written: cnnspec table {shown} shows it, cnnspec check {shown} checks it"
    )
