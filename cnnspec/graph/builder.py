"""Builds one graph: arguments, inputs, lines, outputs, and the checks of the whole network."""

from typing import Any

from cnnspec.graph.cache import SpecCache
from cnnspec.graph.connect import SourceError, node_of
from cnnspec.graph.expand import expand_block
from cnnspec.graph.expansion import Expansion, TooManyLines
from cnnspec.graph.frame import (
    MISSING,
    BlockResult,
    Frame,
    LineError,
    Unresolved,
    follow_single_outputs,
)
from cnnspec.graph.inputs import NETWORK_CALL, find_named_model, network_arguments, network_inputs
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import Problem, SpecError, Where, visible
from cnnspec.spec.model import NetworkSpec, Variant
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import UNKNOWN
from cnnspec.units import GivenInput, looks_channels_last


class GraphBuilder:
    """Builds the graph of one variant of a spec. Call :meth:`build` once."""

    def __init__(
        self,
        spec: NetworkSpec,
        variant: Variant | None,
        reader: SpecReader,
        max_lines: int,
        input_shape: GivenInput,
        cache: SpecCache | None = None,
    ):
        self.spec, self.variant, self.reader, self.input_shape = spec, variant, reader, input_shape
        self.outside_problems: list[Problem] = []  # of what is given from outside
        self.inputs: list[Node] = []
        self.expansion = Expansion(spec, max_lines, input_shape is not None, cache or SpecCache())

    def build(self, settings: dict[str, Any]) -> Graph:
        """Build the graph. Raises SpecError, TooManyProblems."""
        spec, variant, expansion = self.spec, self.variant, self.expansion
        about = {**spec.about, **(variant.about if variant else {})}
        scope, wrong_settings = network_arguments(expansion, variant, settings)
        arguments = dict(scope.own)
        inputs, wrong_shapes, places = network_inputs(
            expansion, variant, about.get("input"), scope, self.input_shape
        )
        self.outside_problems += wrong_settings + wrong_shapes
        self.inputs = [node for node in inputs.values() if node is not MISSING]
        first = inputs[spec.body.inputs[0]]
        scope.own["in_channels"] = UNKNOWN if first is MISSING else first.output[0]
        expansion.scope = scope
        expansion.readable = not self.problems()
        outputs: list[Node] = []
        try:
            frame = Frame(NETWORK_CALL, spec.body, scope, inputs, False)
            outputs = self.output_nodes(expand_block(expansion, frame))
        except TooManyLines:
            pass
        except Unresolved as error:
            expansion.report(error, NETWORK_CALL)
        for node in outputs:
            node.readers += 1
        model = find_named_model(expansion)
        self.check_outputs(outputs)
        if not self.problems():
            self.check_readers()
        if not outputs and not self.problems():  # a fault of cnnspec itself
            message = "the outputs of the network have no value"
            self.outside_problems.append(Problem(Where(spec.source.name), "L006", message))
        if self.problems():
            raise SpecError(self.problems())
        name = variant.name if variant else spec.name
        return Graph(
            name,
            spec.name,
            about.get("title") or name,
            about.get("year"),
            about.get("source") or "",
            expansion.nodes,
            expansion.nodes[: len(inputs)],
            outputs,
            arguments,
            scope,
            tuple(expansion.training_log.problems()),
            spec.references.get(name, {}),
            model,
            input_places={name: (spec.source, path) for name, path in places.items()},
            task=about.get("task") or "",
        )

    def problems(self) -> list[Problem]:
        """List all problems. Where reading and expansion find the same, keep that of reading."""
        read = self.reader.problems
        places = {(p.where, p.rule) for p in read}
        found = [p for p in self.expansion.log.problems() if (p.where, p.rule) not in places]
        first = next((n for n in self.expansion.nodes if n.kind == "input"), None)
        if first is not None and looks_channels_last(first.output):
            h, w, c = first.output
            order = f"an input is channels, height, width: [{c}, {h}, {w}] instead of"
            order += f" {list(first.output)}?"
            found = [
                p.replace(hint=f"{order} Or: {p.hint}") if p.rule[0] == "D" else p for p in found
            ]
        return [*self.outside_problems, *read, *found]

    def output_nodes(self, result: BlockResult) -> list[Node]:
        """Return the nodes of the network's outputs. Raises LineError, Unresolved."""
        try:
            values = [follow_single_outputs(result.values[name]) for name in result.outputs]
            return [node_of(value) for value in values]
        except SourceError as error:
            path = ("outputs",)
            raise LineError(self.spec.source, path, "L006", error.message, error.hint) from None

    def check_outputs(self, outputs: list[Node]) -> None:
        """Report outputs that are there in training only."""
        for node in outputs:
            if node.training_only and node.line is not None:
                message = f"outputs names {visible(node.name)}, which is training_only"
                hint = "an output is there at inference"
                path = node.line.at("training_only")
                self.expansion.log.add(node.line.source, path, "L016", message, hint, node.call)

    def check_readers(self) -> None:
        """Report every layer that nothing reads."""
        for node in self.expansion.nodes:
            if not node.readers and not node.training_only and node.line is not None:
                message = f"nothing reads {visible(node.name)}, and no output names it"
                hint = "read it with from, name it in outputs, or take it out"
                path = node.line.at("name")
                self.expansion.log.add(node.line.source, path, "L012", message, hint, node.call)
