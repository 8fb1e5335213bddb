"""Two layers with weights and no activation between them.

A linear map of a linear map is one linear map: without a non-linearity between them the two layers
can express no more than one with the product of their weights, however long they are trained. Batch
normalization in between is linear too, once the network is trained. Often an ``activation`` was
forgotten.

Not meant are pairs that are cheaper than the one layer they stand for: through fewer channels than
either side has (MobileNetV2's linear bottleneck), depthwise and pointwise, or a column and a row.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.3.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every such pair, at its first layer: there the activation is missing."""
    for node in net.nodes:
        if node.op.weight_layout == "out-in":
            first = source(net, node)
            if first is not None and not cheaper(first, node):
                pair = (
                    f"{visible(first.name)} ({channels(first)}) and {visible(node.name)}"
                    f" ({channels(node)})"
                )
                message = (
                    f"{pair} have no activation between them: their"
                    f" {format_count(weights(first) + weights(node))} weights express one linear map"
                )
                yield Remark(
                    first,
                    message,
                    f'activation = "relu", say, on {visible(first.name)}; or one layer '
                    "instead of two",
                    ("activation",),
                )


def source(net: LintedNetwork, node: Node) -> Node | None:
    """The layer with weights whose output a node reads, through what is linear and read by nobody
    else; or None."""
    above, sole = node.inputs[0], node
    while above.kind != "input" and net.has_only_readers(above.index, 1) and not sole.shares:
        if above.op.weight_layout == "out-in":
            return None if above.shares else above
        if not above.op.is_affine:
            return None
        above = above.inputs[0]
    return None


def weights(node: Node) -> int:
    return prod(node.op.parameters(*node.shapes)["weight"])


def channels(node: Node) -> str:
    return f"{node.shapes[0][0]} to {node.output[0]}"


def cheaper(first: Node, second: Node) -> bool:
    """Whether two layers save weights over the one that they stand for: by rank, by groups, or by
    their kernels."""
    if first.output[0] < min(first.shapes[0][0], second.output[0]):
        return True
    kernels = []
    for node in (first, second):
        _, inner, *kernel = node.op.parameters(*node.shapes)["weight"]
        if inner < node.shapes[0][0]:
            return True
        kernels.append(kernel)
    a, b = kernels
    return (
        len(a) == len(b) > 1
        and any(m > n for m, n in zip(a, b, strict=True))
        and any(m < n for m, n in zip(a, b, strict=True))
    )


rule = LintRule(
    "A007",
    WARNING,
    "an activation stands between two layers with weights",
    check,
    bad="""
name = "net"
input = [784]
layers = [
  { name = "fc1", op = "linear", out_features = 128 },
  { name = "fc2", op = "linear", out_features = 10 },
]
""",
    good="""
name = "net"
input = [784]
layers = [
  { name = "fc1", op = "linear", out_features = 128, activation = "relu" },
  { name = "fc2", op = "linear", out_features = 10 },
]
""",
)
