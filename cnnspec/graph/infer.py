"""The nodes of a line: its operator, norm and activation, with their inputs and output shapes."""

from math import prod

from cnnspec.graph.cache import Fields
from cnnspec.graph.connect import SourceError, node_of
from cnnspec.graph.expansion import Expansion
from cnnspec.graph.frame import MISSING, Frame, LineError, Placement, Unresolved, Value
from cnnspec.graph.model import Node
from cnnspec.graph.operators import part_operator, read_operator
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import Operator
from cnnspec.problems import visible
from cnnspec.spec.model import Line
from cnnspec.spec.reader import SHORTHAND
from cnnspec.spec.scope import Dynamic
from cnnspec.units import Shape, format_shape

MAX_ELEMENTS = 2**53


def add_nodes(
    expansion: Expansion, frame: Frame, line: Line, kind: str, fields: Fields, at: Placement
) -> Value:
    """Add the node of an operator, then those of its norm and activation; return the last.

    Raises Unresolved once all faults of all of them are reported.
    """
    extra = {key: fields[key] for key in SHORTHAND if key in fields}
    inner = {k: v for k, v in fields.items() if k not in extra} if extra else fields
    called, faulty = kind, False
    for part in ("", *extra):
        made: Value = MISSING
        try:
            if part:
                called, inner = part_operator(expansion, frame, line, part, extra[part], at)
            if called == "none":
                continue
            made = add_node(expansion, frame, line, called, inner, at, part)
        except Unresolved as error:
            expansion.report(error, frame.call)
            faulty = True
        at = Placement(at.name, [made], at.training, at.share)
    if faulty:
        raise Unresolved
    return at.values[0]


def add_node(
    expansion: Expansion,
    frame: Frame,
    line: Line,
    kind: str,
    given: Fields,
    at: Placement,
    part: str,
) -> Node:
    """Add one node to the network. Raises LineError or Unresolved where something does not fit."""
    op = read_operator(expansion, frame, line, kind, given)
    check_arity(line, kind, op, len(at.values))
    inputs = read_inputs(frame, line, at)
    row = frame.full_name(at.name)
    if op.undoes:
        op = bind_undone(line, op, inputs[-1])
    try:
        output = infer_output(expansion, op, inputs)
    except OperatorError as error:
        report_misfit(expansion, frame, line, kind, given, at, inputs, error)
        raise Unresolved from None
    index, name = len(expansion.nodes), f"{row}.{part}" if part else row
    node = Node(index, name, kind, op, inputs, output, frame.call, row, part, line)
    node.training_only = at.training
    origins = {k: (w.value, w.scope) for k, w in given.items() if w.dynamic}
    if origins:
        node.origins = origins
    for n in inputs:
        n.readers += 1
    if at.share:
        share_parameters(expansion, line, node, *at.share)
    expansion.nodes.append(node)
    return node


def infer_output(expansion: Expansion, op: Operator, inputs: tuple[Node, ...]) -> Shape:
    """Return the output shape, computed once per operator and shapes. Raises OperatorError."""
    shapes = tuple([n.output for n in inputs])
    key, known = (op, shapes), expansion.cache.outputs
    if key not in known or op.undoes:
        output = op.output(*shapes)
        tensors = {"output": output, **op.parameters(*shapes), **op.buffers(*shapes)}
        for name, sizes in tensors.items():
            if prod(sizes) >= MAX_ELEMENTS:
                raise OperatorError(
                    "D007",
                    f"the {name} {format_shape(sizes)} has {prod(sizes):.3g} elements, "
                    "but the limit is 2**53",
                )
        known[key] = output
    return known[key]


