"""Finds last maps whose receptive field is smaller than the input.

Why: A position of the last map depends only on its receptive field. If that is smaller than the
input, no unit can relate pixels that are further apart. A detector misses objects that are larger,
and a classifier that averages the map combines votes about patches (a bag of features). Only
advice, because small networks are often meant to be like this.

Fix: Reduce the size earlier (stride or pool), add layers, or use dilation.

Ignore it if: The task is local, such as denoising, or you average votes on purpose.

Not reported: maps behind which a flatten and a linear layer read everything.

Source: Luo, Li, Urtasun & Zemel (2016), Understanding the effective receptive field in deep
convolutional neural networks, arXiv 1701.04128; the sizes as in Araujo, Norris & Sim (2019)."""

from collections.abc import Iterator

from cnnspec.analyses.receptive_field.receptive_field import find_last_partial_fields
from cnnspec.problems import visible
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each last map that is an output or is pooled as a whole, and sees too little."""
    sizes = net.graph.inputs[0].output[1:]
    outputs = {node.index for node in net.graph.outputs}
    for node, field in find_last_partial_fields(net.graph, net.fields):
        pooled = any(reader.op.pools == "map" for reader in net.readers[node.index])
        if not pooled and node.index not in outputs:
            continue
        if all(seen >= size for seen, size in zip(field, sizes, strict=False)):
            continue
        effect = "it is an output"
        if pooled:
            effect = "the pooling after it cannot relate pixels that are further apart"
        message = (
            f"{visible(node.row)} sees {format_shape(field)} of the {format_shape(sizes)} input"
            f" pixels, and {effect}"
        )
        yield Remark(node, message, "use an earlier stride or pool, more layers, or dilation")


rule = LintRule(
    "S004",
    ADVICE,
    "the last map sees the whole input",
    check,
    bad="""
name = "net"
input = [3, 64, 64]
layers = [
  { name = "a", op = "conv", out_channels = 16, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "b", op = "conv", out_channels = 16, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "pool", op = "global_avgpool", keepdim = false },
  { name = "fc", op = "linear", out_features = 10 },
]
""",
    finding="""
net.toml:5:92: S004 b sees 5x5 of the 64x64 input pixels, and the pooling after it cannot relate
pixels that are further apart
help: use an earlier stride or pool, more layers, or dilation
""",
    good="""
name = "net"
input = [3, 15, 15]
layers = [
  { name = "a", op = "conv", out_channels = 16, kernel_size = 3, stride = 2, activation = "relu" },
  { name = "b", op = "conv", out_channels = 16, kernel_size = 3, stride = 2, activation = "relu" },
  { name = "c", op = "conv", out_channels = 16, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "pool", op = "global_avgpool", keepdim = false },
  { name = "fc", op = "linear", out_features = 10 },
]
""",
)
