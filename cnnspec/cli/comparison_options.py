"""The options of commands that show networks side by side: what is shown, and in which order."""

from collections.abc import Callable
from typing import Any

import click


def comparison_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options ``sort``, ``filters``, ``columns``, ``digits`` and ``exact``."""
    for parameter in (
        click.option("--exact", is_flag=True, help="Print exact numbers, as in CSV and JSON."),
        click.option(
            "--digits",
            default=4,
            show_default=True,
            type=click.IntRange(1, 15),
            help="Significant digits of numbers in tables.",
        ),
        click.option(
            "--columns",
            metavar="A,B,...",
            help="Columns in place of the default ones; a wrong name lists them all.",
        ),
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="CONDITION",
            help=(
                "Show only networks with 'params < 10M', 'training_peak <= 8GiB' or"
                " 'family = vgg'; repeat for conditions that must all hold."
            ),
        ),
        click.option(
            "--sort",
            metavar="KEY",
            default="",
            help="Sort by a column, ascending; -KEY: descending.",
        ),
    ):  # click reads decorators from the last to the first
        command = parameter(command)
    return command


def split_columns(given: str | None) -> list[str] | None:
    """The names in ``a,b``; None for None."""
    return None if given is None else [name.strip() for name in given.split(",")]
