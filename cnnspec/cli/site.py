"""cnnspec site: the static site with the reference, the zoo and the playground."""

import os

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import print_page
from cnnspec.problems import RequestError, visible


@click.command(cls=Command, name="site", short_help="The static site, with the playground.")
@click.argument("folder", metavar="DIR")
@click.option(
    "--pyodide",
    metavar="DIR",
    type=click.Path(),
    help="A folder with the files of the npm package pyodide, which are copied into the site.",
)
@click.option(
    "--codemirror",
    metavar="DIR",
    type=click.Path(),
    help="A folder node_modules with the packages of CodeMirror 6, which are copied into the site.",
)
@click.option(
    "--reports",
    metavar="DIR",
    type=click.Path(),
    help="A folder with measurements under data/.  [default: reports, if it has data]",
)
@click.option("--playground-only", is_flag=True, help="Write no reference and no zoo.")
def command(
    folder: str,
    pyodide: str | None,
    codemirror: str | None,
    reports: str | None,
    playground_only: bool,
) -> None:
    """Write the site into DIR: the reference, the zoo, and a playground that needs no server.

    \b
    cnnspec site public
    cnnspec site public --pyodide node_modules/pyodide --codemirror node_modules

    The playground runs cnnspec in the browser, on Pyodide, with CodeMirror 6 as its editor. Without
    local copies the browser loads both from cdn.jsdelivr.net. For copies:
    npm install pyodide codemirror @codemirror/legacy-modes

    All links are relative: the site works in any folder of a web server such as GitHub Pages. To
    look at it here: python -m http.server --directory DIR

    It needs markdown-it-py: pip install 'cnnspec[site]'."""
    from cnnspec.site.libraries import find_libraries
    from cnnspec.site.write import write_site

    if os.path.exists(folder) and not os.path.isdir(folder):
        raise RequestError(f"{visible(folder)} cannot be written: it is no folder")
    if reports is not None and not os.path.isdir(reports):
        raise RequestError(f"there is no folder {visible(reports)} with measurements")
    measured = reports if reports is not None else "reports"
    written = write_site(folder, find_libraries(pyodide, codemirror), measured, not playground_only)
    shown = visible(folder)
    print_page(
        f"files written into {shown}: {written.files}, {written.bytes / 1e6:.1f} MB; to look at it:"
        f" python -m http.server --directory {shown}"
    )
