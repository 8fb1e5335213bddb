"""The formulas of a layer, or of a whole network: with symbols, with the numbers, and the value."""

from math import prod
from typing import Any, NamedTuple

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.graph.model import Node, Origin
from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.report import formula
from cnnspec.report.formats import ESCAPES
from cnnspec.units import format_count, format_prefixed, format_shape


class Explanation(NamedTuple):
    """What there is to say of one node: a heading, where sizes came from, the steps, and
    remarks."""

    heading: str
    origins: list[str]
    steps: list[Step]
    remarks: list[str]


def render_explanations(net: NetworkCosts, layer: str = "", format: str = "text") -> str:
    """The formulas of the rows that ``layer`` names (a row, a node, or a block), or of all. Raises
    RequestError."""
    nodes = [node for row in select_rows(net, layer) for node in row.nodes]
    parts = [explain_node(net, node) for node in nodes]
    if (
        layer
        and net.graph.computed()
        and any(n in net.graph.arguments for node in nodes for n in names_in_origins(node))
    ):
        parts.append(explain_arguments(net))
    elif not layer and net.graph.arguments:
        parts.insert(0, explain_arguments(net))
    written = [WRITERS[format](part) for part in parts]
    if not layer:
        sums = net.totals
        line = (
            f"Total: {format_count(sums.params)} parameters, {format_count(sums.buffers)} buffers,"
            f" {format_count(sums.macs)} MACs = {format_prefixed(sums.macs, 'MACs')}, the sums of the above."
        )
        written = [
            ESCAPES[format](f"{net.graph.title} ({net.name}), input {format_shape(net.input)}"),
            *written,
            ESCAPES[format](line),
        ]
    return "\n\n".join(written)


def select_rows(net: NetworkCosts, layer: str) -> list[Row]:
    """The rows that ``layer`` names, those of training too. Raises RequestError where there are
    none."""
    all_rows = net.rows(training=not net.graph.unfit)
    if not layer:
        return net.layers
    found = [r for r in all_rows if r.name == layer or r.name.startswith(layer + ".")]
    if not found:
        found = [r.replace(nodes=(n,)) for r in all_rows for n in r.nodes if n.name == layer]
    if not found:
        names = [r.name for r in all_rows]
        listed = "its layers are " + ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
        hint = did_you_mean(layer, names, listed)
        raise RequestError(f"{net.name} has no layer {visible(layer, 60)!r}; {hint}")
    return found


def explain_node(net: NetworkCosts, node: Node) -> Explanation:
    """Everything about one node."""
    inputs = " and ".join(f"{n.row} {format_shape(n.output)}" for n in node.inputs)
    heading = f"{node.name}: {node.kind}, {inputs} → {format_shape(node.output)}"
    origins = [*map(describe_origin, node.trace())]
    steps = [
        *node.op.derivation(*node.shapes, y=node.output),
        *dense_layer_step(node),
        *field_steps(net, node),
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
    return Explanation(heading, origins, steps, remarks)


def names_in_origins(node: Node) -> set[str]:
    """The names in the expressions that gave a node's fields their values."""
    return {name for origin in node.trace() for name in origin.values}


def explain_arguments(net: NetworkCosts) -> Explanation:
    """The arguments of the network: those that are given, but for tables of them, and those that
    are computed."""
    computed = net.graph.computed()
    tables = [n for n, v in net.graph.arguments.items() if isinstance(v, list | dict)]
    given = [n for n in net.graph.arguments if n not in (*tables, *(o.name for o in computed))]
    values = ", ".join(f"{n} = {format_value(net.graph.arguments[n])}" for n in given)
    heading = f"arguments of {net.name}" + (f": {values}" if values else "")
    return Explanation(heading, [*map(describe_origin, computed)], [], [])


def describe_origin(origin: Origin) -> str:
    """A value, its expression, and what the names in it stand for, but for tables."""
    told = {
        n: v
        for n, v in origin.values.items()
        if n != origin.text and not isinstance(v, list | dict)
    }
    given = ", ".join(f"{n} = {format_value(v)}" for n, v in told.items())
    return f"{origin.name} = {format_value(origin.value)} from {{{origin.text}}}" + (
        f" with {given}" if given else ""
    )


def format_value(value: Any) -> str:
    """A value of a spec, numbers with the digits that matter."""
    return f"{value:.6g}" if isinstance(value, float) else describe_value(value)


def dense_layer_step(node: Node) -> list[Step]:
    """What a dense layer between the same two shapes would cost, beside a convolution."""
    weights = node.op.parameters(*node.shapes) if node.inputs and len(node.output) > 1 else {}
    if len(weights.get("weight", ())) < 3:
        return []
    x, y = node.shapes[0], node.output
    values = {"n_in": prod(x), "n_out": prod(y)}
    return [Step("weights of a dense layer instead", "n_in*n_out", values, prod(x) * prod(y))]


def field_steps(net: NetworkCosts, node: Node) -> list[Step]:
    """The growth of the receptive field by one sliding window: r + D*(K - 1)*j, j the effective
    stride before it."""
    windows = node.op.axes(*node.shapes)
    before, after = net.fields[node.inputs[0].index], net.fields[node.index]
    if not windows or before.size is None or after.size is None or before.stride is None:
        return []
    triples = set(zip(before.size, before.stride, windows, after.size, strict=True))
    uniform = {(r, j, w.kernel, w.dilation, s) for r, j, w, s in triples}
    if len(uniform) != 1:
        return []
    r, j, k, d, size = uniform.pop()
    if not isinstance(j, int) or r + d * (k - 1) * j != size:
        return []
    return [Step("receptive field", "r + D*(K - 1)*j", {"r": r, "D": d, "K": k, "j": j}, size)]


def explanation_in_text(part: Explanation) -> str:
    lines = [ESCAPES["text"](part.heading), *[f"  {ESCAPES['text'](o)}" for o in part.origins]]
    width = max((len(s.quantity) for s in part.steps), default=0)
    for step in part.steps:
        numbers = formula.substitute_numbers(step)
        lines.append(f"  {step.quantity:{width}} = {step.formula}")
        if numbers not in (step.formula, str(step.result)):
            lines.append(f"  {'':{width}} = {numbers}")
        lines.append(f"  {'':{width}} = {format_count(step.result)}")
    return "\n".join([*lines, *[f"  {ESCAPES['text'](r)}" for r in part.remarks]])


def explanation_in_markdown(part: Explanation) -> str:
    lines = [f"**{ESCAPES['markdown'](part.heading)}**", ""]
    lines += [f"- {ESCAPES['markdown'](o)}" for o in part.origins]
    for s in part.steps:
        lines.append(f"- {s.quantity}: ${' = '.join(formula.latex_stages(s))}$")
    return "\n".join([*lines, *[f"- {ESCAPES['markdown'](r)}" for r in part.remarks]])


def explanation_in_latex(part: Explanation) -> str:
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


WRITERS = {
    "text": explanation_in_text,
    "markdown": explanation_in_markdown,
    "latex": explanation_in_latex,
}
