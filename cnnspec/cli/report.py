"""cnnspec report: the generated pages of reports/."""

import os
import sys

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import replace, show
from cnnspec.problems import RequestError, visible


@click.command(cls=Command, name="report", short_help="The pages of reports/, written or checked.")
@click.option("--folder", default="reports", show_default=True, metavar="DIR", type=click.Path(file_okay=False),
              help="Where the pages are, and under data/ what was measured.")
@click.option("--check", is_flag=True, help="Write nothing: show a diff of each page that is not up to date.")
def command(folder: str, check: bool) -> None:
    """Write the pages of reports/ from the specs of the zoo and from what was measured before, in reports/data/.

    \b
    cnnspec report
    cnnspec report --check

    Nothing is measured, and no file is removed. A page whose data is not there is not written.

    Exit codes of --check: 0 all up to date, 1 a page is stale, missing or made by nothing, or its data was measured
    for a spec that has changed since.
    """
    from cnnspec.report.pages import freshness, rendered

    if check and not os.path.isdir(folder):
        raise RequestError(f"there is no folder {visible(folder)} to check; cnnspec report writes it")
    pages = rendered(folder)
    leftover = [f"{path} is rendered by nothing: delete it" for path in freshness.leftover(folder, pages)]
    warnings = [f"cnnspec: {line}" for line in [*leftover, *freshness.outdated(folder)]]
    if check:
        diffs = [*freshness.stale(folder, pages)]
        if diffs:
            show("".join(diffs).rstrip("\n"))
            warnings.append(f"cnnspec: pages not up to date: {len(diffs)} of {len(pages)}; cnnspec report writes them")
        verdict = warnings or [f"pages up to date: {len(pages)}"]
        click.echo("\n".join(verdict), err=bool(warnings))
        sys.exit(1 if warnings else 0)
    changed = [path for path, page in pages.items() if freshness.text(os.path.join(folder, path)) != page]
    replace(folder, {path: pages[path] for path in changed})
    click.echo("\n".join(warnings), err=True, nl=bool(warnings))
    show("\n".join([*changed, f"pages written: {len(changed)}; as they were: {len(pages) - len(changed)}"]))
