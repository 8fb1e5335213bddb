"""Finds linear heads that have most of the parameters of a network.

Why: A flattened map of C x H x W before k units needs C*H*W*k weights. The head has 96% of all
parameters in AlexNet and in LeNet-5, 89% in VGG-16. Averaging each channel over its positions
leaves C values, and one linear layer makes the scores: C*k weights, any input size, and less
overfitting. Only advice, because older networks are simply like this.

Fix: Replace the flatten by global average pooling and one linear layer.

Ignore it if: You reproduce such a network, or the position of a feature matters to the scores.

Source: Lin, Chen & Yan (2013), Network in network, arXiv 1312.4400, section 3.2.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape

LIGHT = ("activation", "norm", "regulariser", "loss")
NAMED = 6  # layers that a message names


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each flatten whose linear layers have more than half of all parameters."""
    total = sum(cost.params for cost in net.costs.values())
    for node in net.nodes:
        if node.op.role != "shape" or len(node.output) != 1 or node.inputs[0].kind == "input":
            continue
        channels, *sizes = node.shapes[0]
        head = find_linear_head(net, node)
        params = sum(net.costs[n.index].params for n in head)
        if not head or prod(sizes) == 1 or 2 * params <= total:
            continue
        scores = head[-1].output[0]
        pooled = (channels + 1) * scores
        names = ", ".join(visible(n.row) for n in head[:NAMED])
        message = (
            f"the head after {visible(node.row)} ({names}) has {format_count(params)} of"
            f" {format_count(total)} parameters ({100 * params / total:.3g}%)"
        )
        hint = (
            f"global average pooling of {format_shape((channels, *sizes))} and one linear layer of"
            f" {scores} need {format_count(pooled)}: {format_count(params - pooled)} fewer"
        )
        yield Remark(node, message, hint)


def find_linear_head(net: LintedNetwork, node: Node) -> list[Node]:
    """Return the linear layers after a node; none if anything but light layers reads it too."""
    head = []
    readers = net.readers[node.index]
    while readers:
        reader = readers[0]
        if len(readers) > 1 or not (reader.op.is_dense or reader.op.role in LIGHT):
            return []
        if reader.op.is_dense:
            head.append(reader)
        readers = net.readers[reader.index]
    return head


rule = LintRule(
    "A003",
    ADVICE,
    "the head has at most half of all parameters",
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
    finding="""
net.toml:5:28: A003 the head after flatten (fc) has 576,010 of 577,802 parameters (99.7%)
help: global average pooling of 64x30x30 and one linear layer of 10 need 650: 575,360 fewer
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
