"""What a network starts from: its arguments and inputs, checked, and those given from outside."""

from math import prod
from typing import Any

from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import MISSING, Unresolved, WrittenValue
from cnnspec.graph.infer import MAX_ELEMENTS
from cnnspec.graph.model import Call, Node
from cnnspec.ops.input import Input
from cnnspec.ops.kit.fields import MAX_SIZE, describe_value, is_int
from cnnspec.problems import Problem, Where, did_you_mean, visible
from cnnspec.spec.expressions import Many, evaluate_value
from cnnspec.spec.model import NamedModel, Variant
from cnnspec.spec.scope import UNKNOWN, ExpressionError, Scope, UnknownValue
from cnnspec.units import GivenInput, Shape

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
    given: GivenInput,
) -> tuple[dict[str, Any], list[Problem], dict[str, Path]]:
    """Add the input nodes to the network.

    ``written`` is the value of the key `input`; ``given`` is what comes from outside instead of it:
    a shape, or shapes by name. Returns the nodes by name, MISSING where the shape is wrong, the
    problems of ``given``, and the places of the shapes that are written in the spec.
    """
    spec, names = expansion.spec, expansion.spec.body.inputs
    path: Path = ("input",)
    if variant and "input" in variant.about:
        path = ("variants", variant.name, "input")
    outside = given_shapes(given, names)
    own: dict[str, Any] = {}
    if len(names) > 1 or not outside:
        own = written_shapes(expansion, path, written, scope)
    problems = given_faults(given, own, names)
    value = written.items if isinstance(written, Many) else written
    nodes: dict[str, Any] = dict.fromkeys(names, MISSING)
    places: dict[str, Path] = {}
    for name in names:
        shape = outside.get(name, own.get(name))
        faults = [] if shape is None else input_faults(shape)
        start = (*path, name) if isinstance(value, dict) else path
        if name not in outside:
            places[name] = start
        for message, place in faults:
            hint = "channels first: [3, 224, 224]"
            if name in outside:
                problems.append(Problem(Where("--input"), "L003", message, hint))
            else:
                where = (*start, *place)
                expansion.log.add(spec.source, where, "L003", message, hint, NETWORK_CALL)
        if shape is not None and not faults and not problems:
            nodes[name] = add_input(expansion, name, tuple(shape))
    return nodes, problems, places


def written_shapes(expansion: Expansion, path: Path, written: Any, scope: Scope) -> dict[str, Any]:
    """Return the shapes of the inputs by name, as the spec has them. Problems are logged."""
    spec, names = expansion.spec, expansion.spec.body.inputs
    value: Any = None
    try:
        value = evaluate_value(written, scope)
    except ExpressionError as error:
        expansion.log.add(spec.source, path, "L007", error.message, error.hint, NETWORK_CALL)
    except UnknownValue:
        pass
    if not isinstance(value, dict):
        return dict.fromkeys(names, value)
    if set(value) != set(names):
        given = ", ".join(map(visible, value)) or "an empty table"
        message = (
            "input, as a table, has a shape for each of inputs, "
            f"which are {', '.join(names)}, not {given}"
        )
        hint = ""
        if "inputs" not in spec.source.data and value:
            message = f"input is a table with {given}, but the spec has no key inputs"
            listed = ", ".join(f'"{visible(name)}"' for name in value)
            hint = f"name the inputs, in the order in which they are read: inputs = [{listed}]"
        expansion.log.add(spec.source, path, "L003", message, hint, NETWORK_CALL)
    return value


def given_shapes(given: GivenInput, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the shapes from outside by the names of the inputs: one shape is for all of them."""
    if given is None:
        return {}
    if isinstance(given, dict):
        return {name: list(shape) for name, shape in given.items()}
    return {name: list(given) for name in names}


def given_faults(given: GivenInput, own: dict[str, Any], names: tuple[str, ...]) -> list[Problem]:
    """List what is wrong with the names of the shapes that come from outside."""
    where, known = Where("--input"), ", ".join(names)
    if given is not None and not isinstance(given, dict):
        if len({str(shape) for shape in own.values()}) < 2:
            return []
        message = f"the network has inputs of different shapes: {known}"
        first = names[0]
        shape = ",".join(map(str, given))
        hint = f"name the input that has this shape: --input {first}={shape}"
        return [Problem(where, "L003", message, hint)]
    problems = []
    for name in given or {}:
        if name not in names:
            message = f"{visible(name, 60)} is not an input of the network"
            hint = did_you_mean(name, names, f"its inputs are {known}")
            problems.append(Problem(where, "L003", message, hint))
    return problems


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
