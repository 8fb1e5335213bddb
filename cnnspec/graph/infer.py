"""One node: its fields read, its inputs counted, its output inferred, each fault at the value that
has it."""

from math import prod
from typing import TYPE_CHECKING, Any

from cnnspec.graph import connect
from cnnspec.graph.frame import Frame, Given, Poisoned
from cnnspec.graph.model import Node
from cnnspec.ops.kit.fields import REQUIRED, OperatorError
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import load_operator
from cnnspec.problems import visible
from cnnspec.spec.model import Line
from cnnspec.spec.reader import CONTROL, quoted
from cnnspec.spec.scope import FAULTY
from cnnspec.spec.shorthand import SHORTHAND
from cnnspec.units import Shape, format_shape

if TYPE_CHECKING:
    from cnnspec.graph.cache import Fields
    from cnnspec.graph.place import Spot
    from cnnspec.graph.unroll import Unroller

MAX_ELEMENTS = 2**53


def add_node(
    un: "Unroller", frame: Frame, line: Line, kind: str, given: "Fields", spot: "Spot", part: str
) -> Node:
    """Add one node to the graph. Raises Poisoned where something does not fit."""
    op = read_operator(un, frame, line, kind, given)
    check_arity(un, frame, line, kind, op, len(spot.values))
    inputs = read_inputs(un, frame, line, spot)
    row = frame.full(spot.name)
    name = f"{row}.{part}" if part else row
    if op.undoes:
        op = undoing(un, frame, line, op, inputs[-1])
    try:
        output = output_of(un, op, inputs)
    except OperatorError as fault:
        message, hint = with_names(fault, inputs, frame)
        where = given.get(fault.field)
        source, path = (
            (where.source, where.path)
            if where
            else (line.source, line.at("op") if line.op else line.path)
        )
        prefix = "" if message.startswith((f"{kind}:", f"{kind} ")) else f"{kind}: "
        notes = un.aside if spot.training and un.reshaped else un.notes
        notes.add(source, path, fault.rule, prefix + message, hint, frame.call)
        raise Poisoned from None
    node = Node(len(un.nodes), name, kind, op, inputs, output, frame.call, row, part, line)
    node.training_only = spot.training
    origins = {k: (g.value, g.scope) for k, g in given.items() if g.dynamic}
    if origins:
        node.origins = origins
    for n in inputs:
        n.readers += 1
    if spot.share:
        share(un, frame, line, node, spot.share)
    un.nodes.append(node)
    return node


def output_of(un: "Unroller", op: Operator, inputs: tuple[Node, ...]) -> Shape:
    """The output shape, worked out once for each operator and shapes. Raises OperatorError."""
    shapes = tuple([n.output for n in inputs])
    key = (op, shapes)
    if key not in un.known.outputs or op.undoes:
        output = op.output(*shapes)
        for name, sizes in {
            "output": output,
            **op.parameters(*shapes),
            **op.buffers(*shapes),
        }.items():
            if prod(sizes) >= MAX_ELEMENTS:
                raise OperatorError(
                    "D007",
                    f"the {name} {format_shape(sizes)} has {prod(sizes):.3g} elements, and fewer than "
                    "2**53 is the limit",
                )
        un.known.outputs[key] = output
    return un.known.outputs[key]


def read_inputs(un: "Unroller", frame: Frame, line: Line, spot: "Spot") -> tuple[Node, ...]:
    """The nodes that a line reads. Those that exist count as read even where another does not."""
    nodes, poisoned = [], False
    for i, value in enumerate(spot.values):
        try:
            nodes.append(connect.node(value, i, len(frame.call.trail)))
        except connect.Mismatch as fault:
            path = (*line.at("sources"), i) if len(spot.values) > 1 else line.at("sources")
            raise un.stop(frame, line.source, path, "L006", fault.message, fault.hint) from None
        except Poisoned:
            poisoned = True
    if poisoned or not nodes:
        raise Poisoned
    for n in nodes:
        if n.training_only and not spot.training:
            raise un.stop(
                frame,
                line.source,
                line.at("sources"),
                "L016",
                f"{visible(n.name)} is there in training "
                f"only, but {visible(frame.full(spot.name))} reads it at inference",
                "mark both training_only, or neither",
            )
    return tuple(nodes)


def read_operator(un: "Unroller", frame: Frame, line: Line, kind: str, given: "Fields") -> Operator:
    """The operator with its fields read. Operators with the same values are one object: networks
    repeat themselves."""
    values, faulty = {}, False
    for name, g in given.items():
        try:
            values[name] = un.value(frame, g) if g.dynamic else g.value
        except Poisoned:
            faulty = True
    key = (kind, *values, *values.values(), *map(type, values.values()))
    try:
        if not faulty and key in un.known.ops:
            return un.known.ops[key]
    except TypeError:  # a list cannot be looked up
        key = ()
    op = None if faulty else sound_operator(kind, values)
    if op is None:
        op = new_operator(un, frame, line, kind, given, values, faulty)
    if key and not op.undoes:
        un.known.ops[key] = op
    return op


def sound_operator(kind: str, values: dict[str, Any]) -> Operator | None:
    """The operator of values that fit; None where something is wrong with them."""
    cls = load_operator(kind)
    try:
        return cls(**values) if values.keys() <= cls.fields.keys() else None
    except OperatorError:
        return None


