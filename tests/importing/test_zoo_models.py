"""The imported graphs of torchvision's models are the graphs of the zoo's own specs."""

import warnings
from collections import Counter
from typing import Any

import pytest

import cnnspec
from cnnspec.graph.model import Node
from cnnspec.importing.canonical.canonicalize import canonicalize
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import load_operator
from cnnspec.pytorch.capture.capture import capture_model
from cnnspec.units import Shape
from tests.support import build

MODELS = {  # by torchvision's name, that of the zoo
    "resnet50": "resnet50",
    "resnet18": "resnet18",
    "wide_resnet50_2": "wide_resnet50_2",
    "densenet121": "densenet121",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3_large": "mobilenet_v3_large",
    "efficientnet_b0": "efficientnet_b0",
    "convnext_tiny": "convnext_tiny",
    "googlenet": "googlenet_torchvision",
    "inception_v3": "inception_v3",
    "regnet_y_400mf": "regnet_y_400mf",
    "shufflenet_v2_x1_0": "shufflenet_v2_x1_0",
    "squeezenet1_0": "squeezenet1_0",
    "vgg16": "vgg16",
    "mnasnet1_0": "mnasnet1_0",
}


def import_graph(library: str, model: str, shape: Shape) -> ImportedGraph:
    """Import a library's model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        found = capture_model(build(library, model), (shape,))
    return canonicalize(model, model, library, found.inference, found.training, found.parameters)


def describe_operator(kind: str, op: Operator, inputs: list[Shape]) -> tuple[Any, ...]:
    """Return an operator's settings as they act on its inputs: the padding in numbers.

    Whether a global pool keeps its dimensions or a flatten drops them is all one."""
    fields = {name: plain(getattr(op, name)) for name in op.fields if name != "keepdim"}
    if op.slides_over:
        fields["padding"] = [(axis.before, axis.after) for axis in op.axes(*inputs)]
        for name in ("kernel_size", "stride", "dilation"):
            fields.pop(name, None)
        fields["axes"] = [(a.kernel, a.stride, a.dilation) for a in op.axes(*inputs)]
    return kind, repr(sorted(fields.items()))


def drop_ones(shape: Shape) -> Shape:
    return shape[:1] if set(shape[1:]) == {1} else shape


def plain(value: Any) -> Any:
    return round(value, 9) if isinstance(value, float) else value


def number_nodes(
    rows: list[tuple[str, Operator, list[int], Shape, bool]],
) -> list[int]:
    """Return a hash for each node of what it computes from the inputs of the network.

    Pools to the size that a map already has, and dropouts that drop nothing, are passed over."""
    found: list[int] = []
    for kind, op, inputs, output, training_only in rows:
        shapes = [rows[i][3] for i in inputs]
        same = kind.startswith("adaptive") and shapes == [output]
        same |= kind == "flatten" and set(shapes[0][1:]) == {1}
        if same or (kind == "stochastic_depth" and getattr(op, "p", 1) == 0):
            found.append(found[inputs[0]])
            continue
        read = [found[i] for i in inputs]
        ordered = sorted(read) if op.is_commutative else read
        work = describe_operator(kind, op, shapes)
        found.append(hash((work, tuple(ordered), drop_ones(output), training_only)))
    return found


def rows_of_import(
    graph: ImportedGraph,
) -> list[tuple[str, Operator, list[int], Shape, bool]]:
    return [
        (
            n.kind,
            load_operator(n.kind)(**n.fields) if n.kind != "input" else Operator(),
            list(n.inputs),
            n.output,
            n.training_only,
        )
        for n in graph.nodes
    ]


def rows_of_zoo(nodes: list[Node]) -> list[tuple[str, Operator, list[int], Shape, bool]]:
    return [(n.kind, n.op, [i.index for i in n.inputs], n.output, n.training_only) for n in nodes]


@pytest.mark.parametrize("model", MODELS)
def test_an_imported_model_has_the_graph_of_the_zoo(model: str) -> None:
    expected = cnnspec.load(MODELS[model]).graph
    graph = import_graph("torchvision", model, expected.inputs[0].output)
    ours, theirs = rows_of_import(graph), rows_of_zoo(expected.nodes)
    left, right = number_nodes(ours), number_nodes(theirs)
    missing = [expected.nodes[i].name for i, n in enumerate(right) if n not in left]
    surplus = [graph.nodes[i] for i, n in enumerate(left) if n not in right]
    assert (missing[:2], surplus[:2]) == ([], [])
    assert [left[o] for o in graph.outputs] == [right[o.index] for o in expected.outputs]
    weights = Counter(load_weights(ours, left, graph))
    assert set(weights.values()) <= {1}, "no two nodes share parameters"


def load_weights(rows: Any, numbers: list[int], graph: ImportedGraph) -> list[str]:
    return [name for node in graph.nodes for name in node.weights]
