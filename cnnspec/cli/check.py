"""cnnspec check: find what is wrong with specs."""

import sys
from collections.abc import Callable
from typing import Any

import click

from cnnspec.cli.command import Command
from cnnspec.cli.output import check_writable, print_note, print_page, save_page
from cnnspec.report.presets import FINDINGS
from cnnspec.spec.scope import MAX_LINES


def split_codes(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the codes in ``--select S,A001 --select B``."""
    return tuple(code.strip() for value in values for code in value.split(",") if code.strip())


def codes_option(flag: str, name: str, text: str) -> Callable[[Any], Any]:
    """Return an option that takes codes and may be repeated."""
    return click.option(flag, name, multiple=True, callback=split_codes, metavar="CODES", help=text)


@click.command(cls=Command, name="check", short_help="Find what is wrong with specs.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--format", "format_", type=click.Choice(FINDINGS), default="full", show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the report to FILE, and print text.",
)
@codes_option("--select", "select", "Report only these rules: codes or prefixes, such as S001,A.")
@codes_option("--extend-select", "extend", "Report these rules too.")
@codes_option("--ignore", "ignore", "Do not report these rules.")
@click.option("--advice", is_flag=True, help="Report advice too.")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option(
    "--locked", is_flag=True, help="Fail on specs without a lock beside them (see cnnspec lock)."
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    help="Number of processes that check many files; by default one per CPU.",
)
@click.option(
    "--max-lines",
    default=MAX_LINES,
    show_default=True,
    type=click.IntRange(1),
    help="Maximum number of lines of a network once its blocks are expanded.",
)
def command(
    paths: tuple[str, ...],
    format_: str,
    output: str | None,
    jobs: int | None,
    max_lines: int,
    **options: Any,
) -> None:
    """Check every variant of every spec: language, shapes, lint rules, budgets, claims and locks.

    \b
    cnnspec check                          all specs in this folder and below
    cnnspec check specs/ nets/mine.toml
    cnnspec check specs/ --advice
    cnnspec check specs/ --format sarif --output cnnspec.sarif

    PATH is a file, a folder, FILE.toml:variant, or - for standard input. In folders, hidden files,
    virtual environments, installed packages, build output and what .gitignore or exclude in
    pyproject.toml matches are skipped. All findings of all files are reported.

    To ignore a rule on a line of a spec, put the comment "# cnnspec: ignore S001: REASON" on that
    line, or alone on the line above. The table [tool.cnnspec] of the nearest pyproject.toml can
    set these options, per-file-ignores and budgets; options on the command line replace it.

    Exit codes: 0 no errors; 1 errors (with --strict, also warnings); 2 the request is not
    understood."""
    from cnnspec.gate.config import require_known_codes
    from cnnspec.gate.folders import describe_skipped
    from cnnspec.gate.run import check_paths
    from cnnspec.report.findings.formats import render_findings

    for option in ("select", "extend", "ignore"):
        flag = "--extend-select" if option == "extend" else f"--{option}"
        require_known_codes(options[option], flag)
    if output:
        check_writable(output)
    overrides = {key: value for key, value in options.items() if value}
    report = check_paths(paths or (".",), overrides, jobs, max_lines)
    print_note(describe_skipped(report.skipped))
    if output:
        save_page(output, render_findings(report, format_))
    text = render_findings(report, "full" if output else format_)
    if text:
        print_page(text)
    sys.exit(0 if report.passed else 1)
