"""Which check catches a mutant, and whether the layer that it names is one that was changed or
reads what was."""

from random import Random
from typing import Any, NamedTuple

import torch
from torch import nn

import cnnspec
from cnnspec.analyses.alignment.align import Alignment, align_recordings
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.verdict import PASSED, Check
from cnnspec.graph.model import Graph
from cnnspec.problems import SpecError
from cnnspec.pytorch.built_module import BuiltModule, build_module
from cnnspec.pytorch.compare_model import (
    check_calls,
    check_output_shapes,
    compare_without_restoring,
)
from cnnspec.pytorch.load_models import load_reference, run_reference
from cnnspec.pytorch.random_weights import SkipInitialization, draw_weights, in_mode
from cnnspec.pytorch.recording.recorder import record_built_module, record_model
from cnnspec.pytorch.transplant_weights import (
    pair_tensors_by_calls,
    pair_tensors_by_order,
    transplant_weights,
    unequal_tensor_counts,
)
from tests.faults.equivalent import reason
from tests.faults.flat import flat
from tests.faults.mutate import Mutant, mutants
from tests.support import import_timm


class Other(NamedTuple):
    """A library's model as it ran: in inference and in training, and what inference gave."""

    model: nn.Module
    recordings: list[Recording]
    outputs: list[torch.Tensor]
    places: dict[
        str, set[str]
    ]  # the lines of the flat spec by the places of the model where they are run


def run(network: str, input: tuple[int, ...], count: int, values: float) -> list[dict[str, Any]]:
    """The score of ``count`` mutants of a network; the part ``values`` of them goes through all
    checks anyway."""
    torch.set_num_threads(1)
    import_timm()
    whole = flat(cnnspec.load(network, input=input).graph)
    graph = whole.graph()
    other = watched(network, graph)
    shapes = {n.name: n.output for n in graph.nodes}
    chance = Random(f"{network} values")
    return [
        score(m, graph, other, chance.random() < values)
        for m in mutants(whole, shapes, count, network)
    ]


def watched(network: str, graph: Graph) -> Other:
    """The reference of a network, recorded."""
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
    own, _ = recorded(graph)
    places: dict[str, set[str]] = {}
    for ours, (theirs, _) in zip(own, found, strict=True):
        for i, j in align_recordings(ours, theirs, len(graph.outputs)).pairs.items():
            places.setdefault(theirs.calls[j].place, set()).add(ours.calls[i].place)
    return Other(model, [r for r, _ in found], found[0][1], places)


def recorded(graph: Graph) -> tuple[list[Recording], BuiltModule]:
    """What the twin runs; on the CPU, where small inputs take less time than on meta."""
    with SkipInitialization():
        twin = build_module(graph, "cpu")
    inputs = tuple(torch.zeros(2, *n.output) for n in graph.inputs)
    found = []
    for training in (False, True):
        with in_mode(twin, training):
            found.append(record_built_module(graph, twin, inputs)[0])
    return found, twin


def structure(graph: Graph, other: Other) -> list[Check]:
    """The checks of a comparison that need no values, as ``--against`` makes them."""
    ours, twin = recorded(graph)
    found: tuple[Alignment, Alignment] = tuple(  # type: ignore[assignment]
        [
            align_recordings(a, b, len(graph.outputs))
            for a, b in zip(ours, other.recordings, strict=True)
        ]
    )
    whole = found[1].complete
    pairs = (
        pair_tensors_by_calls(found[1])
        if whole
        else pair_tensors_by_order(found[1], twin, other.model)
    )
    rest = [
        check_output_shapes(graph, other.outputs, ""),
        transplant_weights(
            pairs, unequal_tensor_counts(found[1]) if whole else [], twin, other.model, ""
        ),
    ]
    calls = check_calls(found, "", False)
    lax = calls.status == PASSED
    if any(c.status != PASSED for c in rest):
        calls = check_calls(found, "", False, True)
    return [calls.replace(name="wiring" if lax else "calls"), *rest]


def score(mutant: Mutant, graph: Graph, other: Other, values: bool) -> dict[str, Any]:
    """What became of one mutant."""
    row: dict[str, Any] = {"kind": mutant.kind, "layer": mutant.name, "change": mutant.change}
    try:
        changed = mutant.flat.graph()
    except SpecError as error:
        return row | {"by": "calculator", "rule": error.problems[0].rule}
    checks = structure(changed, other)
    if values or all(c.status == PASSED for c in checks):
        full = compare_without_restoring(changed, other.model, "", "cpu", run_reference, False)
        failed = [c.name for c in full if c.status != PASSED]
        row["by values"] = next((name for name in failed if name not in ("calls", "outputs")), "")
        if all(c.status == PASSED for c in checks):
            checks = full
    bad = [c for c in checks if c.status != PASSED]
    if not bad:
        return row | {"by": "", "reason": reason(graph, changed, mutant)}
    by = next(
        (
            c.name
            for c in bad
            if c.name != "wiring" and (c.name != "calls" or checks[0].name == "calls")
        ),
        "",
    )
    first = bad[0].differences[0]
    names = named(first.name, mutant, other)
    return row | {"by": by, "named": first.name, "right": bool(names & mutant.touched)}


def named(name: str, mutant: Mutant, other: Other) -> set[str]:
    """The lines of the flat spec that a difference names: by their own name, a tensor's, or a place
    in the model."""
    lines = {line["name"] for line in mutant.flat.lines}
    return {name} & lines or {name.rpartition(".")[0]} & lines or other.places.get(name, set())
