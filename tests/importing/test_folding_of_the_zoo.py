"""Every network of the zoo is folded and read back: the text must describe the same network."""

import pytest

from cnnspec.graph.build import build_graph, load_graph
from cnnspec.graph.model import Node
from cnnspec.importing.folding.write import draft_blocks
from cnnspec.importing.writing.spec_text import write_text
from cnnspec.spec.source import Source
from cnnspec.spec.zoo import family_name, variant_names, zoo_files
from tests.importing.zoo_imports import folded_text, import_graph, without_modules

WINDOW = ("kernel_size", "stride", "padding", "dilation")
NAMES = [name for file in zoo_files() for name in variant_names(file) or [family_name(file)]]


def describe(node: Node) -> tuple[object, ...]:
    """Return all that a node is, but for its name: what it computes, reads, shares and gives."""
    op, shapes = node.op, node.shapes
    window = [str(a) for a in op.axes(*shapes)] if op.slides_over else ""
    plain = {k: getattr(op, k) for k in op.fields if k not in WINDOW or not op.slides_over}
    return (
        node.kind,
        window,
        {k: round(v, 12) if isinstance(v, float) else v for k, v in plain.items()},
        tuple(n.index for n in node.inputs),
        node.output,
        op.parameters(*shapes),
        node.shares and node.shares.index,
        node.training_only,
    )


@pytest.mark.parametrize("modules", [True, False], ids=["modules", "no modules"])
@pytest.mark.parametrize("name", NAMES)
def test_the_text_describes_the_same_network(name: str, modules: bool) -> None:
    original = load_graph(name)
    graph = import_graph(original) if modules else without_modules(import_graph(original))
    text = folded_text(graph)
    blocks = write_text(draft_blocks(graph))
    assert text.endswith(blocks), "blocks were given up for a flat text"
    built = build_graph(Source("written.toml", text))
    assert [describe(node) for node in built.nodes] == [describe(n) for n in original.nodes]
    assert [n.index for n in built.outputs] == [n.index for n in original.outputs]