def report_misfit(
    expansion: Expansion,
    frame: Frame,
    line: Line,
    kind: str,
    given: Fields,
    at: Placement,
    inputs: tuple[Node, ...],
    error: OperatorError,
) -> None:
    """Report an operator that does not take its inputs, at the field that is wrong or at `op`."""
    message, hint = error.message, error.hint
    for i in reversed(range(len(inputs))):
        name = visible(inputs[i].row)
        message = message.replace(f"${i}", name)
        # an input of the block itself cannot be changed: what is between it and here can
        outside = any(inputs[i] is value for value in frame.inputs.values())
        if error.rule == "D003" and outside:
            name = f"the shortcut from {name}"
        hint = hint.replace(f"${i}", name)
    if not message.startswith((f"{kind}:", f"{kind} ")):
        message = f"{kind}: {message}"
    source, path = line.source, line.at("op") if line.op else line.path
    if error.field in given:
        source, path = given[error.field].source, given[error.field].path
    log = expansion.training_log if at.training and expansion.other_input else expansion.log
    log.add(source, path, error.rule, message, hint, frame.call)


def read_inputs(frame: Frame, line: Line, at: Placement) -> tuple[Node, ...]:
    """Return the nodes that a line reads. Raises LineError or Unresolved."""
    nodes, missing = [], False
    for i, value in enumerate(at.values):
        try:
            nodes.append(node_of(value, i, len(frame.call.trail)))
        except SourceError as error:
            path = (*line.at("sources"), i) if len(at.values) > 1 else line.at("sources")
            raise LineError(line.source, path, "L006", error.message, error.hint) from None
        except Unresolved:
            missing = True
    if missing or not nodes:
        raise Unresolved
    for n in nodes:
        if n.training_only and not at.training:
            reader = visible(frame.full_name(at.name))
            raise LineError(
                line.source,
                line.at("sources"),
                "L016",
                f"{reader} is there at inference, but it reads {visible(n.name)}, which is"
                " training_only",
                "mark both training_only, or neither",
            )
    return tuple(nodes)


def check_arity(line: Line, kind: str, op: Operator, given: int) -> None:
    """Raise LineError where an operator does not take the number of inputs that are given."""
    fewest, most = op.arity
    if given and not fewest <= given <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        if line.sources is None:
            key, hint = "op", 'name them, for example from = ["previous", "input"]'
        else:
            key = "sources"
            hint = "a join such as add or concat makes one of several" if given > most else ""
            if given < fewest and isinstance(line.sources, Dynamic):
                hint = (
                    "when leaves the line out, and its name then means the one that it would read"
                )
        message = f"{kind} takes {wanted} input{'s' * (most > 1)}, not {given}"
        raise LineError(line.source, line.at(key), "D006", message, hint)


def bind_undone(line: Line, op: Operator, undone: Node) -> Operator:
    """Return an operator that undoes another, with that operator and its input shape.

    Raises LineError.
    """
    if undone.kind != op.undoes:
        raise LineError(
            line.source,
            line.at("sources"),
            "D006",
            f"the last input must be a {op.undoes}, not {visible(undone.name)} ({undone.kind})",
            f"name the {op.undoes} whose positions it restores",
        )
    return op.undoing(undone.op, undone.inputs[0].output)


def share_parameters(expansion: Expansion, line: Line, node: Node, here: str, there: str) -> None:
    """Let a node use the parameters of the node whose name starts with ``there`` for ``here``.

    Raises LineError where their shapes differ, and Unresolved where that node has a problem.
    """
    root = expansion.node_named(there + node.name[len(here) :])
    if root is None:
        raise Unresolved
    root = root.shares or root
    own, wanted = node.op.parameters(*node.shapes), root.op.parameters(*root.shapes)
    if own != wanted:
        key = next(k for k in {**wanted, **own} if own.get(k) != wanted.get(k))
        mine = f"be {format_shape(own[key])}" if key in own else "be absent"
        other = f"not {format_shape(wanted[key])}" if key in wanted else "which the other has not"
        raise LineError(
            line.source,
            line.path,
            "L014",
            f"{visible(node.name)} cannot share with {visible(root.name)}: its {key} would "
            f"{mine}, {other}",
            "shared layers read inputs with the same channels",
        )
    if wanted or root.op.buffers(*root.shapes):
        node.shares = root
