"""A fully connected head that holds most of a network's parameters.

A flattened map of C x H x W in front of k units takes C*H*W*k weights: in AlexNet and in LeNet-5
the head has 96% of all parameters, in VGG-16 89%. Averaging each channel over its positions leaves
C values, and one layer makes the scores of them: C*k weights, a network that takes any input size,
and less to overfit with. Old networks are as they are, so this is advice.

Source: Lin, Chen & Yan (2013), Network in network, arXiv 1312.4400, section 3.2.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape

LIGHT = ("activation", "norm", "regulariser", "loss")


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every flatten of a map behind which a head of linear layers has more than half of all
    parameters."""
    total = sum(cost.params for cost in net.costs.values())
    for node in net.nodes:
        if node.op.role != "shape" or len(node.output) != 1 or node.inputs[0].kind == "input":
            continue
        channels, *sizes = node.shapes[0]
        head = linear_head(net, node)
        params = sum(net.costs[n.index].params for n in head)
        if not head or prod(sizes) == 1 or 2 * params <= total:
            continue
        scores = head[-1].output[0]
        pooled = (channels + 1) * scores
        names = ", ".join(visible(n.row) for n in head[:6])
        message = (
            f"{names} behind {visible(node.row)} hold {format_count(params)} of {format_count(total)} parameters "
            f"({100 * params / total:.3g}%)"
        )
        yield Remark(
            node,
            message,
            f"a global average pool of {format_shape((channels, *sizes))} and one layer of {scores} "
            f"need {format_count(pooled)}: {format_count(params - pooled)} fewer",
        )


def linear_head(net: LintedNetwork, node: Node) -> list[Node]:
    """The linear layers behind a node, in order; none where anything else than light layers reads
    it too."""
    head = []
    readers = net.readers[node.index]
    while readers:
        if len(readers) > 1 or not (readers[0].op.is_dense or readers[0].op.role in LIGHT):
            return []
        head += [readers[0]] * readers[0].op.is_dense
        readers = net.readers[readers[0].index]
    return head


rule = LintRule(
    "A003",
    ADVICE,
    "a head has no more parameters than the features before it",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv",    op = "conv", out_channels = 64, kernel_size = 3, activation = "relu" },
  { name = "flatten", op = "flatten" },
  { name = "fc",      op = "linear", out_features = 10 },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 64, kernel_size = 3, activation = "relu" },
  { name = "pool", op = "global_avgpool", keepdim = false },
  { name = "fc",   op = "linear", out_features = 10 },
]
""",
)
