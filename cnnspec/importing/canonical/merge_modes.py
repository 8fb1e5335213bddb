"""Merge the nodes of a run in inference with those of a run in training.

Training has all that inference has, and besides dropout and the like, which do nothing at
inference, and layers that only training needs, such as auxiliary classifiers."""

from cnnspec.importing.canonical.simplify import NodeList, drop_unread, operator_of
from cnnspec.importing.imported_graph import ImportedNode

# Fields that a call has in training only: a module gives them so.
TRAINING_FIELDS = {"scaled_dot_product_attention": "dropout"}


class ModesDiffer(Exception):
    """Inference has a node that training has not; the text describes it."""


def merge_modes(inference: NodeList, training: NodeList) -> tuple[NodeList, int]:
    """Return the nodes of training, those that only training needs marked, and how many outputs.

    The outputs of inference come first among the outputs, then what else training returns. Raises
    ModesDiffer."""
    sources = find_sources(training)
    matches = match_nodes(inference, training, sources)
    dropped = {sources[o]: o for o in reversed(training.outputs)}  # by what dropouts read
    outputs = tuple([dropped.get(matches[o], matches[o]) for o in inference.outputs])
    used = find_used(training, {*matches.values(), *outputs})
    marked = [
        node if i in used else node.replace(training_only=True)
        for i, node in enumerate(training.nodes)
    ]
    more = tuple([o for o in training.outputs if o not in used])
    merged = drop_unread(NodeList(tuple(marked), (*outputs, *dict.fromkeys(more))))
    return merged, len(outputs)


def find_sources(training: NodeList) -> list[int]:
    """Return for each node of training itself, or what it passes on where it is a dropout."""
    sources: list[int] = []
    for i, node in enumerate(training.nodes):
        sources.append(sources[node.inputs[0]] if is_regulariser(node) else i)
    return sources


def match_nodes(inference: NodeList, training: NodeList, sources: list[int]) -> dict[int, int]:
    """Return for each node of inference the same one of training. Raises ModesDiffer."""
    matches: dict[int, int] = {}
    place = 0
    for i, node in enumerate(inference.nodes):
        if TRAINING_FIELDS.get(node.kind) in node.fields:
            raise ModesDiffer(describe_fault(node, "it drops weights in inference, too"))
        inputs = tuple([sources[matches[j]] for j in node.inputs])
        found = next(
            (
                j
                for j in range(place, len(training.nodes))
                if is_same(node, training.nodes[j])
                and inputs == tuple([sources[k] for k in training.nodes[j].inputs])
            ),
            None,
        )
        if found is None:
            raise ModesDiffer(describe_fault(node, "it runs in inference, but not in training"))
        matches[i], place = found, found + 1
    return matches


def describe_fault(node: ImportedNode, reason: str) -> str:
    path = node.calls[-1].path if node.calls else ""
    at = f" ({node.source})" if node.source else ""
    return f"{path or 'the model'}: {node.kind}{at}: {reason}, which no spec can express"


def is_regulariser(node: ImportedNode) -> bool:
    """Return whether a node does nothing at inference."""
    return operator_of(node).role == "regulariser"


def is_same(a: ImportedNode, b: ImportedNode) -> bool:
    """Return whether a node of inference and one of training are the same layer of the model."""
    fields = {k: v for k, v in b.fields.items() if k != TRAINING_FIELDS.get(b.kind)}
    paths = [[c.path for c in node.calls] for node in (a, b)]
    return (
        (a.kind, a.fields, a.output, a.weights) == (b.kind, fields, b.output, b.weights)
        and paths[0] == paths[1]
        and len(a.inputs) == len(b.inputs)
    )


def find_used(training: NodeList, matched: set[int]) -> set[int]:
    """Return the nodes of training that inference has or that pass its values on."""
    used = set(matched)
    for i in reversed(range(len(training.nodes))):
        if i in used:
            used.update(j for j in training.nodes[i].inputs if is_regulariser(training.nodes[j]))
    return used
