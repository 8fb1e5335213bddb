"""Prove an import: compare the spec with the model that it was written from.

The import knows which tensors of both are the same, so that none is paired by a guess."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnnspec.analyses.flat_calls import list_weight_names
from cnnspec.analyses.verdict import Verdict
from cnnspec.graph.model import Graph, Node, graph_digest
from cnnspec.importing.folding.unread import drop_unread_nodes
from cnnspec.importing.imported_graph import ImportedGraph

if TYPE_CHECKING:
    from cnnspec.pytorch.capture.capture import Capture

RebuildGraph = Callable[..., Graph]  # takes more arguments by name, and an input shape


def remove_unused(model: Any, found: "Capture") -> None:
    """Take the parameters that no call reads from a model: a spec has no layer for them.

    The notes of the spec name them."""
    calls = [call for run in (found.inference, found.training) for call in run.calls]
    used = {name for call in calls for name in list_weight_names(call.arguments)}
    for path in found.parameters.keys() - used:
        owner, _, name = path.rpartition(".")
        model.get_submodule(owner)._parameters[name] = None


def prove_import(
    model: Any,
    origin: str,
    found: "Capture",
    graph: Graph,
    imported: ImportedGraph,
    rebuild: RebuildGraph | None,
) -> Verdict:
    """Compare a spec with its model: calls, values, outputs, in inference and in training.

    ``origin`` says where the model is from, and ``rebuild`` makes the spec's graph for another
    input; without it they are compared at one size."""
    from cnnspec.pytorch.check_calls import SAME_FUNCTION
    from cnnspec.pytorch.devices import device_title
    from cnnspec.pytorch.verify import check_model, tool_versions

    remove_unused(model, found)
    checks = check_model(
        graph,
        model,
        origin,
        "cpu",
        1.0,
        SAME_FUNCTION,
        rebuild=rebuild,
        pairs=pair_imported_tensors(graph, imported),
    )
    return Verdict(
        graph.name, device_title("cpu"), tool_versions(), tuple(checks), graph_digest(graph)
    )


def pair_imported_tensors(graph: Graph, imported: ImportedGraph) -> list[tuple[str, str]]:
    """Return the names of tensors in the built module of a spec and in the model it is from.

    The nodes of both graphs are the same, in the same order."""
    nodes = drop_unread_nodes(imported).nodes
    return [
        pair
        for node, wanted in zip(graph.nodes, nodes, strict=True)
        if wanted.weights and not node.shares
        for pair in zip(name_tensors(node), wanted.weights, strict=False)
    ]


def name_tensors(node: Node) -> list[str]:
    """Return the names in a built module of a node's parameters, then of its buffers."""
    from cnnspec.pytorch.built_module import module_path

    names = [*node.op.parameters(*node.shapes), *node.op.buffers(*node.shapes)]
    return [".".join([*module_path(node.name), name]) for name in names]