def new_operator(
    un: "Unroller",
    frame: Frame,
    line: Line,
    kind: str,
    given: "Fields",
    values: dict[str, Any],
    faulty: bool,
) -> Operator:
    """An operator of the evaluated values. Raises Poisoned once all faults of all fields are
    noted."""
    cls = load_operator(kind)
    meant = set()
    for name, value in values.items():
        g = given[name]
        if name not in cls.fields:
            from cnnspec.spec.vocabulary import field_hint, field_meant  # on the error path only

            known = [*cls.fields, *SHORTHAND, *CONTROL]
            hint = field_hint(name, known, "it has " + ", ".join(cls.fields))
            un.stop(
                frame,
                g.source,
                g.path,
                "L001",
                f"{visible(name, 60)} is not a field of {kind}",
                hint,
            )
            meant.add(field_meant(name, known))
            faulty = True
            continue
        try:
            cls.fields[name].read(value)
        except OperatorError as fault:
            un.stop(
                frame,
                g.source,
                g.path,
                fault.rule,
                f"{kind}: {fault.message}",
                from_expression(g, value, fault),
            )
            faulty = True
    reported = any(name not in cls.fields and g.value is FAULTY for name, g in given.items())
    for name, field in cls.fields.items():
        if field.default is REQUIRED and name not in given and name not in meant and not reported:
            un.stop(
                frame, line.source, (*line.path, name), "L002", f"{kind} needs {name}: {field.doc}"
            )
            faulty = True
    if faulty:
        raise Poisoned
    try:
        return cls(**values)
    except OperatorError as fault:
        where = given.get(fault.field)
        source, path = (where.source, where.path) if where else (line.source, line.path)
        raise un.stop(
            frame, source, path, fault.rule, f"{kind}: {fault.message}", fault.hint
        ) from None


def from_expression(given: Given, value: Any, fault: OperatorError) -> str:
    """The hint for a value that an expression gave: the names in it and what they stand for."""
    names = dict.fromkeys(getattr(given.value, "names", ()))
    known = given.scope.names()
    values: list[Any] = [f"{n} = {visible(given.scope.get(n), 40)}" for n in names if n in known]
    mend = fault.hint or quoted(value, known)
    whole = (
        "ceil, floor, round and round_channels give integers"
        if "(a float)" in fault.message
        else ""
    )
    return "; ".join(
        filter(None, [mend, "here " + ", ".join(values) if values else "", whole if names else ""])
    )


def check_arity(
    un: "Unroller", frame: Frame, line: Line, kind: str, op: Operator, given: int
) -> None:
    fewest, most = op.arity
    if given and not fewest <= given <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        hint = "a join, such as add or concat, makes one of several" if given > most else ""
        raise un.stop(
            frame,
            line.source,
            line.at("sources" if line.sources is not None else "op"),
            "D006",
            f"{kind} takes {wanted} input{'s' * (most > 1)}, not {given}",
            hint if line.sources is not None else 'name them: from = ["previous", "input"], say',
        )


def undoing(un: "Unroller", frame: Frame, line: Line, op: Operator, pool: Node) -> Operator:
    """Return an operator that undoes another with that operator and its input's shape."""
    if pool.kind != op.undoes:
        raise un.stop(
            frame,
            line.source,
            line.at("sources"),
            "D006",
            f"the last input must be a {op.undoes}, but {visible(pool.name)} ({pool.kind}) is none",
            f"name the {op.undoes} whose places it restores",
        )
    return op.undoing(pool.op, pool.inputs[0].output)


def with_names(fault: OperatorError, inputs: tuple[Node, ...], frame: Frame) -> tuple[str, str]:
    """Message and hint of a misfit with the names of the inputs put in.

    What a hint would mend in an input of the block itself has its place on the way from there: in
    the shortcut."""
    message, hint = fault.message, fault.hint
    for i in reversed(range(len(inputs))):
        name = visible(inputs[i].row)
        shortcut = fault.rule == "D003" and any(
            inputs[i] is value for value in frame.inputs.values()
        )
        message = message.replace(f"${i}", name)
        hint = hint.replace(f"${i}", f"the shortcut from {name}" if shortcut else name)
    return message, hint


def share(un: "Unroller", frame: Frame, line: Line, node: Node, prefixes: tuple[str, str]) -> None:
    """Note whose parameters a node uses again. Raises Poisoned where theirs have other shapes."""
    new, old = prefixes
    root = un.named(old + node.name[len(new) :])
    if root is None:
        raise Poisoned  # the shared line has a problem of its own
    root = root.shares or root
    ours, theirs = node.op.parameters(*node.shapes), root.op.parameters(*root.shapes)
    if ours != theirs:
        key = next(k for k in theirs if ours.get(k) != theirs[k])
        ours_name, theirs_name = visible(node.name), visible(root.name)
        raise un.stop(
            frame,
            line.source,
            line.path,
            "L014",
            f"{ours_name} cannot share with {theirs_name}: its {key} "
            f"would be {format_shape(ours.get(key, ()))}, that of {theirs_name} is {format_shape(theirs[key])}",
            "shared layers read inputs with the same channels",
        )
    if theirs or root.op.buffers(*root.shapes):
        node.shares = root
