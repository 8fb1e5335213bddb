"""What a network starts from: its arguments and inputs, checked, and those given from outside."""

from math import prod
from typing import Any

from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import MISSING, Unresolved, WrittenValue
from cnnspec.graph.infer import MAX_ELEMENTS
from cnnspec.graph.model import Call, Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.ops.input import Input
from cnnspec.ops.kit.fields import MAX_SIZE, describe_value, is_int
from cnnspec.problems import Problem, Where, did_you_mean, visible
from cnnspec.spec.expressions import evaluate_value
from cnnspec.spec.model import NamedModel, Variant
from cnnspec.spec.scope import UNKNOWN, ExpressionError, Scope, UnknownValue
from cnnspec.units import Shape, format_shape

NETWORK_CALL: Any = Call((), "", {})  # the call of the network's own lines
Path = tuple[str | int, ...]


def network_arguments(
    expansion: Expansion, variant: Variant | None, settings: dict[str, Any]
) -> tuple[Scope, list[Problem]]:
    """Evaluate the arguments of a network, in the order of their declaration.

    A setting from outside comes before the variant's, and that before the default. Returns the
    scope, and the problems of settings that the network does not declare.
    """
    spec, problems = expansion.spec, []
    for key in settings.keys() - spec.args.keys():
        listed = "it declares " + (", ".join(spec.args) or "none")
        message = f"{visible(key, 60)} is not an argument of {visible(spec.name)}"
        hint = did_you_mean(key, list(spec.args), listed)
        problems.append(Problem(Where(f"--set {key}"), "L015", message, hint))
    scope = Scope({}, work=expansion.work)
    scope.below = spec.args
    for key, default in spec.args.items():
        path: Path = ("args", key)
        value = default
        if variant is not None and key in variant.args:
            value, path = variant.args[key], ("variants", variant.name, key)
        value = settings.get(key, value)
        try:
            scope.own[key] = evaluate_value(value, scope)
            scope.written[key] = value, None
        except ExpressionError as error:
            expansion.log.add(spec.source, path, "L007", error.message, error.hint, NETWORK_CALL)
            scope.own[key] = UNKNOWN
        except UnknownValue:
            scope.own[key] = UNKNOWN
    return scope, problems


def network_inputs(
    expansion: Expansion,
    variant: Variant | None,
    written: Any,
    scope: Scope,
    replaced: Shape | None,
) -> tuple[dict[str, Any], list[Problem]]:
    """Add the input nodes to the network.

    ``written`` is the value of the key `input`, and ``replaced`` a shape from outside instead of
    it. Returns the nodes by name, MISSING where the shape is wrong, and the problems of
    ``replaced``.
    """
    spec = expansion.spec
    names = spec.body.inputs
    path: Path = ("input",)
    if variant and "input" in variant.about:
        path = ("variants", variant.name, "input")
    value: Any = None
    try:
        value = list(replaced) if replaced else evaluate_value(written, scope)
    except ExpressionError as error:
        expansion.log.add(spec.source, path, "L007", error.message, error.hint, NETWORK_CALL)
    except UnknownValue:
        pass
    shapes = value if isinstance(value, dict) else dict.fromkeys(names, value)
    if isinstance(value, dict) and set(value) != set(names):
        message = (
            "input, as a table, has a shape for each of inputs, "
            f"which are {', '.join(names)}, not {', '.join(map(visible, value))}"
        )
        expansion.log.add(spec.source, path, "L003", message, "", NETWORK_CALL)
    nodes: dict[str, Any] = {}
    problems = []
    for name in names:
        shape = shapes.get(name)
        faults = [] if shape is None else input_faults(shape)
        for message, place in faults:
            hint = "channels first: [3, 224, 224]"
            if replaced:
                problems.append(Problem(Where("--input"), "L003", message, hint))
            else:
                start = (*path, name) if isinstance(spec.about.get("input"), dict) else path
                where = (*start, *place)
                expansion.log.add(spec.source, where, "L003", message, hint, NETWORK_CALL)
        nodes[name] = MISSING
        if shape is not None and not faults:
            nodes[name] = add_input(expansion, name, tuple(shape))
    return nodes, problems


def find_named_model(expansion: Expansion) -> NamedModel | None:
    """Return the model that the spec names in [model], with its arguments evaluated."""
    written = expansion.spec.model
    if not written:
        return None
    from cnnspec.spec.named_model import factory_fault  # few specs have one

    values: dict[str, Any] = {}
    for key, value in written.items():
        path = ("model", key)
        place = WrittenValue(value, expansion.spec.source, path, expansion.scope)
        try:
            values[key] = expansion.evaluate(place, NETWORK_CALL)
        except Unresolved as error:
            expansion.report(error, NETWORK_CALL)
    fault = factory_fault(values["factory"]) if "factory" in values else ""
    if fault:
        expansion.log.add(
            expansion.spec.source, ("model", "factory"), "L003", fault, "", NETWORK_CALL
        )
    return NamedModel(values.get("factory", ""), values.get("args", {}))


def add_input(expansion: Expansion, name: str, shape: Shape) -> Node:
    """Add an input node."""
    index = len(expansion.nodes)
    node = Node(index, name, "input", Input(shape), (), shape, NETWORK_CALL, name)
    node.readers = 1
    expansion.nodes.append(node)
    return node


def input_faults(value: Any) -> list[tuple[str, tuple[int, ...]]]:
    """List what is wrong with the shape of an input: messages, each with the index of its size."""
    if not isinstance(value, list) or not 1 <= len(value) <= 8:
        return [(f"an input is a list of 1 to 8 sizes, not {describe_value(value)}", ())]
    message = f"a size of an input is an integer from 1 to {MAX_SIZE}, not "
    faults: list[tuple[str, tuple[int, ...]]] = [
        (message + describe_value(size), (i,))
        for i, size in enumerate(value)
        if not is_int(size, 1)
    ]
    if not faults and prod(value) >= MAX_ELEMENTS:
        sizes = " x ".join(map(str, value))
        faults = [(f"an input has fewer than 2**53 elements, not {sizes}", ())]
    return faults


def size_problems(graph: Graph, native: Graph) -> list[Problem]:
    """List the layers whose parameters have other shapes than at the network's own input.

    ``native`` is the network at its own input. An input with another number of channels or of
    dimensions makes another network, where nothing is compared.
    """
    given, own = graph.inputs[0].output, native.inputs[0].output
    if (given[0], len(given)) != (own[0], len(own)):
        return []
    log = ProblemLog()
    known = {node.name: node for node in native.nodes}
    for node in graph.nodes:
        if node.name in known and node.line is not None:
            sizes = f"{format_shape(own)}, but at {format_shape(given)}"
            compare_parameters(log, node, known[node.name], sizes)
    return log.problems()


def compare_parameters(log: ProblemLog, node: Node, native: Node, sizes: str) -> None:
    """Log the first parameter of a node whose shape depends on the input's size."""
    line = node.line
    assert line is not None
    shapes, wanted = node.op.parameters(*node.shapes), native.op.parameters(*native.shapes)
    for key, shape in wanted.items():
        if shapes.get(key) != shape:
            now = format_shape(shapes.get(key, ()))
            message = (
                f"{visible(node.name)}: its {key} is {format_shape(shape)} at an input of {sizes}"
                f" it would be {now}"
            )
            mend = "its parameters are learned for one size"
            if node.op.is_dense:
                mend = "global pooling before it takes any size"
            hint = f"{mend}; a spec with that input is another network"
            log.add(line.source, line.at("op"), "D008", message, hint, node.call)
            return
