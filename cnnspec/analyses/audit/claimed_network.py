"""What claims are about, worked out: networks with their rows and costs, and single operators at
work on an input."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from cnnspec.analyses.network_costs import Row, make_rows
from cnnspec.analyses.receptive_field.receptive_field import (
    WHOLE_INPUT,
    ReceptiveField,
    compute_receptive_fields,
)
from cnnspec.costs import NodeCost, compute_costs_by_index
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.build import choose_variant, load_graph, open_spec, read_spec
from cnnspec.graph.builder import GraphBuilder
from cnnspec.graph.model import Call, Graph, Node
from cnnspec.ops.input import Input
from cnnspec.ops.kit.fields import OperatorError, is_int
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.spec.claims import Claim, ClaimSubject
from cnnspec.spec.model import Fields
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.zoo import variant_names, zoo_files
from cnnspec.units import Shape

ALONE: Any = Call((), "", {})


class ClaimError(RequestError):
    """A claim about something that there is not: the message, and what would mend it."""


class ClaimedNetwork:
    """A network's nodes and what they cost. ``graph`` is None for an operator alone."""

    def __init__(
        self, name: str, inputs: list[Node], nodes: list[Node], graph: Graph | None = None
    ):
        self.name, self.inputs, self.nodes, self.graph = name, inputs, nodes, graph

    @cached_property
    def costs(self) -> dict[int, NodeCost]:
        """The cost of every node by its index, the inputs' too."""
        with garbage_collection_paused():
            return compute_costs_by_index([*self.inputs, *self.nodes])

    @cached_property
    def fields(self) -> dict[int, ReceptiveField]:
        """The receptive field of every node by its index: many questions need none."""
        with garbage_collection_paused():
            return compute_receptive_fields([*self.inputs, *self.nodes])

    def rows(self, training: bool = False) -> list[Row]:
        """The rows at full depth, with the inputs first; they say nothing of receptive fields."""
        shown = [n for n in self.nodes if training or not n.training_only]
        return make_rows(
            [*self.inputs, *shown],
            self.costs,
            {n.index: WHOLE_INPUT for n in [*self.inputs, *shown]},
        )

    def select_rows(self, subject: ClaimSubject, training: bool = False) -> list[Row]:
        """The rows that a claim is about; the inputs' only if they are named. Raises Missing."""
        every = self.rows(training or subject.training)
        names = subject.layer.split() if isinstance(subject.layer, str) else subject.layer
        found = [r for r in every if r.op != "input"]
        if isinstance(names, list) and names:
            for name in names:
                if not any(is_within(r, name) for r in every):
                    known = list(
                        dict.fromkeys(p for r in every for p in (r.name, r.name.partition(".")[0]))
                    )
                    hint = did_you_mean(name, known, "its layers are " + ", ".join(known[:10]))
                    raise ClaimError(f"{self.name} has no layer {visible(name, 60)!r}; {hint}")
            found = [r for name in names for r in every if is_within(r, name)]
        if subject.op:
            if subject.op not in OPERATORS:
                raise ClaimError(
                    f"there is no operator {visible(subject.op, 60)!r}; "
                    + did_you_mean(subject.op, OPERATORS, "cnnspec schema lists them")
                )
            found = [r for r in found if r.op == subject.op]
        return found


def is_within(row: Row, name: str) -> bool:
    """Whether a row is the layer ``name`` or lies in the block of that name."""
    return row.name == name or row.name.startswith(f"{name}.")


class ClaimedNetworks:
    """The networks that an audit has made so far; networks are asked for again and again.

    ``own`` is the graph by its variant ("" for the first) of a spec that has claims about itself.
    """

    def __init__(self, own: dict[str, Graph] | None = None, file: str = ""):
        self.made: dict[Any, ClaimedNetwork] = {}
        self.own, self.file = own or {}, file

    def find(self, subject: ClaimSubject) -> ClaimedNetwork:
        """The network of a claim's subject. Raises RequestError, SpecError."""
        if isinstance(subject.layer, dict):
            return make_single_operator(subject.layer, subject.input)
        if (
            not subject.network
            and subject.variant in self.own
            and not subject.settings
            and not subject.input
        ):
            return self.keep(("", subject.variant), self.own[subject.variant])
        return self.load(self.network_name(subject), subject.settings, subject.input)

    def network_name(self, subject: ClaimSubject) -> str:
        """By what the network of a subject is found. Raises Missing."""
        name = subject.network or (
            f"{self.file}:{subject.variant}" if subject.variant else self.file
        )
        if not name:
            raise ClaimError(
                "the claim names no network, and stands in no spec; add network = ..., say"
            )
        return name

    def load_resized(self, subject: ClaimSubject, input: Shape) -> ClaimedNetwork:
        """The network as it would be at another input, with other parameters where they depend on
        it. Raises as of."""
        source, variant = open_spec(self.network_name(subject))
        spec, notes = read_spec(source)
        graph = GraphBuilder(spec, choose_variant(spec, variant), notes, MAX_LINES, input).build(
            subject.settings
        )
        return ClaimedNetwork(graph.name, graph.inputs, graph.nodes[len(graph.inputs) :], graph)

    def load(
        self, name: str, settings: Fields | None = None, input: Shape | None = None
    ) -> ClaimedNetwork:
        """The network of a network by its name. Raises RequestError, SpecError."""
        key = (name, repr(sorted((settings or {}).items())), input)
        return (
            self.made[key]
            if key in self.made
            else self.keep(key, load_graph(name, settings, input))
        )

    def keep(self, key: Any, graph: Graph) -> ClaimedNetwork:
        if key not in self.made:
            self.made[key] = ClaimedNetwork(
                graph.name, graph.inputs, graph.nodes[len(graph.inputs) :], graph
            )
        return self.made[key]


def make_single_operator(line: Fields, input: Shape | None) -> ClaimedNetwork:
    """One operator at work on an input, ``{ op = "conv", out_channels = 6, kernel_size = 5 }``.
    Raises Missing."""
    kind = line.get("op")
    if not isinstance(kind, str) or kind not in OPERATORS:
        raise ClaimError(
            f"there is no operator {visible(kind, 60)!r}; {did_you_mean(str(kind), OPERATORS)}"
        )
    if not input or not all(is_int(n, 1) for n in input):
        raise ClaimError("an operator alone needs the input on which it works: input = [3, 32, 32]")
    source = Node(0, "input", "input", Input(tuple(input)), (), tuple(input), ALONE, "input")
    try:
        op = load_operator(kind)(**{k: v for k, v in line.items() if k != "op"})
        output = op.output(tuple(input))
    except OperatorError as misfit:
        raise ClaimError(f"{kind}: {misfit.message.replace('$0', 'the input')}") from None
    return ClaimedNetwork(kind, [source], [Node(1, kind, kind, op, (source,), output, ALONE, kind)])


def name_claim_subject(claim: Claim) -> str:
    """The network of a claim by name, or the operator that stands alone."""
    subject = claim.subject
    return (
        subject.network
        or subject.variant
        or (subject.layer["op"] if isinstance(subject.layer, dict) else "")
    )


def list_siblings(graph: Graph) -> Iterable[str]:
    """The other networks of the zoo's family, in its order."""
    for file in zoo_files():
        names = variant_names(file)
        if graph.name in names:
            return [n for n in names if n != graph.name]
    return []
