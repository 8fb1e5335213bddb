"""Shell completion of network names, and of the layers of a network."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def networks(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Complete a network of the zoo; the shell adds files."""
    from click.shell_completion import CompletionItem

    from cnnspec.spec.zoo import family_name, variant_names, zoo_files

    files = zoo_files()
    names = dict.fromkeys(
        [*map(family_name, files), *(name for file in files for name in variant_names(file))]
    )
    return [
        CompletionItem(incomplete, type="file"),
        *(CompletionItem(n) for n in names if n.startswith(incomplete)),
    ]


def layers(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """Complete a layer of the network that was given before it, one block level at a time."""
    from click.shell_completion import CompletionItem

    from cnnspec.graph.build import load_graph
    from cnnspec.problems import RequestError, SpecError

    try:
        graph = load_graph(ctx.params.get("name") or "")
    except (RequestError, SpecError):
        return []
    depth = incomplete.count(".") + 1
    names = dict.fromkeys(
        ".".join(node.row.split(".")[:depth]) for node in graph.layers(training=True)
    )
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
