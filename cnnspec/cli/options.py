"""Options that several commands share."""

import tomllib
from collections.abc import Callable
from typing import Any

import click

from cnnspec.api import Network
from cnnspec.graph.build import load_graph
from cnnspec.problems import RequestError, visible
from cnnspec.spec.scope import MAX_LINES

Command = Callable[..., Any]
WORDS = {"True": True, "False": False, "None": None}  # the text "False" would be true to a factory


def network_argument(command: Command) -> Command:
    """The argument NAME and the options that set what is loaded; the command gets a Network as
    ``net``."""

    def loaded(
        name: str, settings: tuple[str, ...], input_shape: str | None, max_lines: int, **rest: Any
    ) -> Any:
        graph = load_graph(name, parse_settings(settings), parse_shape(input_shape), max_lines)
        return command(net=Network(graph), **rest)

    loaded.__doc__, loaded.__name__ = command.__doc__, command.__name__
    loaded.__click_params__ = list(getattr(command, "__click_params__", []))  # type: ignore[attr-defined]
    return click.argument("name", shell_complete=complete_with("networks"))(network_options(loaded))


def complete_with(what: str) -> Command:
    """A function of completion.py, which is imported when a shell asks."""

    def complete(*asked: Any) -> Any:
        from cnnspec.cli import completion

        return getattr(completion, what)(*asked)

    return complete


def network_options(command: Command) -> Command:
    """The options that set what is loaded: ``settings``, ``input_shape`` and ``max_lines``."""
    for parameter in (
        click.option(
            "--max-lines",
            default=MAX_LINES,
            show_default=True,
            type=click.IntRange(1),
            help="The most lines that a network may have once its blocks are expanded.",
        ),
        click.option(
            "--input", "input_shape", metavar="C,H,W", help="Another input shape, channels first."
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="ARG=VALUE",
            help="Set an argument of the network.",
        ),
    ):  # click reads decorators from the last to the first
        command = parameter(command)
    return command


def parse_shape(text: str | None) -> tuple[int, ...] | None:
    """The shape in ``3,224,224`` or ``3x224x224``. Raises RequestError."""
    if text is None:
        return None
    parts = text.replace("x", ",").split(",")
    if not all(p.strip().isascii() and p.strip().isdigit() and len(p.strip()) <= 12 for p in parts):
        raise RequestError(
            f"--input takes sizes such as 3,224,224, channels first, not {visible(text, 60)!r}"
        )
    return tuple(int(p) for p in parts)


def parse_settings(pairs: tuple[str, ...], option: str = "--set") -> dict[str, Any]:
    """The settings of ``--set name=value``; a value is TOML, one of Python's words, or text. Raises
    RequestError."""
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.strip():
            raise RequestError(
                f"{option} takes name=value, not {visible(pair, 60)!r}; for example {option}"
                " classes=10"
            )
        if text in WORDS:
            settings[name.strip()] = WORDS[text]
            continue
        try:
            value = tomllib.loads(f"value = {text}")
            settings[name.strip()] = value["value"] if len(value) == 1 else text
        except (ValueError, RecursionError):
            settings[name.strip()] = text
    return settings
