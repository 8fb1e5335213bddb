"""Translate the flat calls of one run into the nodes of an imported graph."""

from collections.abc import Iterator

from cnnspec.analyses.flat_calls import FlatCall, FlatRun, Value, list_values
from cnnspec.importing.canonical import (
    arithmetic,
    attention,
    composed_attention,
    concatenation,
    maps,
    norms,
    positions,
    products,
    recurrent,
    response_norms,
    views,
    weighted_sums,
    written_l2norm,
    written_lrn,
    written_norms,
)
from cnnspec.importing.canonical.graph_builder import CALL_FAULTS, ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import Factor, TensorLayout
from cnnspec.importing.canonical.views import Rule
from cnnspec.importing.imported_graph import ImportedNode
from cnnspec.records import Record
from cnnspec.units import Shape

OPERATOR = "operator"  # a call in a model file, with the kind, inputs, fields and weights


def append_operator(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Append an operator that a model file has and PyTorch has no call for, such as lrn."""
    given = call.arguments
    nodes = tuple([builder.arrange_map(builder.layout(value)) for value in given["inputs"]])
    made = builder.append(given["kind"], given["fields"], nodes, tuple(given["weights"]))
    return builder.whole_layout(made)


RULES: dict[str, Rule] = {
    **views.RULES,
    **weighted_sums.RULES,
    **norms.RULES,
    **recurrent.RULES,
    **maps.RULES,
    **arithmetic.RULES,
    **concatenation.RULES,
    **products.RULES,
    **attention.RULES,
    **positions.RULES,
    **response_norms.RULES,
    **written_norms.RULES,
    **written_lrn.RULES,
    **written_l2norm.RULES,
    OPERATOR: append_operator,
}
NAMING = (  # of functions that a model, or PyTorch, writes out as several calls
    composed_attention.name_composed_attention,
    response_norms.name_response_norms,
    written_norms.name_written_norms,
    written_lrn.name_written_lrn,
    written_l2norm.name_written_l2norms,
)
READS_VALUE = "Python reads a value of a tensor, and what runs next may depend on it"
REASONS = {
    **dict.fromkeys(("_local_scalar_dense", "item", "is_nonzero", "equal"), READS_VALUE),
    "random": "it combines a value with random numbers in a way that no dropout does",
}


class Complaint(Record):
    """A call that cannot be translated, and why."""

    call: FlatCall
    reason: str

    def __str__(self) -> str:
        at = f" ({self.call.source})" if self.call.source else ""
        name = self.call.arguments.get("kind", self.call.name).removesuffix("_")
        return f"{self.call.path or 'the model'}: {name}{at}: {self.reason}"


class TranslatedRun(Record):
    """The nodes of one run, the nodes that it returns, and what could not be translated."""

    nodes: tuple[ImportedNode, ...]
    outputs: tuple[int, ...]
    complaints: tuple[Complaint, ...]


def translate_run(
    run: FlatRun, parameters: dict[str, Shape], initial: dict[str, float] | None = None
) -> TranslatedRun:
    """Translate a run. ``parameters`` are the trained tensors with their shapes.

    ``initial`` are the values of those whose elements are equal.

    After a call that cannot be translated, the translation goes on, to find all of them. A call
    that reads a result of such a call is named only where no operator does the like at all."""
    for name_functions in NAMING:
        run = name_functions(run)
    builder, complaints = ImportBuilder(parameters, initial or {}, run.fixed), []
    unknown: set[int] = set()  # calls whose layout is a guess
    for index, call in enumerate(run.calls):
        builder.call = call
        values = list_values(call.arguments)
        guessed = any(v.call in unknown for v in values)
        try:
            layouts = translate_call(builder, call)
        except CALL_FAULTS as error:
            known = isinstance(error, UnsupportedCall)
            if not guessed or find_rule(call.name) is None:
                reason = str(error) if known else "it is called in a way that is not known"
                complaints.append(Complaint(call, reason))
            layouts = []
        if not layouts:
            unknown.add(index)
            layouts = [append_leaf(builder, "unknown", shape) for shape in call.outputs]
        elif guessed:
            unknown.add(index)
        for port, layout in enumerate(layouts):
            builder.layouts[index, port] = layout
    outputs = []
    for value, call in read_outputs(run):
        builder.call = call.replace(name="output")
        try:
            if value.call not in unknown:
                node = builder.arrange_map(builder.layout(value))
                if builder.nodes[node].kind == "input":  # a network has a layer at least
                    node = builder.append("identity", {}, (node,))
                outputs.append(node)
        except UnsupportedCall as error:
            complaints.append(Complaint(builder.call, str(error)))
    return TranslatedRun(tuple(builder.nodes), tuple(outputs), tuple(complaints))


def translate_call(builder: ImportBuilder, call: FlatCall) -> list[TensorLayout]:
    """Return the layouts of a call's outputs. Raises UnsupportedCall."""
    if call.name == "input":
        return [append_input(builder, call)]
    rule = find_rule(call.name)
    if rule is None:
        raise UnsupportedCall(REASONS.get(call.name, "no operator does this"))
    found = rule(builder, call)
    return [found] if isinstance(found, TensorLayout) else found


def find_rule(name: str) -> Rule | None:
    """Return the rule for a call of PyTorch, None if no operator does what it does."""
    return RULES.get(name) or RULES.get(name.removesuffix("_"))


def append_input(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Append an input of the network."""
    builder.batch = (Factor(0, call.outputs[0][0]),)
    return append_leaf(builder, "input", call.outputs[0])


def append_leaf(builder: ImportBuilder, kind: str, shape: Shape) -> TensorLayout:
    """Append a node that reads nothing, and return its layout as a tensor (N, C, ...)."""
    builder.nodes.append(ImportedNode(kind, {}, (), shape[1:]))
    return builder.whole_layout(len(builder.nodes) - 1)


def read_outputs(run: FlatRun) -> Iterator[tuple[Value, FlatCall]]:
    """Yield the values that a run returned, with the calls that made them."""
    for value in run.outputs:
        if isinstance(value, Value):
            yield value, run.calls[value.call]
