"""Finds inputs whose shape looks like another order of sizes than channels, height, width.

Why: A shape is channels first and without the batch. [1, 3, 224, 224], which PyTorch's models get,
is read as a volume of 3x224x224 with 1 channel, [28, 28] as a signal of length 28 with 28 channels,
and [32, 32, 3] as 32 channels of 32x3. Most layers take all of them, with other numbers.

Fix: Write the shape that is meant: [3, 224, 224], [1, 28, 28], [3, 32, 32].

Ignore it if: The input really is such a volume, signal or map.

Not reported: an input that is only flattened, as the numbers are the same."""

from collections.abc import Iterator

from cnnspec.analyses.input_layout import find_layout_doubts
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each input with a doubtful shape."""
    for doubt in find_layout_doubts(net.graph):
        hint = f"an input is channels, height, width, without the batch: {list(doubt.meant)}"
        yield Remark(doubt.node, doubt.message, hint)


rule = LintRule(
    "S006",
    WARNING,
    "an input is channels, height, width",
    check,
    bad="""
name = "net"
input = [1, 3, 224, 224]
layers = [
  { name = "stem", op = "conv", out_channels = 64, kernel_size = 7, stride = 2, padding = 3 },
]
""",
    finding="""
net.toml:2:9: S006 input is read as 1 channel of 3x224x224, but it looks like a batch of 1 with
3x224x224 each
help: an input is channels, height, width, without the batch: [3, 224, 224]
""",
    good="""
name = "net"
input = [3, 224, 224]
layers = [
  { name = "stem", op = "conv", out_channels = 64, kernel_size = 7, stride = 2, padding = 3 },
]
""",
)
