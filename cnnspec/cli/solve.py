"""cnnspec solve: the window that gives a size, or the argument that meets a condition."""

import click

from cnnspec.cli.command import Command
from cnnspec.cli.memory_options import memory_options
from cnnspec.cli.options import network_options, parse_settings, parse_shape, parse_space
from cnnspec.cli.output import print_page
from cnnspec.problems import RequestError, visible
from cnnspec.search.ranges import parse_values

WINDOW = "window"


class SolveGroup(Command, click.Group):
    """A group whose only command is ``window``; any other word is the name of a network."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] == WINDOW:
            return WINDOW, solve_window, args[1:]
        return args[0], solve_network, args


@click.group(
    cls=SolveGroup,
    name="solve",
    short_help="Find the argument that meets a condition, or a window that gives a size.",
    subcommand_metavar="NAME | window [OPTIONS]",
)
def command() -> None:
    """Find the best value of an argument of NAME, or the windows that give a size.

    \b
    cnnspec solve window --input 224 --output 28
    cnnspec solve window --input 56 --output 28 --kernel 3 --stride 2
    cnnspec solve resnet18 --for input=160..512:32 --where 'macs <= 3G'
    cnnspec solve densenet121 --for growth=8..48 --where 'params <= 5M'
    cnnspec solve vgg16 --for batch=1..512 --where 'training_peak <= 8GiB'

    The options are shown by cnnspec solve window --help and cnnspec solve NAME --help."""


@click.command(cls=Command, name="solve NAME")
@click.argument("name")
@click.option(
    "--for",
    "wanted",
    multiple=True,
    required=True,
    metavar="ARG=LOW..HIGH",
    help="An argument and its values; also input=160..512:32 and batch=1..1024. Repeatable.",
)
@click.option(
    "--where",
    "conditions",
    multiple=True,
    required=True,
    metavar="CONDITION",
    help="A condition on a measure of cnnspec compare, such as 'params <= 5M'. Repeatable.",
)
@click.option("--maximize", metavar="MEASURE", help="Of what fits, the largest MEASURE.")
@click.option("--minimize", metavar="MEASURE", help="Of what fits, the smallest MEASURE.")
@memory_options
@network_options
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.pass_context
def solve_network(
    ctx: click.Context,
    name: str,
    wanted: tuple[str, ...],
    conditions: tuple[str, ...],
    maximize: str | None,
    minimize: str | None,
    batch: int,
    dtype: str,
    optimizer: str,
    settings: tuple[str, ...],
    input_shape: str | None,
    max_lines: int,
    format_: str,
) -> None:
    """Find the value of --for with which NAME meets --where. Exits with 1 if there is none.

    Without --maximize or --minimize, the first condition decides: an upper bound wants its measure
    as large as possible, a lower bound as small as possible."""
    from cnnspec.analyses.comparison import DEFAULT, ComparisonSettings, find_measure
    from cnnspec.analyses.comparison_selection import parse_condition
    from cnnspec.report.solution import render_solution
    from cnnspec.search.conditions import check_conditions
    from cnnspec.search.evaluator import CandidateEvaluator
    from cnnspec.search.selection import parse_direction
    from cnnspec.search.solve import choose_goal, solve

    if maximize and minimize:
        raise RequestError("--maximize and --minimize exclude each other")
    space = parse_space(wanted, None, "--for")
    parsed = [parse_condition(text, "--where") for text in conditions]
    check_conditions(parsed, "--where")
    option, given = ("--maximize", f"-{maximize}") if maximize else ("--minimize", minimize)
    goal = parse_direction(given, option) if given else choose_goal(parsed)
    setting = ComparisonSettings(batch, dtype, optimizer)
    fixed, shape = parse_settings(settings), parse_shape(input_shape)
    keys = dict.fromkeys([*(c.measure.key for c in parsed), goal.measure.key, *DEFAULT[1:3]])
    measures = [find_measure(key) for key in keys]
    evaluator = CandidateEvaluator(
        name, space, setting, measures, fixed=fixed, shape=shape, max_lines=max_lines
    )
    found = solve(evaluator, space, parsed, goal)
    print_page(render_solution(evaluator.name, found, measures, goal, conditions, format_))
    ctx.exit(0 if found.best else 1)


@click.command(cls=Command, name="solve window")
@click.option("--input", "size", required=True, type=click.IntRange(1, 2**31), metavar="N")
@click.option("--output", required=True, type=click.IntRange(1, 2**31), metavar="N")
@click.option("--op", type=click.Choice(["conv", "pool", "conv_transpose"]), default="conv")
@click.option("--kernel", metavar="VALUES", help="Kernel sizes: 3, or 1..7  [default: 1..11]")
@click.option(
    "--stride", metavar="VALUES", help="[default: from 1 to the ratio of the sizes, and one more]"
)
@click.option("--padding", metavar="VALUES", help="[default: from 0 to half of the kernel]")
@click.option("--dilation", metavar="VALUES", help="[default: 1]")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1))
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.pass_context
def solve_window(
    ctx: click.Context,
    size: int,
    output: int,
    op: str,
    kernel: str | None,
    stride: str | None,
    padding: str | None,
    dilation: str | None,
    limit: int,
    format_: str,
) -> None:
    """Find the windows that turn a size into another, simplest first. Exits with 1 without one."""
    from cnnspec.report.windows import render_windows, render_windows_json
    from cnnspec.search.windows import WindowRanges, describe_ranges, find_windows

    given = {"--kernel": kernel, "--stride": stride, "--padding": padding, "--dilation": dilation}
    values = [parse_sizes(option, text) for option, text in given.items()]
    ranges = WindowRanges(*values)
    found, exact = find_windows(op, size, output, ranges)
    if format_ == "json":
        print_page(render_windows_json(found, exact, output))
    else:
        tried = describe_ranges(op, size, output, ranges)
        print_page(render_windows(found, exact, output, tried, limit))
    ctx.exit(0 if exact else 1)


def parse_sizes(option: str, text: str | None) -> tuple[int, ...] | None:
    """Parse the values of a window's setting; None for None. Raises RequestError."""
    if text is None:
        return None

    def parse_size(part: str) -> int:
        if not (part.isascii() and part.isdigit() and len(part) <= 9):
            raise RequestError(f"{option} takes sizes such as 3 or 1..7, not {visible(part, 40)!r}")
        return int(part)

    values = parse_values(text, parse_size, option)
    least = 0 if option == "--padding" else 1
    if min(values) < least:
        raise RequestError(f"{option} is at least {least}, not {min(values)}")
    return values
