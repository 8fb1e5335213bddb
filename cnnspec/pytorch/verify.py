"""Proving a sheet: its twin measured against the calculation, against libraries' models and against
a user's."""

import platform
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import nn

from cnnspec import __version__
from cnnspec.analyses.verdict import (
    IMPOSSIBLE,
    LIMITED,
    Check,
    Difference,
    Verdict,
    compare_costs,
    make_check,
)
from cnnspec.costs import NodeCost, compute_costs
from cnnspec.graph.model import Graph, graph_digest
from cnnspec.problems import RequestError, SpecError, Where
from cnnspec.pytorch import references
from cnnspec.pytorch.built_module import BuiltModule, build_module
from cnnspec.pytorch.compare_model import compare_model, describe_exception
from cnnspec.pytorch.devices import choose_device, describe_shortage, device_title
from cnnspec.pytorch.fvcore_counts import fvcore_macs
from cnnspec.pytorch.measure_costs import measure_costs
from cnnspec.pytorch.proof_of_memory import memory_checks
from cnnspec.pytorch.random_weights import SkipInitialization

QUANTITIES = {
    "shapes": {"layer", "output"},
    "tensors": {"tensors", "params", "buffers"},
    "MACs": {"macs"},
}
Again = Callable[[dict[str, Any]], Graph]


def verify(
    graph: Graph,
    device: str = "auto",
    libraries: tuple[str, ...] = (),
    model: nn.Module | None = None,
    model_name: str = "",
    share: float = 1.0,
    again: Again | None = None,
    memory: bool = False,
) -> Verdict:
    """The verdict on a graph: its twin on a device, and against the models that are asked for.

    ``share`` is the part of the free memory that may be used; ``again`` makes the graph anew with
    more arguments, for references that are equal with these only. Raises RequestError for a device
    that is not there or without fvcore."""
    device = choose_device(device)
    try:
        checks = calculation(graph, device, share)
    except (
        RuntimeError,
        ValueError,
        TypeError,
        MemoryError,
    ) as error:  # PyTorch refuses, or there is no memory left
        checks = [
            Check(
                "run",
                f"PyTorch on {device_title(device)}",
                IMPOSSIBLE,
                detail=f"it cannot be run: {describe_exception(error)}",
            )
        ]
    if memory:
        checks += memory_checks(graph, device, share)
    for library in libraries:
        checks += with_library(graph, library, device, share, again)
    if model is not None:
        checks += with_model(graph, model, model_name or type(model).__name__, device, share, True)
    return Verdict(
        graph.name,
        device_title(device),
        versions(*libraries),
        tuple(checks),
        graph_digest(graph),
        places(graph, checks),
    )


def fits_in_memory(graph: Graph, device: str, libraries: tuple[str, ...], share: float) -> bool:
    """Whether all that a verdict takes fits into ``share`` of the free memory."""
    device = choose_device(device)
    if device != "meta" and describe_shortage(graph, device, 1, 2, 4, share):
        return False
    compared = any(library in graph.reference for library in libraries)
    return not (
        compared and describe_shortage(graph, "cpu" if device == "meta" else device, 2, 2, 8, share)
    )


def places(graph: Graph, checks: Iterable[Check]) -> dict[str, Where]:
    """Where in the spec the layers stand that differ."""
    names = {d.name for c in checks for d in c.differences}
    lines = {node.name: node.line for node in graph.nodes if node.name in names}
    return {name: line.source.where(line.at("name")) for name, line in lines.items() if line}


def calculation(graph: Graph, device: str, share: float) -> list[Check]:
    """The twin, measured, against the calculator: shapes, tensors, and MACs by two counters."""
    short = describe_shortage(graph, device, 1, 2, 4, share) if device != "meta" else ""
    where = "meta" if short else device
    with SkipInitialization():
        twin = build_module(graph, where)
    calculated, on = compute_costs(graph.layers(training=True)), f"PyTorch on {device_title(where)}"
    found = compare_costs(calculated, measure_costs(graph, twin))
    checks = [
        make_check(
            name, on, f"{len(calculated)} layers", [d for d in found if d.quantity in quantities]
        )
        for name, quantities in QUANTITIES.items()
    ]
    if where != "meta":
        return [*checks, counted_twice(graph, twin, calculated)]
    why = (
        f"measured on the meta device instead: {short}"
        if short
        else "it needs values, and meta has none"
    )
    return [*checks, Check("MACs", "fvcore", LIMITED, detail=why)]


def counted_twice(graph: Graph, twin: BuiltModule, calculated: list[NodeCost]) -> Check:
    """The MACs that fvcore counts; layers that share parameters are counted with the one that has
    them."""
    counts = fvcore_macs(graph, twin)
    sums: dict[str, int] = {}
    there = {node.name for node in graph.layers()}
    for cost in calculated:
        owner = cost.shares or cost.name
        sums[owner] = sums.get(owner, 0) + (cost.macs if cost.name in there else 0)
    wrong = [
        Difference(n, "macs", sums[n], macs, "how the work is counted")
        for n, macs in counts.items()
        if sums[n] != macs
    ]
    owners = sum(1 for n in sums.values() if n)
    return make_check(
        "MACs",
        "fvcore",
        f"{len(counts)} of {owners} layers with MACs",
        wrong,
        "" if len(counts) == owners else "it counts convolutions and linear layers at inference",
    )


def with_library(
    graph: Graph, library: str, device: str, share: float, again: Again | None = None
) -> list[Check]:
    """The graph against the model that its spec names as its reference in a library."""
    name = graph.reference.get(library)
    if name is None:
        return [Check("reference", library, LIMITED, detail="the spec names no model of it")]
    settings = graph.reference.get("set", {})
    shown = f"{library} {name}"
    try:
        if settings and again:
            graph = again(settings)
        model, made = references.reference(library, name, graph.inputs[0].output)
        shown += made
    except (RequestError, SpecError) as error:
        return [Check("reference", shown, IMPOSSIBLE, detail=str(error))]
    found = with_model(graph, model, shown, device, share, False)
    if not settings:
        return found
    equal = ", ".join(f"{key} = {graph.arguments.get(key)}" for key in settings)
    return [c.replace(detail="; ".join(filter(None, [f"with {equal}", c.detail]))) for c in found]


def with_model(
    graph: Graph, model: nn.Module, name: str, device: str, share: float, strict: bool
) -> list[Check]:
    """The graph against a model, on a device that has values."""
    where = "cpu" if device == "meta" else device
    short = describe_shortage(graph, where, 2, 2, 8, share)
    if short:
        return [Check("values", name, LIMITED, detail=f"not compared: {short}")]
    return compare_model(graph, model, name, where, None if strict else references.run, strict)


def versions(*libraries: str) -> dict[str, str]:
    """What was used, by version."""
    found = {
        "cnnspec": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    for name in ("fvcore", *libraries):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
