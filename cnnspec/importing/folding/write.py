"""Writes the spec of an imported graph: the most readable draft that is exact."""

from cnnspec.importing.folding.flat import draft_flat_network
from cnnspec.importing.folding.round_trip import find_differences
from cnnspec.importing.folding.unread import drop_unread_nodes
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.importing.writing.spec_draft import SpecDraft
from cnnspec.importing.writing.spec_text import write_text
from cnnspec.problems import RequestError


def write_folded_spec(graph: ImportedGraph) -> str:
    """Return the text of the spec of an imported network.

    Raises RequestError if the language cannot express the network."""
    graph = drop_unread_nodes(graph)
    draft = SpecDraft(
        graph.title,
        graph.origin,
        graph.notes,
        tuple(node.output for node in graph.nodes if node.kind == "input"),
        draft_flat_network(graph),
    )
    text = write_text(draft)
    if faults := find_differences(text, graph):
        shown = "; ".join(faults[:3])
        raise RequestError(f"{graph.name} cannot be written as a spec: {shown}")
    return text
