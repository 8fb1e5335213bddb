"""cnnspec new: write a small spec to start from."""

import os
from shlex import quote

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page, write_pages
from cnnspec.problems import RequestError, visible
from cnnspec.spec.zoo import SCHEMA, starter_spec


@click.command(cls=Command, name="new", short_help="Write a small spec to start from.")
@click.argument("file", default="network.toml")
@click.option(
    "--schema",
    is_flag=True,
    help=(
        f"Also write {SCHEMA} beside it and name it in the first line, so that editors complete"
        " and check the spec."
    ),
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def command(file: str, schema: bool, force: bool) -> None:
    """Write a small network to FILE (network.toml), with comments that explain the language.

    \b
    cnnspec new my_network.toml
    cnnspec new my_network.toml --schema
    cnnspec table my_network.toml:my_network_small

    It uses blocks, a preset, each, when, norms, activations, variants and a budget."""
    folder, name = os.path.split(file)
    if not name.endswith(".toml") or not name.isprintable():
        raise RequestError(
            f"a spec must have a printable name NAME.toml, not {visible(name, 60)!r}"
        )
    if os.path.lexists(file) and not force:
        raise RequestError(f"{visible(file)} already exists; --force overwrites it")
    pages = {name: starter_spec(file, schema)}
    if schema and (force or not os.path.lexists(os.path.join(folder, SCHEMA))):
        from json import dumps

        from cnnspec.spec.schema import language_schema

        pages = {SCHEMA: dumps(language_schema(), indent=2, ensure_ascii=False) + "\n"} | pages
    write_pages(folder, pages)
    shown = visible(quote(file))
    print_page(
        f"wrote {shown}; to see it: cnnspec table {shown}; to check it: cnnspec check {shown}"
    )
