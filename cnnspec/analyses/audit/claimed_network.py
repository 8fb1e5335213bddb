"""The networks that claims are about, with their rows and costs, and single operators."""

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
from cnnspec.graph.build import VariantRequest, build_candidate, build_variant, open_spec, read_spec
from cnnspec.graph.cache import SpecCache
from cnnspec.graph.model import Call, Graph, Node
from cnnspec.ops.input import Input
from cnnspec.ops.kit.fields import OperatorError, is_int
from cnnspec.ops.registry import OPERATORS, find_installed, load_operator
from cnnspec.problems import RequestError, SpecError, did_you_mean, list_first, visible
from cnnspec.spec.claims import Claim, ClaimSubject
from cnnspec.spec.model import NetworkSpec
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import MAX_LINES
from cnnspec.spec.source import Fields, read_source
from cnnspec.spec.zoo import family_name, find_spec, variant_names, zoo_files
from cnnspec.units import Shape

ALONE: Any = Call((), "", {})


class ClaimError(RequestError):
    """A claim about something that does not exist; the message says how to correct it."""


class ClaimedNetwork:
    """A network's nodes and their costs; ``graph`` is None for a single operator."""

    def __init__(
        self, name: str, inputs: list[Node], nodes: list[Node], graph: Graph | None = None
    ):
        self.name, self.inputs, self.nodes, self.graph = name, inputs, nodes, graph
        self.made_rows: dict[bool, list[Row]] = {}  # with training-only rows, or without

    @cached_property
    def costs(self) -> dict[int, NodeCost]:
        """The cost of every node, inputs included, by its index."""
        with garbage_collection_paused():
            return compute_costs_by_index([*self.inputs, *self.nodes])

    @cached_property
    def fields(self) -> dict[int, ReceptiveField]:
        """The receptive field of every node by its index, computed when first asked for."""
        with garbage_collection_paused():
            return compute_receptive_fields([*self.inputs, *self.nodes])

    def rows(self, training: bool = False) -> list[Row]:
        """Return the rows at full depth, inputs first, without receptive fields."""
        if training not in self.made_rows:
            shown = [n for n in self.nodes if training or not n.training_only]
            self.made_rows[training] = make_rows(
                [*self.inputs, *shown],
                self.costs,
                {n.index: WHOLE_INPUT for n in [*self.inputs, *shown]},
            )
        return [*self.made_rows[training]]

    def select_rows(self, subject: ClaimSubject, training: bool = False) -> list[Row]:
        """Select the rows that a claim is about; inputs only if named. Raises ClaimError."""
        every = self.rows(training or subject.training)
        names = subject.layer.split() if isinstance(subject.layer, str) else subject.layer
        found = [r for r in every if r.op != "input"]
        if isinstance(names, list) and names:
            for name in names:
                if not any(is_within(r, name) for r in every):
                    known = list(
                        dict.fromkeys(p for r in every for p in (r.name, r.name.partition(".")[0]))
                    )
                    hint = did_you_mean(name, known, "its layers are " + list_first(known))
                    raise ClaimError(f"{self.name} has no layer {visible(name, 60)!r}; {hint}")
            found = [r for name in names for r in every if is_within(r, name)]
        if subject.op:
            if subject.op not in OPERATORS and not find_installed(subject.op):
                raise ClaimError(
                    f"there is no operator {visible(subject.op, 60)!r}; "
                    + did_you_mean(subject.op, OPERATORS, "cnnspec schema lists them")
                )
            found = [r for r in found if r.op == subject.op]
        return found


def is_within(row: Row, name: str) -> bool:
    """Whether a row is the layer ``name`` or inside the block of that name."""
    return row.name == name or row.name.startswith(f"{name}.")


