"""The formulas of a layer or of a whole network: with symbols, with numbers, and their values."""

from collections.abc import Iterable
from math import prod
from typing import Any

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.graph.model import Node, Origin
from cnnspec.ops.kit.derivation import Step, find_meaning
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import RequestError, did_you_mean, list_first, visible
from cnnspec.records import Record
from cnnspec.report import formula
from cnnspec.report.formats import ESCAPES
from cnnspec.units import format_count, format_prefixed, format_shape

SYMBOLS = {  # of the steps that this module adds to an operator's own
    "n_in": "elements of the input",
    "n_out": "elements of the output",
    "r": "receptive field before the layer",
    "j": "effective stride before the layer: the distance of neighbouring inputs in pixels",
}


class Explanation(Record):
    """What is printed about one node."""

    heading: str
    origins: list[str]  # where the values of fields came from
    steps: list[Step]
    remarks: list[str]
    symbols: dict[str, str] = {}  # the meanings that the operator gives


def render_explanations(net: NetworkCosts, layer: str = "", format: str = "text") -> str:
    """The formulas of the rows that ``layer`` names (a row, a node or a block), or of all rows.

    A legend of their symbols follows. Raises RequestError for an unknown layer."""
    nodes = [node for row in select_rows(net, layer) for node in row.nodes]
    parts = [explain_node(net, node) for node in nodes]
    legend = legend_of_symbols(parts)
    names = {name for node in nodes for name in names_in_origins(node)}
    if layer and net.graph.computed() and names & net.graph.arguments.keys():
        parts.append(explain_arguments(net))
    elif not layer and net.graph.arguments:
        parts.insert(0, explain_arguments(net))
    texts = [WRITERS[format](part) for part in parts]
    if not layer:
        sums = net.totals
        total = (
            f"Total: {format_count(sums.params)} parameters, {format_count(sums.buffers)} buffers,"
            f" {format_count(sums.macs)} MACs = {format_prefixed(sums.macs, 'MACs')}: the sums of"
            " the rows above."
        )
        title = f"{net.graph.title} ({net.name}), input {format_shape(net.input)}"
        texts = [ESCAPES[format](title), *texts, ESCAPES[format](total)]
    return "\n\n".join([*texts, *([LEGENDS[format](legend)] if legend else [])])


def select_rows(net: NetworkCosts, layer: str) -> list[Row]:
    """The rows that ``layer`` names, also training-only ones; all rows at inference for "".

    Raises RequestError for an unknown layer."""
    if not layer:
        return net.layers
    rows = net.rows(training=not net.graph.unfit)
    found = [r for r in rows if r.name == layer or r.name.startswith(layer + ".")]
    found = found or [r.replace(nodes=(n,)) for r in rows for n in r.nodes if n.name == layer]
    if not found:
        names = [r.name for r in rows]
        hint = did_you_mean(layer, names, "its layers are " + list_first(names))
        raise RequestError(f"{net.name} has no layer {visible(layer, 60)!r}; {hint}")
    return found


def explain_node(net: NetworkCosts, node: Node) -> Explanation:
    """The explanation of one node: its operator's derivation and its receptive field."""
    inputs = " and ".join(f"{n.row} {format_shape(n.output)}" for n in node.inputs)
    heading = f"{node.name}: {node.kind}, {inputs} → {format_shape(node.output)}"
    steps = [
        *node.op.derivation(*node.shapes, y=node.output),
        *dense_layer_step(node),
        *receptive_field_step(net, node),
    ]
    remarks = []
    if node.shares:
        remarks.append(
            f"shares the parameters of {node.shares.name}: they are counted there, and 0 here"
        )
    field = net.fields[node.index]
    if field.size is None:
        remarks.append(f"receptive field: {field.note or 'the whole input'}")
    elif not any(s.quantity.startswith("receptive field") for s in steps):
        stride = "x".join(map(str, field.stride or ()))
        remarks.append(f"receptive field {format_shape(field.size)}, effective stride {stride}")
    origins = [*map(describe_origin, node.trace())]
    return Explanation(heading, origins, steps, remarks, node.op.symbols)


def explain_arguments(net: NetworkCosts) -> Explanation:
    """The arguments of the network: the given ones (without tables), then the computed ones."""
    computed = net.graph.computed()
    tables = [n for n, v in net.graph.arguments.items() if isinstance(v, list | dict)]
    given = [n for n in net.graph.arguments if n not in (*tables, *(o.name for o in computed))]
    values = ", ".join(f"{n} = {format_value(net.graph.arguments[n])}" for n in given)
    heading = f"arguments of {net.name}" + (f": {values}" if values else "")
    return Explanation(heading, [*map(describe_origin, computed)], [], [])


def names_in_origins(node: Node) -> set[str]:
    """The names in the expressions that gave a node's fields their values."""
    return {name for origin in node.trace() for name in origin.values}


def describe_origin(origin: Origin) -> str:
    """A value, its expression, and the values of the names in it (without tables)."""
    shown = {
        name: value
        for name, value in origin.values.items()
        if name != origin.text and not isinstance(value, list | dict)
    }
    given = ", ".join(f"{name} = {format_value(value)}" for name, value in shown.items())
    text = f"{origin.name} = {format_value(origin.value)} from {{{origin.text}}}"
    return f"{text} with {given}" if given else text


