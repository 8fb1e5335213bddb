"""The page of a gap: what another tool would print for the same network, and which operators add
how much."""

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.conventions import (
    Convention,
    OperatorCount,
    Uncounted,
    count_by_operator,
    load_convention,
)
from cnnspec.conventions import count_node as count_of
from cnnspec.problems import RequestError
from cnnspec.report.columns import Column, count_column
from cnnspec.report.explain import select_rows
from cnnspec.report.formats import add_title_and_notes, render_grid
from cnnspec.units import format_count, format_prefixed, format_shape

RIGHT = (False, True, True, True, True)


def counted(net: NetworkCosts, name: str, layer: str = "", format: str = "text") -> str:
    """The gap to the convention called ``name``, of a whole network or of what ``layer`` names.

    Raises RequestError for a convention or layer that there is not, and where the convention says
    nothing."""
    of = load_convention(name)
    nodes = [node for row in select_rows(net, layer) for node in row.nodes]
    try:
        found = count_by_operator(nodes, of)
    except Uncounted as fault:
        raise RequestError(f"{fault}: no figure of {name} can be given") from None
    what = f"{net.graph.title} ({net.name})" + (
        f", {layer}" if layer else f", input {format_shape(net.input)}"
    )
    shown = [part for part in found if part.macs or part.theirs]
    rows = [cells(part) for part in shown]
    rows.append(
        cells(
            OperatorCount(
                "Total",
                sum(p.nodes for p in shown),
                sum(p.macs for p in found),
                sum(p.theirs for p in found),
                "",
            )
        )
    )
    table = render_grid(
        ["Operator", "Nodes", "MACs here", of.name, "Difference"], rows, RIGHT, format, total=True
    )
    return add_title_and_notes(
        table, remarks(found, of), format, [f"{what}, as {of.name} {of.version} counts it"]
    )


def column(name: str) -> Column:
    """The column of a table with what a tool counts for each row. Raises RequestError for a tool
    that there is not.

    Its values raise RequestError where the convention says nothing.
    """
    of = load_convention(name)

    def value(row: Row) -> int:
        try:
            return sum(count_of(of, node) for node in row.nodes)
        except Uncounted as fault:
            raise RequestError(f"{fault}: no column of {name} can be given") from None

    return count_column(name, name, value, total=True)


def cells(part: OperatorCount) -> list[str]:
    sign = "+" if part.difference > 0 else ""
    return [
        part.op,
        format_count(part.nodes),
        format_count(part.macs),
        format_count(part.theirs),
        sign + format_count(part.difference),
    ]


def remarks(found: list[OperatorCount], of: Convention) -> list[str]:
    """The gap in a sentence, then the rule of every operator that counts, and the operators that do
    not."""
    ours, theirs = sum(p.macs for p in found), sum(p.theirs for p in found)
    gap = theirs - ours
    how = (
        f"{format_count(abs(gap))} {'more' if gap > 0 else 'less'} than the {format_count(ours)} MACs here"
        if gap
        else ("the same as the MACs here")
    )
    percent = f" ({100 * gap / ours:+.3f} %)" if gap and ours else ""
    free = [f"{p.op} ({p.nodes})" for p in found if not p.macs and not p.theirs]
    return [
        (
            f"{of.name} gives {format_count(theirs)} {of.unit} ({format_prefixed(theirs, of.unit)}), and prints"
            f" {of.printed(theirs)}: {how}{percent}. {of.about}"
        ),
        *[f"{p.op}: {p.says}." for p in found if p.macs or p.theirs],
        *([f"Nothing is counted for {', '.join(free)}."] if free else []),
        (
            "Counted as if each layer were a call of torch's own module of its kind, once for one"
            " example; of a model that is written otherwise, a tool may see more or less."
        ),
    ]