class ClaimedNetworks:
    """The networks of an audit, each loaded once.

    ``own`` are the graphs of the spec that contains the claims, by variant ("" is the first one).
    """

    def __init__(self, own: dict[str, Graph] | None = None, file: str = ""):
        self.made: dict[Any, ClaimedNetwork] = {}
        self.specs: dict[str, tuple[NetworkSpec, SpecReader, SpecCache]] = {}  # by their names
        self.own, self.file = own or {}, file

    def find(self, subject: ClaimSubject) -> ClaimedNetwork:
        """Return the network that a claim is about. Raises RequestError, SpecError."""
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
        """Return the name to load a claim's network by. Raises ClaimError."""
        name = subject.network or (
            f"{self.file}:{subject.variant}" if subject.variant else self.file
        )
        if not name:
            raise ClaimError("the claim names no network and is not in a spec; add network = ...")
        return name

    def load_resized(self, subject: ClaimSubject, input: Shape) -> ClaimedNetwork:
        """Build the network for another input size, with other parameters if they depend on it.

        Raises RequestError, SpecError."""
        name = self.network_name(subject)
        key = (name, repr(sorted(subject.settings.items())), input, "resized")
        if key not in self.made:
            spec, notes, variant, cache = self.open(name)
            wanted = VariantRequest(spec, notes, variant, subject.settings, input, MAX_LINES, cache)
            self.keep(key, build_candidate(wanted))
        return self.made[key]

    def open(self, name: str) -> tuple[NetworkSpec, SpecReader, str, SpecCache]:
        """Read the spec of a network, once for all its variants. Raises RequestError, SpecError."""
        if "@" in name:
            source, variant = open_spec(name)
            return *read_spec(source), variant, SpecCache()
        path, variant = find_spec(name)
        if path not in self.specs:
            self.specs[path] = *read_spec(read_source(path)), SpecCache()
        spec, notes, cache = self.specs[path]
        return spec, notes, variant, cache

    def load(
        self, name: str, settings: Fields | None = None, input: Shape | None = None
    ) -> ClaimedNetwork:
        """Load a network by its name. Raises RequestError, SpecError."""
        key = (name, repr(sorted((settings or {}).items())), input)
        if key in self.made:
            return self.made[key]
        spec, notes, variant, cache = self.open(name)
        wanted = VariantRequest(spec, notes, variant, settings, input, MAX_LINES, cache)
        try:
            return self.keep(key, build_candidate(wanted))
        except SpecError:
            return self.keep(key, build_variant(wanted))  # its problems say what would fit

    def keep(self, key: Any, graph: Graph) -> ClaimedNetwork:
        if key not in self.made:
            self.made[key] = ClaimedNetwork(
                graph.name, graph.inputs, graph.nodes[len(graph.inputs) :], graph
            )
        return self.made[key]


def make_single_operator(line: Fields, input: Shape | None) -> ClaimedNetwork:
    """Apply one operator, ``{ op = "conv", out_channels = 6, kernel_size = 5 }``, to an input.

    Raises ClaimError."""
    kind = line.get("op")
    if not isinstance(kind, str) or not (kind in OPERATORS or find_installed(kind)):
        raise ClaimError(
            f"there is no operator {visible(kind, 60)!r}; {did_you_mean(str(kind), OPERATORS)}"
        )
    if not input or not all(is_int(n, 1) for n in input):
        raise ClaimError("a single operator needs an input, such as input = [3, 32, 32]")
    source = Node(0, "input", "input", Input(tuple(input)), (), tuple(input), ALONE, "input")
    try:
        op = load_operator(kind)(**{k: v for k, v in line.items() if k != "op"})
        output = op.output(tuple(input))
    except OperatorError as error:
        raise ClaimError(f"{kind}: {error.message.replace('$0', 'the input')}") from None
    return ClaimedNetwork(kind, [source], [Node(1, kind, kind, op, (source,), output, ALONE, kind)])


def name_claim_subject(claim: Claim) -> str:
    """Return the name of a claim's network or single operator."""
    subject = claim.subject
    return (
        subject.network
        or subject.variant
        or (subject.layer["op"] if isinstance(subject.layer, dict) else "")
    )


def list_siblings(graph: Graph) -> Iterable[str]:
    """List the other networks of a network's family in the zoo."""
    # the file of the family is the likely one
    for file in sorted(zoo_files(), key=lambda f: family_name(f) != graph.family):
        names = variant_names(file)
        if graph.name in names:
            return [n for n in names if n != graph.name]
    return []
