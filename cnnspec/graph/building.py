"""Building one graph: the settings from outside, then the input, then the lines, and what nobody
reads."""

from math import prod
from typing import Any

from cnnspec.graph import connect
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.frame import POISON, Poisoned, single
from cnnspec.graph.infer import MAX_ELEMENTS
from cnnspec.graph.model import Call, Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.graph.unroll import TooLarge, Unroller
from cnnspec.ops.input import Input
from cnnspec.ops.kit.fields import MAX_SIZE, describe_value, is_int
from cnnspec.problems import Problem, SpecError, Where, did_you_mean, visible
from cnnspec.spec.expressions import evaluate_value
from cnnspec.spec.model import NetworkSpec, Variant
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import UNKNOWN, ExpressionError, Scope, UnknownValue, Work
from cnnspec.units import Shape, looks_channels_last

NETWORK_CALL: Any = Call((), "", {})


class GraphBuilder:
    """Building one graph of one variant: :meth:`run` it once."""

    def __init__(
        self,
        spec: NetworkSpec,
        variant: Variant | None,
        notes: SpecReader,
        max_lines: int,
        input_shape: Shape | None,
        known: SpecCache | None = None,
    ):
        self.spec, self.variant, self.notes, self.input_shape = spec, variant, notes, input_shape
        self.unrolled = ProblemLog()
        self.outside: list[Problem] = []
        self.unroller = Unroller(
            spec, self.unrolled, max_lines, input_shape is not None, known or SpecCache()
        )

    def run(self, settings: dict[str, Any]) -> Graph:
        spec, about = self.spec, {**self.spec.about, **(self.variant.about if self.variant else {})}
        scope = self.arguments(settings)
        inputs = self.inputs(about, scope, self.input_shape)
        first = inputs[spec.body.inputs[0]]
        arguments = dict(scope.own)
        scope.own["in_channels"] = UNKNOWN if first is POISON else first.output[0]
        self.unroller.scope = scope
        self.unroller.sound = not self.problems()
        outputs: list[Node] = []
        try:
            ports = self.unroller.block(spec.body, NETWORK_CALL, scope, inputs, False)
            outputs = [self.output(single(ports.values[name])) for name in ports.outputs]
        except (TooLarge, Poisoned):
            pass
        for node in outputs:
            node.readers += 1
            if node.training_only and node.line is not None:
                message = f"{visible(node.name)} is there in training only, but outputs names it"
                self.unrolled.add(
                    node.line.source,
                    node.line.at("training_only"),
                    "L016",
                    message,
                    "outputs are what is there at inference",
                    node.call,
                )
        if not self.problems():
            self.unread()
        if (
            not outputs and not self.problems()
        ):  # a fault of ours: never a graph without what it is for
            self.outside.append(
                Problem(Where(spec.source.name), "L006", "the outputs of the network have no value")
            )
        if self.problems():
            raise SpecError(self.problems())
        name = self.variant.name if self.variant else spec.name
        nodes = self.unroller.nodes
        title = about.get("title") or name
        return Graph(
            name,
            spec.name,
            title,
            about.get("year"),
            about.get("source") or "",
            nodes,
            nodes[: len(inputs)],
            outputs,
            arguments,
            scope,
            tuple(self.unroller.aside.problems()),
            spec.references.get(name, {}),
        )

    def problems(self) -> list[Problem]:
        """All problems; those of reading come first where both saw the same one."""
        read = self.notes.problems
        places = {(p.where, p.rule) for p in read}
        unrolled = [p for p in self.unrolled.problems() if (p.where, p.rule) not in places]
        first = next((n for n in self.unroller.nodes if n.kind == "input"), None)
        if first is not None and looks_channels_last(first.output):
            h, w, c = first.output
            order = (
                f"an input is channels, height, width: [{c}, {h}, {w}] instead of"
                f" {list(first.output)}?"
            )
            unrolled = [
                p.replace(hint=f"{order} Or: {p.hint}") if p.rule[0] == "D" else p for p in unrolled
            ]
        return [*self.outside, *read, *unrolled]

    def arguments(self, settings: dict[str, Any]) -> Scope:
        """The network's arguments, evaluated in the order of their declaration."""
        spec = self.spec
        for key in settings.keys() - spec.args.keys():
            hint = did_you_mean(
                key, list(spec.args), "it declares " + (", ".join(spec.args) or "none")
            )
            message = f"{visible(key, 60)} is not an argument of {visible(spec.name)}"
            self.outside.append(Problem(Where(f"--set {key}"), "L015", message, hint))
        scope = Scope({}, work=Work(self.unroller.max_lines))
        scope.below = spec.args
        for key, default in spec.args.items():
            own = self.variant is not None and key in self.variant.args
            value = settings.get(key, self.variant.args[key] if self.variant and own else default)
            path = ("variants", self.variant.name, key) if self.variant and own else ("args", key)
            try:
                scope.own[key] = evaluate_value(value, scope)
                scope.written[key] = value, None
            except ExpressionError as error:
                self.unrolled.add(
                    spec.source, path, "L007", error.message, error.hint, NETWORK_CALL
                )
                scope.own[key] = UNKNOWN
            except UnknownValue:
                scope.own[key] = UNKNOWN
        return scope

    def inputs(self, about: dict[str, Any], scope: Scope, replaced: Shape | None) -> dict[str, Any]:
        """The input nodes by name; POISON for one whose shape is not one."""
        names = self.spec.body.inputs
        path: tuple[str, ...] = ("input",)
        if self.variant and "input" in self.variant.about:
            path = ("variants", self.variant.name, "input")
        value: Any = list(replaced) if replaced else None
        try:
            value = value or evaluate_value(about.get("input"), scope)
        except ExpressionError as error:
            self.unrolled.add(
                self.spec.source, path, "L007", error.message, error.hint, NETWORK_CALL
            )
        except UnknownValue:
            pass
        shapes = value if isinstance(value, dict) else dict.fromkeys(names, value)
        if isinstance(value, dict) and set(value) != set(names):
            self.unrolled.add(
                self.spec.source,
                path,
                "L003",
                "input, as a table, has a shape for each of inputs, "
                f"which are {', '.join(names)}, not {', '.join(map(visible, value))}",
                "",
                NETWORK_CALL,
            )
        return {name: self.input(name, shapes.get(name), path, replaced) for name in names}

    def input(self, name: str, value: Any, path: tuple[str, ...], replaced: Shape | None) -> Any:
        if value is None:
            return POISON
        faults = input_faults(value)
        hint = "channels first: [3, 224, 224]"
        for message, place in faults:
            if replaced:
                self.outside.append(Problem(Where("--input"), "L003", message, hint))
            else:
                at = (*path, name) if isinstance(self.spec.about.get("input"), dict) else path
                self.unrolled.add(
                    self.spec.source, (*at, *place), "L003", message, hint, NETWORK_CALL
                )
        if faults:
            return POISON
        node = Node(
            len(self.unroller.nodes),
            name,
            "input",
            Input(tuple(value)),
            (),
            tuple(value),
            NETWORK_CALL,
            name,
        )
        node.readers = 1
        self.unroller.nodes.append(node)
        return node

    def output(self, value: Any) -> Node:
        try:
            return connect.node(value)
        except connect.Mismatch as fault:
            self.unrolled.add(
                self.spec.source, ("outputs",), "L006", fault.message, fault.hint, NETWORK_CALL
            )
            raise Poisoned from None

    def unread(self) -> None:
        """Note every layer that nothing reads."""
        for node in self.unroller.nodes:
            if not node.readers and not node.training_only and node.line is not None:
                message = f"nothing reads {visible(node.name)}, and no output names it"
                self.unrolled.add(
                    node.line.source,
                    node.line.at("name"),
                    "L012",
                    message,
                    "read it with from, name it in outputs, or take it out",
                    node.call,
                )


def input_faults(value: Any) -> list[tuple[str, tuple[int, ...]]]:
    """What keeps ``value`` from being the shape of an input, and at which of its sizes."""
    if not isinstance(value, list) or not 1 <= len(value) <= 8:
        return [(f"an input is a list of 1 to 8 sizes, not {describe_value(value)}", ())]
    message = f"a size of an input is an integer from 1 to {MAX_SIZE}, not "
    faults: list[tuple[str, tuple[int, ...]]] = [
        (message + describe_value(size), (i,))
        for i, size in enumerate(value)
        if not is_int(size, 1)
    ]
    if not faults and prod(value) >= MAX_ELEMENTS:
        faults = [
            (f"an input has fewer than 2**53 elements, not {' x '.join(map(str, value))}", ())
        ]
    return faults