def format_value(value: Any) -> str:
    """A value of a spec; a fraction with six significant digits."""
    return f"{value:.6g}" if isinstance(value, float) else describe_value(value)


def dense_layer_step(node: Node) -> list[Step]:
    """For a convolution: the weights of a dense layer with the same input and output."""
    weights = node.op.parameters(*node.shapes) if node.inputs and len(node.output) > 1 else {}
    if len(weights.get("weight", ())) < 3:
        return []
    x, y = node.shapes[0], node.output
    values = {"n_in": prod(x), "n_out": prod(y)}
    return [Step("weights of a dense layer instead", "n_in*n_out", values, prod(x) * prod(y))]


def receptive_field_step(net: NetworkCosts, node: Node) -> list[Step]:
    """The growth of the receptive field by a sliding window: r + D*(K - 1)*j.

    Nothing where the dimensions differ or the formula does not give the receptive field."""
    windows = node.op.axes(*node.shapes)
    before, after = net.fields[node.inputs[0].index], net.fields[node.index]
    if not windows or before.size is None or after.size is None or before.stride is None:
        return []
    dimensions = {
        (r, j, window.kernel, window.dilation, size)
        for r, j, window, size in zip(before.size, before.stride, windows, after.size, strict=True)
    }
    if len(dimensions) != 1:
        return []
    r, j, k, d, size = dimensions.pop()
    if not isinstance(j, int) or r + d * (k - 1) * j != size:
        return []
    return [Step("receptive field", "r + D*(K - 1)*j", {"r": r, "D": d, "K": k, "j": j}, size)]


def legend_of_symbols(parts: Iterable[Explanation]) -> dict[str, str]:
    """The meaning of each symbol in the formulas, in alphabetical order."""
    found: dict[str, dict[str, None]] = {}
    for part in parts:
        for symbol in dict.fromkeys(symbol for step in part.steps for symbol in step.values):
            if meaning := find_meaning(symbol, {**SYMBOLS, **part.symbols}):
                found.setdefault(meaning[0], {})[meaning[1]] = None
    return {name: "; or ".join(found[name]) for name in sorted(found, key=lambda s: (s.lower(), s))}


def explanation_in_text(part: Explanation) -> str:
    """An explanation as lines of text, a formula below the other."""
    escape = ESCAPES["text"]
    lines = [escape(part.heading), *[f"  {escape(o)}" for o in part.origins]]
    width = max((len(s.quantity) for s in part.steps), default=0)
    for step in part.steps:
        numbers = formula.substitute_numbers(step)
        lines.append(f"  {step.quantity:{width}} = {step.formula}")
        if numbers not in (step.formula, str(step.result)):
            lines.append(f"  {'':{width}} = {numbers}")
        lines.append(f"  {'':{width}} = {format_count(step.result)}")
    return "\n".join([*lines, *[f"  {escape(r)}" for r in part.remarks]])


def explanation_in_markdown(part: Explanation) -> str:
    """An explanation as a list with formulas in LaTeX."""
    escape = ESCAPES["markdown"]
    lines = [f"**{escape(part.heading)}**", "", *[f"- {escape(o)}" for o in part.origins]]
    for s in part.steps:
        lines.append(f"- {s.quantity}: ${' = '.join(formula.latex_stages(s))}$")
    return "\n".join([*lines, *[f"- {escape(r)}" for r in part.remarks]])


def explanation_in_latex(part: Explanation) -> str:
    """An explanation as a paragraph with aligned formulas."""
    escape = ESCAPES["latex"]
    lines = [
        rf"\paragraph{{{escape(part.heading)}}}",
        *[escape(o) + r"\newline" for o in part.origins],
    ]
    rows = [
        rf"  \text{{{escape(s.quantity)}}} &= {' = '.join(formula.latex_stages(s))}"
        for s in part.steps
    ]
    lines += [r"\begin{align*}", "\\\\\n".join(rows), r"\end{align*}"] if rows else []
    return "\n".join([*lines, *map(escape, part.remarks)])


def legend_in_text(legend: dict[str, str]) -> str:
    """The symbols, one a line."""
    width = max(map(len, legend))
    return "\n".join(["Symbols:", *[f"  {s:{width}}  {text}" for s, text in legend.items()]])


def legend_in_markdown(legend: dict[str, str]) -> str:
    """The symbols as a list."""
    lines = [f"- ${formula.formula_in_latex(s)}$: {text}" for s, text in legend.items()]
    return "\n".join(["**Symbols**", "", *lines])


def legend_in_latex(legend: dict[str, str]) -> str:
    """The symbols as a paragraph."""
    escape = ESCAPES["latex"]
    lines = [f"${formula.formula_in_latex(s)}$: {escape(text)}" for s, text in legend.items()]
    return "\n".join([r"\paragraph{Symbols}", ";\n".join(lines) + "."])


WRITERS = {
    "text": explanation_in_text,
    "markdown": explanation_in_markdown,
    "latex": explanation_in_latex,
}
LEGENDS = {"text": legend_in_text, "markdown": legend_in_markdown, "latex": legend_in_latex}
