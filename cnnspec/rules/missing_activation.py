"""Finds two layers with weights that have no activation between them.

Why: Two linear maps in a row are one linear map. Without an activation between them, two layers can
compute no more than one layer with the product of their weights. Batch normalization between them
is linear too, once the network is trained. Often an ``activation`` was forgotten.

Fix: Add an activation to the first layer, or use one layer instead of two.

Ignore it if: The factorization is intended and has a reason other than cost.

Not reported: pairs that cost less than the one layer: through fewer channels than either side has
(MobileNetV2's linear bottleneck), depthwise and pointwise, a column and a row.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.3.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each such pair at its first layer, where the activation is missing."""
    for node in net.nodes:
        if node.op.trained_layout != "out-in":
            continue
        first = find_first_layer(net, node)
        if first is not None and not costs_less_than_one(first, node):
            name = visible(first.name)
            weights = count_layer_weights(first) + count_layer_weights(node)
            message = (
                f"{name} ({describe_channels(first)}) and {visible(node.name)}"
                f" ({describe_channels(node)}) have no activation between them: their"
                f" {format_count(weights)} weights compute one linear map"
            )
            hint = f'add activation = "relu", for example, to {name}; or use one layer instead'
            yield Remark(first, message, hint, ("activation",), ("activation", '"relu"'))


def find_first_layer(net: LintedNetwork, node: Node) -> Node | None:
    """Return the layer with weights that a node reads through linear nodes that only it reads."""
    if node.shares:
        return None
    above = node.inputs[0]
    while above.kind != "input" and net.has_only_readers(above.index, 1):
        if above.op.trained_layout == "out-in":
            return None if above.shares else above
        if not above.op.is_affine:
            return None
        above = above.inputs[0]
    return None


def count_layer_weights(node: Node) -> int:
    """Return how many weights a layer has, without its biases."""
    return prod(node.op.weight_shape(*node.shapes))


def describe_channels(node: Node) -> str:
    """Return the channels of a layer: ``784 to 128``."""
    return f"{node.shapes[0][0]} to {node.output[0]}"


def costs_less_than_one(first: Node, second: Node) -> bool:
    """Tell whether two layers have fewer weights than one: by rank, groups or kernel shapes."""
    if first.output[0] < min(first.shapes[0][0], second.output[0]):
        return True
    kernels = []
    for node in (first, second):
        _, inner, *kernel = node.op.weight_shape(*node.shapes)
        if inner < node.shapes[0][0]:
            return True
        kernels.append(kernel)
    if len(kernels[0]) != len(kernels[1]) or len(kernels[0]) < 2:
        return False
    pairs = list(zip(*kernels, strict=True))
    return any(m > n for m, n in pairs) and any(m < n for m, n in pairs)


rule = LintRule(
    "A007",
    WARNING,
    "there is an activation between two layers with weights",
    check,
    bad="""
name = "net"
input = [784]
layers = [
  { name = "fc1", op = "linear", out_features = 128 },
  { name = "fc2", op = "linear", out_features = 10 },
]
""",
    finding="""
net.toml:4:24: A007 fc1 (784 to 128) and fc2 (128 to 10) have no activation between them: their
101,632 weights compute one linear map
help: add activation = "relu", for example, to fc1; or use one layer instead
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
