"""Outputs that cannot see the whole input.

A position of the last map depends on its receptive field only. Where that is smaller than the
input, no unit can relate what lies further apart: a detector misses objects larger than it, and a
classifier that averages such maps votes over patches, a bag of features. A flatten with a fully
connected layer behind it does see everything, and is not meant. For small networks on purpose this
is no fault, so it is advice.

Source: Luo, Li, Urtasun & Zemel (2016), Understanding the effective receptive field in deep
convolutional neural networks, arXiv 1701.04128; the sizes as in Araujo, Norris & Sim (2019)."""

from collections.abc import Iterator

from cnnspec.analyses.receptive_field.receptive_field import find_last_partial_fields
from cnnspec.problems import visible
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """The last maps, of those that are outputs or are pooled as a whole, whose field is smaller
    than the input."""
    sizes = net.graph.inputs[0].output[1:]
    outputs = {n.index for n in net.graph.outputs}
    for node, field in find_last_partial_fields(net.graph, net.fields):
        pooled = any(reader.op.pools == "map" for reader in net.readers[node.index])
        if (pooled or node.index in outputs) and any(
            f < w for f, w in zip(field, sizes, strict=False)
        ):
            message = (
                f"{visible(node.row)} sees {format_shape(field)} of the {format_shape(sizes)} pixels of the"
                " input, and "
                + (
                    "pooling all of it relates nothing that lies further apart"
                    if pooled
                    else "it is an output"
                )
            )
            yield Remark(
                node, message, "an earlier stride or pool, more layers, or dilation widens it"
            )


rule = LintRule(
    "S004",
    ADVICE,
    "the last map sees the whole input",
    check,
    bad="""
name = "net"
input = [3, 64, 64]
layers = [
  { name = "conv1", op = "conv", out_channels = 16, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "conv2", op = "conv", out_channels = 16, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "pool",  op = "global_avgpool", keepdim = false },
  { name = "fc",    op = "linear", out_features = 10 },
]
""",
    good="""
name = "net"
input = [3, 8, 8]
layers = [
  { name = "conv1", op = "conv", out_channels = 16, kernel_size = 3, stride = 2, padding = 1, activation = "relu" },
  { name = "conv2", op = "conv", out_channels = 16, kernel_size = 3, stride = 2, padding = 1, activation = "relu" },
  { name = "conv3", op = "conv", out_channels = 16, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "pool",  op = "global_avgpool", keepdim = false },
  { name = "fc",    op = "linear", out_features = 10 },
]
""",
)
