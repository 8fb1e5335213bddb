"""cnnspec report: the generated pages of reports/, or one network as HTML."""

import os
import sys

import click

from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.api import Network
from cnnspec.cli.command import Command
from cnnspec.cli.options import (
    network_options,
    parse_settings,
    parse_shape,
    print_input_notes,
    strict_input_option,
)
from cnnspec.cli.output import check_writable, print_page, save_page, write_pages
from cnnspec.graph.build import load_graph
from cnnspec.problems import RequestError, visible


@click.command(
    cls=Command, name="report", short_help="Write the pages of reports/, or one network as HTML."
)
@click.argument("name", required=False)
@network_options
@strict_input_option
@click.option(
    "--html", metavar="FILE.html", help="Write one page about NAME that needs no other file."
)
@click.option(
    "--batch",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Examples per batch, for the memory of NAME.",
)
@click.option(
    "--optimizer",
    default="none",
    show_default=True,
    type=click.Choice(OPTIMIZERS),
    help="The optimizer, for the memory of NAME.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help=(
        "The folder of the pages, with measurements under data/.  [default: reports, in a clone of"
        " cnnspec]"
    ),
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing, and show a diff of each page that is not up to date.",
)
def command(
    name: str | None,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    strict_input: bool,
    html: str | None,
    batch: int,
    optimizer: str,
    folder: str | None,
    check: bool,
) -> None:
    """Write one network as an HTML page, or, in a clone of cnnspec, the pages of its reports/.

    \b
    cnnspec report resnet50 --html resnet50.html
    cnnspec report my_network.toml --html my_network.html
    cnnspec report
    cnnspec report --check

    With NAME and --html: one HTML file with the table, which can be sorted and folded, plots,
    memory and the picture of the network.

    Without a name: the pages of reports/ from the specs of the zoo and the data in reports/data/.
    Nothing is measured and no file is removed. Pages without data are not written.

    Exit codes of --check: 0 all pages are up to date; 1 a page is stale or missing, no command
    writes it, or its data was measured with an older spec."""
    if name is not None or html is not None or settings or input_shape:
        if name is None or html is None or check:
            raise RequestError(
                "the page of one network takes its name and --html: "
                "cnnspec report resnet50 --html resnet50.html"
            )
        given, shape = parse_settings(settings), parse_shape(input_shape)
        graph = load_graph(name, given, shape, max_lines, strict_input)
        print_input_notes([graph])
        return write_html_report(Network(graph), html, batch, optimizer)
    from cnnspec.report.pages import render_all_pages
    from cnnspec.report.pages.folder import (
        describe_outdated_data,
        diff_stale_pages,
        find_leftover_pages,
        read_page,
    )
    from cnnspec.report.pages.zoo import MEASURED

    own = folder is None
    if folder is None:
        require_clone()
        folder = "reports"
    if check and not os.path.isdir(folder):
        raise RequestError(
            f"there is no folder {visible(folder)} to check; cnnspec report writes it"
        )
    pages = render_all_pages(folder)
    if own:
        from cnnspec.analyses.zoo_index import INDEX, render_index

        pages[f"../specs/{INDEX}"] = render_index()
    expected = [*pages, *(f"{name}.md" for name in MEASURED)]
    leftover = [
        f"no command writes {path} any more: delete it"
        for path in find_leftover_pages(folder, expected)
    ]
    warnings = [f"cnnspec: {line}" for line in [*leftover, *describe_outdated_data(folder)]]
    if check:
        diffs = [*diff_stale_pages(folder, pages)]
        if diffs:
            print_page("".join(diffs).rstrip("\n"))
            warnings.append(
                f"cnnspec: pages not up to date: {len(diffs)} of {len(pages)}; cnnspec report"
                " writes them"
            )
        verdict = warnings or [f"pages up to date: {len(pages)}"]
        click.echo("\n".join(verdict), err=bool(warnings))
        sys.exit(1 if warnings else 0)
    changed = [
        path for path, page in pages.items() if read_page(os.path.join(folder, path)) != page
    ]
    write_pages(folder, {path: pages[path] for path in changed})
    click.echo("\n".join(warnings), err=True, nl=bool(warnings))
    print_page(
        "\n".join(
            [*changed, f"pages written: {len(changed)}; as they were: {len(pages) - len(changed)}"]
        )
    )
    return None


def require_clone() -> None:
    """Raise RequestError unless the current folder is a clone of cnnspec."""
    try:
        with open("pyproject.toml", encoding="utf-8", errors="replace") as file:
            if 'name = "cnnspec"' in file.read(2**20).split("\n"):
                return
    except OSError:
        pass
    raise RequestError(
        "cnnspec report without a network writes the pages of the project itself, and this folder"
        " is no clone of it. The page of one network: cnnspec report resnet50 --html resnet50.html;"
        " pages elsewhere: cnnspec report --folder DIR"
    )


def write_html_report(net: Network, path: str, batch: int, optimizer: str) -> None:
    """Write the HTML page of one network."""
    from cnnspec.report.html_page import render_html_report

    if not path.lower().endswith((".html", ".htm")):
        raise RequestError(f"--html writes a file.html, not {visible(path, 60)!r}")
    check_writable(path)
    save_page(path, render_html_report(net, batch, optimizer))
