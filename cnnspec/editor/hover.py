"""Hover: the numbers of a line with their formulas, or the documentation of what is pointed at."""

from cnnspec.editor.descriptions import (
    FUNCTION_DOCS,
    describe_argument,
    describe_block,
    describe_field,
    describe_key,
    describe_operator,
    describe_rule,
    topic_of_key,
)
from cnnspec.editor.document import Document, find_line_items, line_path
from cnnspec.editor.inlay_hints import describe_cost
from cnnspec.editor.layer_names import find_layer
from cnnspec.editor.line_costs import LineCost
from cnnspec.editor.positions import Position, Range
from cnnspec.editor.targets import Target, find_target, is_block, is_operator
from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.report.explain import explain_node, explanation_in_text, legend_of_symbols
from cnnspec.spec.source import Path
from cnnspec.units import format_count, format_plural, format_shape

MAX_ROWS = 12  # of a table of calls


class Hover(Record):
    """What is shown about a range of the text, as Markdown."""

    range: Range
    markdown: str


def find_hover(document: Document, position: Position) -> Hover | None:
    """Return the documentation or numbers of what is at a position, or None."""
    target = find_target(document, document.offset(position))
    if target is None:
        return None
    markdown = describe_target(document, target)
    return Hover(document.lines.range(target.span), markdown) if markdown else None


def find_line_hover(document: Document, position: Position) -> Hover | None:
    """Return the numbers of the line of a list that a position is in, or that is in its row.

    For a line that has no numbers yet it is the documentation of its operator or block, and outside
    of all lines what :func:`find_hover` returns."""
    offset, row = document.offset(position), position.line
    spans = {
        item.path: document.lines.range(item.span) for item in find_line_items(document.syntax)
    }
    near = [path for path, s in spans.items() if s.start.line <= row <= s.end.line]
    before = [path for path in near if document.syntax.by_path[path].span[0] <= offset]
    for path in [*before[-1:], *near[:1]]:
        markdown = describe_line(document, path, document.line_cost(path))
        if not markdown and (op := document.syntax.string_at((*path, "op"))):
            known = is_operator(op) and not is_block(document, op)
            markdown = describe_operator(op) if known else describe_block(document, op)
        if markdown:
            return Hover(spans[path], markdown)
    return find_hover(document, position)


def describe_target(document: Document, target: Target) -> str:
    """Return the Markdown about a target; "" where there is nothing to say."""
    line = line_path(target.path)
    cost = document.line_cost(line) if line else None
    match target.kind:
        case "operator":
            return describe_operator(target.name)
        case "block":
            numbers = describe_line(document, line, cost) if line else ""
            return "\n\n".join(filter(None, [describe_block(document, target.name), numbers]))
        case "field":
            return describe_field(document, target.owner, target.name) or describe_key(target.name)
        case "key":
            return describe_key(topic_of_key(target.path))
        case "argument":
            return describe_argument(document, target.name, target.owner, cost)
        case "function":
            return f"`{target.name}`: {FUNCTION_DOCS[target.name]}"
        case "rule":
            return describe_rule(target.name)
        case "variant":
            return describe_variant(document, target.name)
        case "line":
            return describe_line(document, target.path, cost)
        case "layer":
            return describe_layer(document, target)
    return ""


def describe_layer(document: Document, target: Target) -> str:
    """Return the numbers of the line that a name means; the input's shape for "input"."""
    layer = find_layer(document, target.span[0])
    if layer is not None and layer.document is document:
        return describe_line(document, layer.path, document.line_cost(layer.path))
    if layer is None and target.name == "input" and document.network is not None:
        inputs = document.network.net.graph.inputs
        shapes = ", ".join(f"{node.name} {format_shape(node.output)}" for node in inputs)
        return "the input of the block" if target.owner else f"input: {shapes}"
    return ""


def describe_variant(document: Document, name: str) -> str:
    """Return the totals of the network if it is the one that is shown."""
    network = document.network
    if network is None or network.net.name != name:
        return f"`{visible(name)}`: a variant of the network"
    sums = network.net.totals
    return (
        f"`{visible(name)}`: {format_count(sums.params)} parameters, {format_count(sums.buffers)}"
        f" buffers, {format_count(sums.macs)} MACs"
    )


def describe_line(document: Document, path: Path | None, cost: LineCost | None) -> str:
    """Return the numbers of a line and, if it calls an operator, the formulas of its layers."""
    network = document.network
    if path is None or cost is None or network is None:
        return ""
    name = document.syntax.string_at((*path, "name")) or ""
    head = f"**{visible(name)}** in {visible(network.net.name)}: {describe_cost(cost)}"
    if not cost.nodes:
        shapes = "; ".join(map(format_shape, cost.shapes[:MAX_ROWS]))
        more = " and others" if len(cost.shapes) > MAX_ROWS else ""
        return f"{head}\n\nOutput {shapes}{more}"
    first = [node for node in cost.nodes if node.row == cost.nodes[0].row]
    parts = [explain_node(network.net, node) for node in first]
    legend = legend_of_symbols(parts)
    blocks = [explanation_in_text(part) for part in parts]
    if legend:
        blocks.append("\n".join(f"{symbol}: {meaning}" for symbol, meaning in legend.items()))
    text = "\n\n".join(blocks)
    table = describe_calls(cost) if cost.calls > 1 else ""
    what = "The first of them:\n\n" if cost.calls > 1 else ""
    return "\n\n".join(filter(None, [head, table, f"{what}```text\n{text}\n```"]))


def describe_calls(cost: LineCost) -> str:
    """Return a table of the different inputs and outputs of a line that is called often."""
    found: dict[tuple[str, str], list[Node]] = {}
    for node in cost.nodes:
        if not node.part:
            inputs = " and ".join(map(format_shape, node.shapes))
            found.setdefault((inputs, format_shape(node.output)), []).append(node)
    rows = [f"| {len(nodes)} | {inputs} | {output} |" for (inputs, output), nodes in found.items()]
    more = len(rows) - MAX_ROWS
    end = f"\n\nand {format_plural(more, 'other pair')} of shapes" if more > 0 else ""
    return "| Calls | Input | Output |\n|--:|:--|:--|\n" + "\n".join(rows[:MAX_ROWS]) + end
