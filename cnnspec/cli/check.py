"""cnnspec check: the gate."""

import sys
from typing import Any

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import save, show, writable
from cnnspec.report.presets import FINDINGS
from cnnspec.spec.scope import MAX_LINES


def codes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The codes in ``--select S,A001 --select B``."""
    return tuple(code.strip() for value in values for code in value.split(",") if code.strip())


@click.command(cls=Command, name="check", short_help="The gate: what is wrong with specs.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--format", "format_", type=click.Choice(FINDINGS), default="full", show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the report into FILE; what is printed then is text.",
)
@click.option(
    "--select",
    multiple=True,
    callback=codes,
    metavar="CODES",
    help="Report these rules only: codes or their beginnings, as S001,A.",
)
@click.option(
    "--extend-select",
    "extend",
    multiple=True,
    callback=codes,
    metavar="CODES",
    help="Report these as well.",
)
@click.option(
    "--ignore", multiple=True, callback=codes, metavar="CODES", help="Do not report these."
)
@click.option("--advice", is_flag=True, help="Report advice as well.")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--locked", is_flag=True, help="Fail on specs without a lock beside them: see cnnspec lock."
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="How many processes check many files; default: one a CPU.",
)
@click.option(
    "--max-lines",
    default=MAX_LINES,
    show_default=True,
    type=click.IntRange(1),
    help="The most lines that a network may have once its blocks are unrolled.",
)
def command(
    paths: tuple[str, ...],
    format_: str,
    output: str | None,
    jobs: int | None,
    max_lines: int,
    **given: Any,
) -> None:
    """Check specs: the language, the shapes of every variant, lint rules, budgets, claims and
    locks.

    \b
    cnnspec check                          all specs in this folder and below
    cnnspec check specs/ nets/mine.toml
    cnnspec check specs/ --advice
    cnnspec check specs/ --format sarif --output cnnspec.sarif

    PATH is a file, a folder, or FILE.toml:variant. All findings of all files are reported in one
    run. In a spec, "# cnnspec: ignore S001: REASON" on a line, or alone above it, ignores a rule
    there. The table [tool.cnnspec] of the nearest pyproject.toml can set the options,
    per-file-ignores and budgets; options given here replace its.

    Exit codes: 0 no errors, 1 errors (with --strict, or warnings), 2 the request cannot be
    understood."""
    from cnnspec.gate.codes import check_codes
    from cnnspec.gate.run import check
    from cnnspec.report.findings.pages import written

    for option in ("select", "extend", "ignore"):
        check_codes(given[option], f"--{'extend-select' if option == 'extend' else option}")
    if output:
        writable(output)
    report = check(
        paths or (".",), {key: value for key, value in given.items() if value}, jobs, max_lines
    )
    if output:
        save(output, written(report, format_))
    page = written(report, "full" if output else format_)
    if page:
        show(page)
    sys.exit(0 if report.passed else 1)
