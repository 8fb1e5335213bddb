"""Writes the spec of an imported graph: the most readable draft that is exact."""

from collections.abc import Callable
from typing import Any

from cnnspec.importing.folding.absorb import move_concats_back
from cnnspec.importing.folding.arguments import choose_arguments
from cnnspec.importing.folding.bodies import count_readers
from cnnspec.importing.folding.draft import Drafting
from cnnspec.importing.folding.flat import draft_flat_network
from cnnspec.importing.folding.grouping import Grouping
from cnnspec.importing.folding.module_tree import build_module_tree
from cnnspec.importing.folding.names import input_names
from cnnspec.importing.folding.part_presets import PartPresets
from cnnspec.importing.folding.read_lines import read_network
from cnnspec.importing.folding.round_trip import find_differences
from cnnspec.importing.folding.sharing import mark_shared_lines
from cnnspec.importing.folding.templates import Template
from cnnspec.importing.folding.unread import drop_unread_nodes
from cnnspec.importing.folding.wiring import Wiring
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.importing.writing.spec_draft import BlockDraft, SpecDraft
from cnnspec.importing.writing.spec_text import write_text
from cnnspec.problems import RequestError


def write_folded_spec(graph: ImportedGraph) -> str:
    """Return the text of the spec of an imported network.

    Raises RequestError if the language cannot express the network."""
    graph = drop_unread_nodes(graph)
    drafts: tuple[Callable[[ImportedGraph], SpecDraft], ...] = (draft_blocks, draft_flat)
    faults: list[str] = []
    for draft in drafts:
        text = write_text(draft(graph))
        faults = find_differences(text, graph)
        if not faults:
            return text
    raise RequestError(f"{graph.name} cannot be written as a spec: {'; '.join(faults[:3])}")


def draft_flat(graph: ImportedGraph) -> SpecDraft:
    """Return the draft with one line for each node."""
    return draft_spec(graph, draft_flat_network(graph))


def draft_blocks(graph: ImportedGraph) -> SpecDraft:
    """Return the draft with blocks, repeats and arguments."""
    root = read_network(graph, build_module_tree(graph), count_readers(graph))
    move_concats_back(root)
    mark_shared_lines(graph, root)
    wiring = Wiring(graph)
    wiring.connect(root)
    root.inputs = [i for i, node in enumerate(graph.nodes) if node.kind == "input"]
    grouping = Grouping(
        wiring.readers, lambda t: choose_arguments(t, lambda i: graph.nodes[i].output[0])
    )
    network = grouping.group(root)
    presets = PartPresets({template.name for template in grouping.templates})
    drafting = Drafting(grouping.templates, presets)
    blocks = [drafting.draft_block(template) for template in grouping.templates]
    return draft_spec(
        graph,
        name_network(graph, network, blocks.pop()),
        tables=tuple(drafting.tables),
        blocks=tuple(blocks[::-1]),
        presets=tuple(presets.presets),
    )


def name_network(graph: ImportedGraph, network: Template, draft: BlockDraft) -> BlockDraft:
    """Return the lines of the network with the names of its inputs and outputs."""
    base = network.base
    inputs = input_names(sum(node.kind == "input" for node in graph.nodes))
    places = [base.place_of(i) for i in graph.outputs]
    is_last = places == [network.last(base, network.maps[0])]
    outputs = () if is_last else tuple(base.name_of(place) for place in places)
    return draft.replace(name=graph.name, inputs=inputs, outputs=outputs)


def draft_spec(graph: ImportedGraph, network: BlockDraft, **more: Any) -> SpecDraft:
    """Return the draft of a spec with the head that every import has."""
    return SpecDraft(
        title=graph.title,
        source=graph.origin,
        comments=graph.notes,
        shapes=tuple(node.output for node in graph.nodes if node.kind == "input"),
        network=network,
        **more,
    )
