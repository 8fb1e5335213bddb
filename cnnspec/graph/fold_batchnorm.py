"""Fold batch normalizations into the layers before them, as is usual before a network is deployed.

At inference a batch norm multiplies each channel by gamma/sqrt(var + eps) and adds a constant. A
convolution or linear layer before it can do both: the factor goes into its weights, the constant
into its bias. Source: Jacob et al. (2018), arXiv 1712.05877, section 3.2; PyTorch's
``torch.nn.utils.fuse_conv_bn_eval``."""

from cnnspec.graph.model import Graph, Node
from cnnspec.problems import visible
from cnnspec.records import Record

PLURAL = {"is": "are", "stays": "stay"}


class FoldedGraph(Record):
    """A graph after folding, and the names of the norms that are folded and of those that stay."""

    graph: Graph
    folded: tuple[str, ...]
    kept: tuple[str, ...]

    def describe(self) -> str:
        """Describe what is folded and what stays, in a sentence."""
        if not (self.folded or self.kept):
            return "there is no batch norm to fold"
        count = count_norms(len(self.folded), "is") if self.folded else "no batch norm is"
        text = f"{count} folded into the layer before"
        if not self.kept:
            return text
        names = ", ".join(map(visible, self.kept[:4])) + (", ..." if len(self.kept) > 4 else "")
        return (
            f"{text}; {count_norms(len(self.kept), 'stays')}, as no layer before can take the norm"
            f" alone: {names}"
        )


def fold_batchnorm(graph: Graph) -> FoldedGraph:
    """Fold each batch norm into the layer before it, if nothing else reads that layer."""
    shared = {n.shares.index for n in graph.nodes if n.shares}
    folding = {n.inputs[0].index: n for n in graph.nodes if can_be_folded(n, shared)}
    new: dict[int, Node] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        if node.inputs and folding.get(node.inputs[0].index) is node:
            new[node.index] = new[node.inputs[0].index]
            continue
        copy = copy_node(node, len(nodes), new)
        if node.index in folding:
            copy.op = node.op.with_norm_in_weights() or node.op
            copy.readers = folding[node.index].readers
        new[node.index] = copy
        nodes.append(copy)
    norms = [n for n in graph.nodes if is_batchnorm(n)]
    names = {n.name for n in folding.values()}
    return FoldedGraph(
        graph.replace(
            nodes=nodes,
            inputs=[new[n.index] for n in graph.inputs],
            outputs=[new[n.index] for n in graph.outputs],
        ),
        tuple([n.name for n in norms if n.name in names]),
        tuple([n.name for n in norms if n.name not in names]),
    )


def count_norms(n: int, verb: str) -> str:
    """Write ``1 batch norm is`` or ``2 batch norms are``."""
    return f"1 batch norm {verb}" if n == 1 else f"{n} batch norms {PLURAL[verb]}"


def is_batchnorm(node: Node) -> bool:
    """Whether a node is a norm that at inference scales and shifts each channel."""
    return node.op.role == "norm" and node.op.is_affine


def can_be_folded(node: Node, shared: set[int]) -> bool:
    """Whether a node is a batch norm that the layer before it can take over.

    ``shared`` are the indices of the nodes whose parameters others use."""
    if not is_batchnorm(node):
        return False
    layer = node.inputs[0]
    alone = layer.readers == 1 and layer.shares is None and layer.index not in shared
    return alone and layer.op.with_norm_in_weights() is not None


def copy_node(node: Node, index: int, new: dict[int, Node]) -> Node:
    """Copy a node, with another index, so that it reads the nodes of ``new``."""
    inputs = tuple([new[n.index] for n in node.inputs])
    copy = Node(
        index,
        node.name,
        node.kind,
        node.op,
        inputs,
        node.output,
        node.call,
        node.row,
        node.part,
        node.line,
    )
    copy.origins, copy.readers, copy.training_only = node.origins, node.readers, node.training_only
    copy.shares = new[node.shares.index] if node.shares else None
    return copy
