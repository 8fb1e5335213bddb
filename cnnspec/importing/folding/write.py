"""Writes the spec of an imported graph: the most readable draft that is exact."""

from typing import Any

from cnnspec.costs import compute_costs_by_index
from cnnspec.graph.model import Graph
from cnnspec.importing.folding.absorb import move_concats_back
from cnnspec.importing.folding.arguments import choose_arguments
from cnnspec.importing.folding.bodies import count_readers
from cnnspec.importing.folding.draft import Drafting
from cnnspec.importing.folding.drop_rates import find_drop_rates, number_drop_rates
from cnnspec.importing.folding.flat import draft_flat_network
from cnnspec.importing.folding.grouping import Grouping
from cnnspec.importing.folding.module_tree import build_module_tree
from cnnspec.importing.folding.names import input_names
from cnnspec.importing.folding.open_lists import open_parallel_lists, open_unlike_lists
from cnnspec.importing.folding.presets import PartPresets, use_line_presets
from cnnspec.importing.folding.read_lines import read_network
from cnnspec.importing.folding.round_trip import read_back
from cnnspec.importing.folding.sharing import mark_shared_lines
from cnnspec.importing.folding.structure import group_by_structure
from cnnspec.importing.folding.templates import Template
from cnnspec.importing.folding.unread import drop_unread_nodes
from cnnspec.importing.folding.wiring import Wiring
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.importing.writing.spec_draft import BlockDraft, SpecDraft
from cnnspec.importing.writing.spec_text import write_text
from cnnspec.ops.registry import load_operator
from cnnspec.problems import RequestError, describe_exception
from cnnspec.units import format_count, format_prefixed, format_shape

FOLDING_FAILED = (
    "the spec has one line for each layer and no blocks, as cnnspec failed to find these ({});"
    " please report it"
)


def write_folded_spec(graph: ImportedGraph) -> tuple[str, tuple[str, ...]]:
    """Return the text of the spec of an imported network, and a note if its folding has failed.

    One line for each node is less readable than blocks, but always right.

    Raises RequestError if the language cannot express the network."""
    graph = drop_unread_nodes(graph)
    notes: tuple[str, ...] = ()
    try:
        draft = draft_blocks(graph)
        built = read_back(write_text(draft), graph)
    except Exception as error:  # whatever is wrong in the folding, the flat spec is right
        if not isinstance(error, RequestError):
            notes = (FOLDING_FAILED.format(describe_exception(error)),)
        draft = draft_flat(graph)
        built = read_back(write_text(draft), graph)
    comments = (describe_totals(built), *graph.notes)
    return write_text(draft.replace(comments=comments)), notes


def describe_totals(graph: Graph) -> str:
    """Return the sentence at the top of a spec: title, parameters, multiply-accumulates."""
    costs = compute_costs_by_index(graph.nodes)
    layers = [costs[node.index] for node in graph.layers()]
    params = format_count(sum(cost.params for cost in layers))
    macs = format_prefixed(sum(cost.macs for cost in layers), "MACs")
    sizes = " and ".join(format_shape(node.output) for node in graph.inputs)
    return f"{graph.title}: {params} parameters, {macs} at {sizes}."


def draft_flat(graph: ImportedGraph) -> SpecDraft:
    """Return the draft with one line for each node."""
    return draft_spec(graph, draft_flat_network(graph))


def draft_blocks(graph: ImportedGraph) -> SpecDraft:
    """Return the draft with blocks, repeats and arguments."""
    root = read_network(graph, build_module_tree(graph), count_readers(graph))
    open_unlike_lists(root)
    move_concats_back(root)
    mark_shared_lines(graph, root)
    wiring = Wiring(graph)
    if not any(node.calls for node in graph.nodes):
        root.lines = group_by_structure(root.lines, wiring.readers)
    rates = find_drop_rates(graph)
    if rates:
        number_drop_rates(root, rates)
    wiring.connect(root)
    open_parallel_lists(root, wiring)
    root.inputs = [i for i, node in enumerate(graph.nodes) if node.kind == "input"]
    grouping = Grouping(lambda t: choose_arguments(t, lambda i: graph.nodes[i].output[0]))
    network = grouping.group(root)
    presets = PartPresets({template.name for template in grouping.templates})
    drafting = Drafting(grouping.templates, presets, rates, find_scores(graph))
    order = [network, *order_blocks(network)]
    blocks = [drafting.draft_block(template) for template in order]
    line_presets = use_line_presets(blocks, presets.taken)
    return draft_spec(
        graph,
        name_network(graph, network, blocks[0]),
        arguments=drafting.arguments,
        tables=tuple(drafting.tables),
        blocks=tuple(blocks[1:]),
        presets=(*line_presets, *presets.presets),
    )


def find_scores(graph: ImportedGraph) -> set[int]:
    """Return the nodes that give the scores of the classes: a last fully connected layer.

    The only output is one, and so are the results of auxiliary classifiers of the same size."""
    read = {i for node in graph.nodes for i in node.inputs}
    if len(graph.outputs) != 1:
        return set()
    shape = graph.nodes[graph.outputs[0]].output
    return {
        i
        for i, node in enumerate(graph.nodes)
        if node.kind != "input"
        and (i == graph.outputs[0] or (node.training_only and i not in read))
        and load_operator(node.kind).is_dense
        and node.output == shape
    }


def order_blocks(template: Template) -> list[Template]:
    """Return the blocks that a block calls, in the order of first use, each with those inside."""
    found: dict[int, Template] = {}
    for item in template.base.items:
        if isinstance(item.operation, Template) and id(item.operation) not in found:
            found |= {id(t): t for t in [item.operation, *order_blocks(item.operation)]}
    return [*found.values()]


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
        comments=(),
        shapes=tuple(node.output for node in graph.nodes if node.kind == "input"),
        network=network,
        **more,
    )
