"""Compare a network's MACs with what another tool counts, operator by operator."""

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.conventions import (
    Convention,
    OperatorCount,
    Uncounted,
    count_by_operator,
    count_node,
    load_convention,
)
from cnnspec.problems import RequestError
from cnnspec.report.columns import Column, count_column
from cnnspec.report.explain import select_rows
from cnnspec.report.formats import add_title_and_notes, render_grid
from cnnspec.units import format_count, format_prefixed, format_shape

RIGHT = (False, True, True, True, True)


def render_convention_gap(
    net: NetworkCosts, name: str, layer: str = "", format: str = "text"
) -> str:
    """Compare our MACs with the count of a convention, for a network or some of its layers.

    Raises RequestError for an unknown convention or layer, and if the convention does not
    determine a count."""
    convention = load_convention(name)
    nodes = [node for row in select_rows(net, layer) for node in row.nodes]
    try:
        counts = count_by_operator(nodes, convention)
    except Uncounted as fault:
        raise RequestError(f"{fault}: no figure of {name} can be given") from None
    shown = [count for count in counts if count.macs or count.theirs]
    total = OperatorCount(
        "Total",
        sum(c.nodes for c in shown),
        sum(c.macs for c in counts),
        sum(c.theirs for c in counts),
        "",
    )
    table = render_grid(
        ["Operator", "Nodes", "Our MACs", name, "Difference"],
        [format_operator_count(count) for count in (*shown, total)],
        RIGHT,
        format,
        total=True,
    )
    part = layer or f"input {format_shape(net.input)}"
    title = f"{net.graph.title} ({net.name}), {part}, as {name} {convention.version} counts it"
    return add_title_and_notes(table, describe_gap(counts, convention), format, [title])


def make_convention_column(name: str) -> Column:
    """Make a table's column with the tool's count for each row.

    Raises RequestError for an unknown tool; its values raise RequestError if the convention does
    not determine a count."""
    convention = load_convention(name)

    def value(row: Row) -> int:
        try:
            return sum(count_node(convention, node) for node in row.nodes)
        except Uncounted as fault:
            raise RequestError(f"{fault}: no column of {name} can be given") from None

    return count_column(name, name, value, total=True)


def format_operator_count(count: OperatorCount) -> list[str]:
    """Format the cells of one operator."""
    sign = "+" if count.difference > 0 else ""
    return [
        count.op,
        format_count(count.nodes),
        format_count(count.macs),
        format_count(count.theirs),
        sign + format_count(count.difference),
    ]


def describe_gap(counts: list[OperatorCount], convention: Convention) -> list[str]:
    """Describe the difference, the rule of each counted operator, and the operators not counted."""
    ours, theirs = sum(c.macs for c in counts), sum(c.theirs for c in counts)
    gap = theirs - ours
    difference = "the same as our MACs"
    if gap:
        size, word = format_count(abs(gap)), "more" if gap > 0 else "less"
        difference = f"{size} {word} than our {format_count(ours)} MACs"
    percent = f" ({100 * gap / ours:+.3f} %)" if gap and ours else ""
    name, unit = convention.name, convention.unit
    figure = f"{format_count(theirs)} {unit} ({format_prefixed(theirs, unit)})"
    free = [f"{c.op} ({c.nodes})" for c in counts if not c.macs and not c.theirs]
    return [
        f"{name} counts {figure}, and prints {convention.printed(theirs)}: {difference}{percent}."
        f" {convention.about}",
        *[f"{c.op}: {c.says}." for c in counts if c.macs or c.theirs],
        *([f"Not counted: {', '.join(free)}."] if free else []),
        "This assumes that each layer is one call of PyTorch's own module of its kind, for one"
        " example. A tool may count more or less for a model that is written in another way.",
    ]
