"""Convolutions whose weights are a buffer: counted, verified against models and imported."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec
from cnnspec.analyses.verdict import PASSED
from cnnspec.pytorch.check_calls import SAME_FUNCTION
from tests.pytorch.test_spellings import differences, verify

BLUR = (
    '{ name = "d", op = "depthwise_conv", kernel_size = 3, stride = 2, padding = 1,'
    ' padding_mode = "reflect", bias = false%s },'
)
FIXED = ", fixed = true"


class Blur(nn.Module):
    """A blur pool, with one filter that is repeated in a way, or one for each channel."""

    def __init__(self, repeat: str = "", trained: bool = False):
        super().__init__()
        line = torch.tensor([1.0, 2.0, 1.0]) / 4
        kernel = torch.outer(line, line)[None, None]
        self.repeat = repeat
        kernel = kernel if repeat else kernel.repeat(8, 1, 1, 1)
        if trained:
            self.kernel = nn.Parameter(kernel)
        else:
            self.register_buffer("kernel", kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel: torch.Tensor = self.kernel
        if self.repeat == "expand":
            kernel = kernel.expand(8, -1, -1, -1)
        if self.repeat == "repeat":
            kernel = kernel.repeat(8, 1, 1, 1)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=8)


def run(m: Any, x: torch.Tensor) -> Any:
    return m.d(m.c(x))


@pytest.mark.parametrize("repeat", ["", "expand", "repeat"])
def test_a_blur_pool_aligns(repeat: str) -> None:
    checks = verify(BLUR % FIXED, run, demand=SAME_FUNCTION, d=Blur(repeat))
    assert all(c.status == PASSED for c in checks), differences(checks)


@pytest.mark.parametrize("trained", [True, False])
def test_a_buffer_is_no_parameter(trained: bool) -> None:
    """The values are equal, but only one side trains them."""
    line = BLUR % ("" if not trained else FIXED)
    checks = verify(line, run, demand=SAME_FUNCTION, d=Blur(trained=trained))
    causes = [d.cause for c in checks for d in c.differences]
    assert "whether d.kernel is trained" in causes, causes


@pytest.mark.parametrize("repeat", ["", "expand", "repeat"])
def test_a_blur_pool_is_imported(repeat: str) -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 1), Blur(repeat))
    imported = cnnspec.from_pytorch(model, input=(3, 8, 8))
    assert imported.verdict.passed
    assert "fixed = true" in imported.text
    (layer,) = [x for x in imported.network.layers if x.op == "depthwise_conv"]
    assert (layer.params, layer.buffers, layer.macs) == (0, 8 * 9, 8 * 9 * 16)
