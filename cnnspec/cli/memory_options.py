"""The options that memory depends on, for the commands that compare and search networks."""

from collections.abc import Callable
from typing import Any

import click

from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.analyses.memory.request import DTYPES


def memory_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options ``batch``, ``dtype`` and ``optimizer``."""
    for parameter in (
        click.option(
            "--optimizer", default="none", show_default=True, type=click.Choice(OPTIMIZERS)
        ),
        click.option(
            "--dtype", default="float32", show_default=True, type=click.Choice(list(DTYPES))
        ),
        click.option(
            "--batch",
            default=1,
            show_default=True,
            type=click.IntRange(1),
            help="Examples per batch, for memory.",
        ),
    ):  # click reads decorators from the last to the first
        command = parameter(command)
    return command
