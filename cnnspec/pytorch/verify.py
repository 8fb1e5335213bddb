"""Verify a spec: measure its built module, and compare it with a library's or a user's model."""

import platform
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import PackageNotFoundError, version

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
from cnnspec.problems import RequestError, SpecError, Where, describe_exception
from cnnspec.pytorch.built_module import BuiltModule, build_module
from cnnspec.pytorch.check_calls import REFERENCE, SAME_CALLS, SAME_FUNCTION
from cnnspec.pytorch.compare_memory import memory_checks
from cnnspec.pytorch.compare_model import SEED, compare_model
from cnnspec.pytorch.devices import choose_device, describe_shortage, device_title
from cnnspec.pytorch.load_models import load_reference, run_reference
from cnnspec.pytorch.measure_costs import count_macs_with_fvcore, measure_costs
from cnnspec.pytorch.random_weights import SkipInitialization
from cnnspec.pytorch.tensor_pairs import TensorPairs
from cnnspec.units import format_plural

QUANTITIES = {
    "shapes": {"layer", "output"},
    "tensors": {"tensors", "params", "buffers"},
    "MACs": {"macs"},
}
RebuildGraph = Callable[..., Graph]  # takes more arguments by name, and an input shape


def verify(
    graph: Graph,
    device: str = "auto",
    libraries: tuple[str, ...] = (),
    model: nn.Module | None = None,
    model_name: str = "",
    share: float = 1.0,
    rebuild: RebuildGraph | None = None,
    memory: bool = False,
    strict: bool = False,
    seed: int = SEED,
) -> Verdict:
    """Verify a graph on a device, also against libraries' references and a model.

    ``share`` is the part of the free memory that may be used. ``rebuild(more, input_shape)`` makes
    the graph anew with more arguments, for references that are equal only with these, or for
    another input shape. ``memory`` measures memory too. Where ``strict``, a model with other calls
    fails even if it computes the same. ``seed`` draws its weights and inputs. Raises RequestError
    for a device that does not exist, or without fvcore.
    """
    device = choose_device(device)
    try:
        checks = check_calculation(graph, device, share)
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        # PyTorch refuses to run an operator, or memory has run out.
        detail = f"it cannot be run: {describe_exception(error)}"
        checks = [Check("run", f"PyTorch on {device_title(device)}", IMPOSSIBLE, detail=detail)]
    if memory:
        checks += memory_checks(graph, device, share)
    for library in libraries:
        checks += check_reference(graph, library, device, share, rebuild)
    if model is not None:
        name, demand = model_name or type(model).__name__, SAME_CALLS if strict else SAME_FUNCTION
        checks += check_model(graph, model, name, device, share, demand, seed, rebuild)
    return Verdict(
        graph.name,
        device_title(device),
        tool_versions(*libraries),
        tuple(checks),
        graph_digest(graph),
        places_in_spec(graph, checks),
    )


def fits_in_memory(
    graph: Graph, device: str, libraries: tuple[str, ...], share: float, models: bool = False
) -> bool:
    """Return whether a whole verification fits in ``share`` of the free memory.

    With ``models``, it compares with the model that the spec names, if it names one.
    """
    device = choose_device(device)
    if device != "meta" and describe_shortage(graph, device, 1, 2, 4, share):
        return False
    named = models and graph.model is not None
    if not named and not any(library in graph.reference for library in libraries):
        return True
    return not describe_shortage(graph, "cpu" if device == "meta" else device, 2, 2, 8, share)


def places_in_spec(graph: Graph, checks: Iterable[Check]) -> dict[str, Where]:
    """Return the places in the spec of the layers that differ."""
    names = {d.name for c in checks for d in c.differences}
    lines = {node.name: node.line for node in graph.nodes if node.name in names}
    return {name: line.source.where(line.at("name")) for name, line in lines.items() if line}


