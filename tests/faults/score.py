"""Score a mutant: which check catches it, and whether that check names the changed layer."""

from random import Random
from typing import Any

import torch
from torch import nn

import cnnspec
from cnnspec.analyses.alignment.align import Alignment, align_recordings
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.verdict import PASSED, Check
from cnnspec.graph.model import Graph
from cnnspec.problems import SpecError
from cnnspec.pytorch.built_module import BuiltModule, build_module
from cnnspec.pytorch.check_calls import REFERENCE, check_calls
from cnnspec.pytorch.compare_model import (
    check_output_shapes,
    compare_without_restoring,
)
from cnnspec.pytorch.draws import ModelUnderTest
from cnnspec.pytorch.load_models import load_reference, run_reference
from cnnspec.pytorch.random_weights import SkipInitialization, draw_weights, in_mode
from cnnspec.pytorch.recording.recorder import record_built_module, record_model
from cnnspec.pytorch.tensor_pairs import pair_tensors_by_calls, pair_tensors_by_order
from cnnspec.pytorch.transplant_weights import transplant_weights, unequal_tensor_counts
from cnnspec.records import Record
from tests.faults.equivalent import explain_equivalence
from tests.faults.flat import flatten_graph
from tests.faults.mutate import Mutant, make_mutants
from tests.support import import_timm


class RecordedReference(Record):
    """A library's model, its recordings in inference and in training, and its outputs of inference.

    ``places`` are the lines of the flat spec by the place of the model that runs them.
    """

    model: nn.Module
    recordings: list[Recording]
    outputs: list[torch.Tensor]
    places: dict[str, set[str]]


def score_mutants(
    network: str, input: tuple[int, ...], count: int, values: float
) -> list[dict[str, Any]]:
    """Return the scores of ``count`` mutants of a network.

    A share of them, ``values``, goes through all checks even where the first ones fail.
    """
    torch.set_num_threads(1)
    import_timm()
    whole = flatten_graph(cnnspec.load(network, input=input).graph)
    graph = whole.graph()
    reference = record_reference(network, graph)
    shapes = {n.name: n.output for n in graph.nodes}
    chance = Random(f"{network} values")
    return [
        score_mutant(m, graph, reference, chance.random() < values)
        for m in make_mutants(whole, shapes, count, network)
    ]


def record_reference(network: str, graph: Graph) -> RecordedReference:
    """Record the reference of a network."""
    named = cnnspec.load(network).graph.reference
    library, name = next((k, named[k]) for k in ("torchvision", "timm") if k in named)
    with SkipInitialization():
        model, _ = load_reference(library, name, graph.inputs[0].output)
    draw_weights(model, torch.Generator().manual_seed(1))
    inputs = tuple(torch.randn(2, *n.output) for n in graph.inputs)
    found = []
    for training in (False, True):
        with in_mode(model, training):
            found.append(record_model(model, inputs, run_reference))
    own, _ = record_graph(graph)
    places: dict[str, set[str]] = {}
    for ours, (theirs, _) in zip(own, found, strict=True):
        for i, j in align_recordings(ours, theirs, len(graph.outputs)).pairs.items():
            places.setdefault(theirs.calls[j].place, set()).add(ours.calls[i].place)
    return RecordedReference(model, [r for r, _ in found], found[0][1], places)


def record_graph(graph: Graph) -> tuple[list[Recording], BuiltModule]:
    """Record a graph on the CPU, where small inputs take less time than on meta."""
    with SkipInitialization():
        built = build_module(graph, "cpu")
    inputs = tuple(torch.zeros(2, *n.output) for n in graph.inputs)
    found = []
    for training in (False, True):
        with in_mode(built, training):
            found.append(record_built_module(graph, built, inputs)[0])
    return found, built


def check_structure(graph: Graph, reference: RecordedReference) -> list[Check]:
    """Make the checks of ``--against`` that need no values."""
    ours, built = record_graph(graph)
    found: tuple[Alignment, Alignment] = tuple(  # type: ignore[assignment]
        [
            align_recordings(a, b, len(graph.outputs))
            for a, b in zip(ours, reference.recordings, strict=True)
        ]
    )
    whole = found[1].complete
    pairs = (
        pair_tensors_by_calls(found[1])
        if whole
        else pair_tensors_by_order(found[1], built, reference.model)
    )
    rest = [
        check_output_shapes(graph, reference.outputs, ""),
        transplant_weights(
            pairs, unequal_tensor_counts(found[1]) if whole else [], built, reference.model, ""
        ),
    ]
    calls = check_calls(found, "", REFERENCE)
    passed = calls.status == PASSED
    if any(c.status != PASSED for c in rest):
        calls = check_calls(found, "", REFERENCE, True)
    return [calls.replace(name="wiring" if passed else "calls"), *rest]


def score_mutant(
    mutant: Mutant, graph: Graph, reference: RecordedReference, values: bool
) -> dict[str, Any]:
    """Return the row of one mutant in the results."""
    row: dict[str, Any] = {"kind": mutant.kind, "layer": mutant.name, "change": mutant.change}
    try:
        changed = mutant.flat.graph()
    except SpecError as error:
        return row | {"by": "calculator", "rule": error.problems[0].rule}
    checks = check_structure(changed, reference)
    if values or all(c.status == PASSED for c in checks):
        full = compare_without_restoring(
            changed, ModelUnderTest(reference.model, "", "cpu", run_reference, REFERENCE)
        )
        failed = [c.name for c in full if c.status != PASSED]
        row["by values"] = next((name for name in failed if name not in ("calls", "outputs")), "")
        if all(c.status == PASSED for c in checks):
            checks = full
    bad = [c for c in checks if c.status != PASSED]
    if not bad:
        return row | {"by": "", "reason": explain_equivalence(graph, changed, mutant)}
    by = next(
        (
            c.name
            for c in bad
            if c.name != "wiring" and (c.name != "calls" or checks[0].name == "calls")
        ),
        "",
    )
    first = bad[0].differences[0]
    names = lines_named_by(first.name, mutant, reference)
    return row | {"by": by, "named": first.name, "right": bool(names & mutant.touched)}


def lines_named_by(name: str, mutant: Mutant, reference: RecordedReference) -> set[str]:
    """Return the lines that a difference names: a line, a tensor of it, or a place in the model."""
    lines = {line["name"] for line in mutant.flat.lines}
    return {name} & lines or {name.rpartition(".")[0]} & lines or reference.places.get(name, set())
