"""Options that several commands share."""

import tomllib
from collections.abc import Callable, Sequence
from typing import Any

import click

from cnnspec.analyses.input_layout import describe_input
from cnnspec.api import Network
from cnnspec.cli.output import print_note
from cnnspec.graph.build import load_graph
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, visible
from cnnspec.spec.scope import MAX_LINES
from cnnspec.units import GivenInput

Command = Callable[..., Any]
# Python's words are values, because the text "False" would be true.
WORDS = {"True": True, "False": False, "None": None}


def network_argument(command: Command) -> Command:
    """Add the argument NAME and its options to a command, which gets a Network as ``net``.

    Notes on the network's input are printed to stderr."""

    def loaded(
        name: str,
        settings: tuple[str, ...],
        input_shape: str | None,
        max_lines: int,
        strict_input: bool,
        **rest: Any,
    ) -> Any:
        shape = parse_shape(input_shape)
        graph = load_graph(name, parse_settings(settings), shape, max_lines, strict_input)
        print_input_notes([graph])
        return command(net=Network(graph), **rest)

    loaded.__doc__, loaded.__name__ = command.__doc__, command.__name__
    params = list(getattr(command, "__click_params__", []))
    loaded.__click_params__ = params  # type: ignore[attr-defined]
    named = click.argument("name", shell_complete=complete_with("networks"))
    return named(network_options(strict_input_option(loaded)))


def strict_input_option(command: Command) -> Command:
    """Add the option ``strict_input``."""
    return click.option(
        "--strict-input",
        is_flag=True,
        help="Refuse an --input at which a layer has other parameters.",
    )(command)


def factory_argument_option(command: Command) -> Command:
    """Add the option ``arguments``, for a function or class that makes a model."""
    return click.option(
        "--arg",
        "arguments",
        multiple=True,
        metavar="NAME=VALUE",
        help="An argument for the factory: a number, true, a TOML list, or text.",
    )(command)


def print_input_notes(graphs: Sequence[Graph]) -> None:
    """Print what a reader must know about the inputs to stderr, with names if there are several."""
    lines = [(graph.name, line) for graph in graphs for line in describe_input(graph)]
    several = len(graphs) > 1
    for name, line in dict.fromkeys(lines):
        print_note(f"{visible(name)}: {line}" if several else line)


def fold_option(command: Command) -> Command:
    """Add --fold-batchnorm, with which a command gets the network as it is deployed."""

    def folded(net: Network, fold_batchnorm: bool, **rest: Any) -> Any:
        if fold_batchnorm:
            from cnnspec.graph import fold_batchnorm as folding

            found = folding.fold_batchnorm(net.graph)
            click.echo(f"cnnspec: {found.describe()}", err=True)
            net = Network(found.graph)
        return command(net=net, **rest)

    folded.__doc__, folded.__name__ = command.__doc__, command.__name__
    params = list(getattr(command, "__click_params__", []))
    folded.__click_params__ = params  # type: ignore[attr-defined]
    return click.option(
        "--fold-batchnorm",
        is_flag=True,
        help="Fold batch norms into the weights before them, as for deployment.",
    )(folded)


def complete_with(what: str) -> Command:
    """A function of completion.py, which is imported only when a shell asks."""

    def complete(*asked: Any) -> Any:
        from cnnspec.cli import completion

        return getattr(completion, what)(*asked)

    return complete


def network_options(command: Command) -> Command:
    """Add the options for loading networks: ``settings``, ``input_shape`` and ``max_lines``."""
    for parameter in (
        click.option(
            "--max-lines",
            default=MAX_LINES,
            show_default=True,
            type=click.IntRange(1),
            help="The most lines that a network may have once its blocks are expanded.",
        ),
        click.option(
            "--input",
            "input_shape",
            multiple=True,
            metavar="C,H,W",
            callback=join_shapes,
            help="Set the input shape, channels first; NAME=C,H,W for one of several inputs.",
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


def join_shapes(ctx: Any, param: Any, given: tuple[str, ...]) -> str | None:
    """The values of --input in one text, which :func:`parse_shape` reads; None for none."""
    return ";".join(given) if given else None


def parse_shape(text: str | None) -> GivenInput:
    """The shape in ``3,224,224``, or those in ``image=3,32,32;mask=1,32,32``; None for None.

    Raises RequestError."""
    if text is None:
        return None
    given = text.split(";")
    if len(given) == 1 and "=" not in text:
        return parse_sizes(text)
    named = [part.rpartition("=") for part in given]
    names = [name.strip() for name, _, _ in named]
    if not all(names) or len(set(names)) < len(names):
        raise RequestError(
            "--input is given once, or once for each of several inputs, by its name:"
            f" --input image=3,32,32 --input mask=1,32,32, not {visible(text, 60)!r}"
        )
    return {name: parse_sizes(sizes) for name, (_, _, sizes) in zip(names, named, strict=True)}


def parse_sizes(text: str) -> tuple[int, ...]:
    """The shape in ``3,224,224`` or ``3x224x224``. Raises RequestError."""
    parts = text.replace("x", ",").split(",")
    if not all(p.strip().isascii() and p.strip().isdigit() and len(p.strip()) <= 12 for p in parts):
        raise RequestError(
            f"--input takes sizes such as 3,224,224, channels first, not {visible(text, 60)!r}"
        )
    return tuple(int(p) for p in parts)


def parse_settings(pairs: tuple[str, ...], option: str = "--set") -> dict[str, Any]:
    """The settings of ``--set name=value``: TOML values, True, False, None, or text.

    Raises RequestError without a name or =."""
    return {
        name: parse_value(text)
        for name, text in (split_setting(pair, option, "classes=10") for pair in pairs)
    }


def split_setting(pair: str, option: str, example: str) -> tuple[str, str]:
    """Split ``name=value``. Raises RequestError without a name or =."""
    name, equals, text = pair.partition("=")
    if not equals or not name.strip():
        raise RequestError(
            f"{option} takes name=value, not {visible(pair, 60)!r}; for example {option} {example}"
        )
    return name.strip(), text


def parse_value(text: str) -> Any:
    """Parse a TOML value, True, False or None; anything else is text."""
    if text in WORDS:
        return WORDS[text]
    try:
        value = tomllib.loads(f"value = {text}")
        return value["value"] if len(value) == 1 else text
    except (ValueError, RecursionError):
        return text


def parse_space(pairs: tuple[str, ...], inputs: str | None, option: str = "--set") -> Any:
    """Return the DesignSpace of ``width=16..128:16`` and of sizes of the input.

    Raises RequestError for a wrong range, or an argument that is given twice."""
    from cnnspec.search.candidates import INPUT, DesignSpace
    from cnnspec.search.ranges import parse_values

    values: dict[str, tuple[Any, ...]] = {}
    split = [split_setting(pair, option, "width=16..128:16") for pair in pairs]
    for name, text in [*split, *([(INPUT, inputs)] if inputs is not None else [])]:
        if name in values:
            raise RequestError(f"{visible(name, 60)} is given twice; list its values once: 16,32")
        given = option if name != INPUT or inputs is None else "--input"
        values[name] = parse_values(text, parse_value, f"{given} {visible(name, 60)}")
    return DesignSpace(values)