def check_calculation(graph: Graph, device: str, share: float) -> list[Check]:
    """Measure the built module, and compare shapes, tensors and MACs with the calculation.

    Measures on the meta device where memory is short.
    """
    shortage = describe_shortage(graph, device, 1, 2, 4, share) if device != "meta" else ""
    where = "meta" if shortage else device
    with SkipInitialization():
        built = build_module(graph, where)
    calculated, against = (
        compute_costs(graph.layers(training=True)),
        f"PyTorch on {device_title(where)}",
    )
    found = compare_costs(calculated, measure_costs(graph, built))
    compared = format_plural(len(calculated), "layer")
    checks = [
        make_check(name, against, compared, [d for d in found if d.quantity in quantities])
        for name, quantities in QUANTITIES.items()
    ]
    if where != "meta":
        return [*checks, check_fvcore_macs(graph, built, calculated)]
    why = "it needs values, and meta has none"
    if shortage:
        why = f"measured on the meta device instead: {shortage}"
    return [*checks, Check("MACs", "fvcore", LIMITED, detail=why)]


def check_fvcore_macs(graph: Graph, built: BuiltModule, calculated: list[NodeCost]) -> Check:
    """Compare the calculated MACs with fvcore's, of the layers that fvcore counts.

    Layers that share parameters are counted with the layer that owns them.
    """
    counts = count_macs_with_fvcore(graph, built)
    sums: dict[str, int] = {}
    at_inference = {node.name for node in graph.layers()}
    for cost in calculated:
        owner = cost.shares or cost.name
        sums[owner] = sums.get(owner, 0) + (cost.macs if cost.name in at_inference else 0)
    wrong = [
        Difference(n, "macs", sums[n], macs, "how the work is counted")
        for n, macs in counts.items()
        if sums[n] != macs
    ]
    owners = sum(1 for n in sums.values() if n)
    detail = ""
    if len(counts) != owners:
        detail = "fvcore counts convolutions and linear layers at inference"
    return make_check(
        "MACs", "fvcore", f"{len(counts)} of {owners} layers with MACs", wrong, detail
    )


def check_reference(
    graph: Graph, library: str, device: str, share: float, rebuild: RebuildGraph | None = None
) -> list[Check]:
    """Compare a graph with the model that its spec names as its reference in a library."""
    name = graph.reference.get(library)
    if name is None:
        return [Check("reference", library, LIMITED, detail="the spec names no model of it")]
    settings = graph.reference.get("set", {})
    shown = f"{library} {name}"
    try:
        if settings and rebuild:
            graph = rebuild(settings)
        model, arguments = load_reference(library, name, graph.inputs[0].output)
        shown += arguments
    except (RequestError, SpecError) as error:
        return [Check("reference", shown, IMPOSSIBLE, detail=str(error))]
    found = check_model(graph, model, shown, device, share, REFERENCE)
    if not settings:
        return found
    equal = ", ".join(f"{key} = {graph.arguments.get(key)}" for key in settings)
    return [c.replace(detail="; ".join(filter(None, [f"with {equal}", c.detail]))) for c in found]


def check_model(
    graph: Graph,
    model: nn.Module,
    name: str,
    device: str,
    share: float,
    demand: str,
    seed: int = SEED,
    rebuild: RebuildGraph | None = None,
    pairs: TensorPairs | None = None,
) -> list[Check]:
    """Compare a graph with a model, on the CPU instead of the meta device.

    ``pairs`` are tensors of both that are known to be the same.
    """
    where = "cpu" if device == "meta" else device
    shortage = describe_shortage(graph, where, 2, 2, 8, share)
    if shortage:
        return [Check("values", name, LIMITED, detail=f"not compared: {shortage}")]
    run = run_reference if demand == REFERENCE else None
    resize = partial(rebuild, {}) if rebuild else None
    return compare_model(graph, model, name, where, run, demand, seed, resize, pairs)


def tool_versions(*libraries: str) -> dict[str, str]:
    """Return the versions of all that takes part in a verification."""
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
