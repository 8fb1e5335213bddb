"""Inlay hints: the output shape, parameters and MACs of each line, shown at its end."""

from cnnspec.editor.document import Document, find_line_items
from cnnspec.editor.line_costs import LineCost
from cnnspec.editor.positions import Position
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.records import Record
from cnnspec.units import Shape, format_count, format_plural, format_shape, format_short


class InlayHint(Record):
    """A hint behind the text at ``position``, with the exact numbers.

    The numbers are sums over all calls of a line, or the totals of the network. ``stale`` hints are
    of the last good version of the text."""

    position: Position
    label: str
    tooltip: str
    calls: int
    shapes: tuple[Shape, ...]
    params: int
    macs: int
    stale: bool = False


def find_inlay_hints(
    document: Document, first: int = 0, last: int | None = None
) -> list[InlayHint]:
    """Return the hints of the lines of text from ``first`` to ``last``, counted from 0.

    The network's own list of layers has its totals; each line of a list has its own numbers."""
    network = document.network
    if network is None:
        return []
    syntax, lines = document.syntax, document.lines
    stale = document.own_network is None
    shown = [*find_line_items(syntax)]
    ends = {lines.position(item.span[1]).line: item for item in shown}
    hints = []
    totals = syntax.by_path.get(("layers",))
    if totals is not None:
        sums, graph = network.net.totals, network.net.graph
        shapes = tuple(node.output for node in graph.outputs)
        cost = LineCost(1, shapes, sums.params, sums.buffers, sums.macs)
        position = lines.position(lines.end(lines.position(totals.span[0]).line))
        label = f"{graph.name}: {describe_numbers(cost)}"
        hints.append(make_hint(position, label, cost, stale))
    for item in shown:
        cost_of_line = document.line_cost(item.path)
        if cost_of_line is not None:
            line = lines.position(item.span[1]).line
            at_end = ends[line] is item and covers_line(item, document)
            position = lines.position(lines.end(line) if at_end else item.span[1])
            hints.append(make_hint(position, describe_cost(cost_of_line), cost_of_line, stale))
    wanted = range(first, len(lines.starts) if last is None else last + 1)
    return [hint for hint in hints if hint.position.line in wanted]


def covers_line(item: SyntaxItem, document: Document) -> bool:
    """Tell whether nothing but a comma, brackets and a comment follow an item on its line."""
    line = document.lines.position(item.span[1]).line
    rest = document.text[item.span[1] : document.lines.end(line)].partition("#")[0]
    return not rest.strip(" \t,]}")


def make_hint(position: Position, label: str, cost: LineCost, stale: bool) -> InlayHint:
    """Return the hint with the costs of a line or a network."""
    shapes = ", ".join(map(format_shape, cost.shapes))
    tooltip = (
        f"output {shapes}\n{format_count(cost.params)} parameters,"
        f" {format_count(cost.buffers)} buffers, {format_count(cost.macs)} MACs"
    )
    if cost.calls > 1:
        tooltip += f"\nsums over {format_plural(cost.calls, 'call')} of this line"
    if stale:
        tooltip += "\nof the last version of the text that had no errors"
    return InlayHint(
        position, label, tooltip, cost.calls, cost.shapes, cost.params, cost.macs, stale
    )


def describe_cost(cost: LineCost) -> str:
    """Return the label of a line: ``64x56x56, 4,160 params, 12.8M MACs``, or with its calls.

    >>> describe_cost(LineCost(1, ((64, 56, 56),), 4160, 0, 12_845_056))
    '64x56x56, 4,160 params, 12.85M MACs'
    >>> describe_cost(LineCost(16, ((64, 56, 56), (128, 28, 28)), 0, 0, 0))
    '16 calls, 2 shapes'
    """
    if len(cost.shapes) == 1:
        shape = format_shape(cost.shapes[0])
    elif cost.calls == 1:
        shape = " and ".join(map(format_shape, cost.shapes))
    else:
        shape = format_plural(len(cost.shapes), "shape")
    parts = [f"{format_count(cost.calls)} calls"] if cost.calls > 1 else []
    numbers = describe_numbers(cost)
    text = ", ".join([*parts, shape, *([numbers] if numbers else [])])
    return f"{text} (training only)" if cost.training_only else text


def describe_numbers(cost: LineCost) -> str:
    """Return parameters and MACs in short, without those that are 0."""
    params = format_count(cost.params) if cost.params < 10**5 else format_short(cost.params)
    parts = [f"{params} params"] if cost.params else []
    macs = format_count(cost.macs) if cost.macs < 10**5 else format_short(cost.macs)
    return ", ".join([*parts, *([f"{macs} MACs"] if cost.macs else [])])
