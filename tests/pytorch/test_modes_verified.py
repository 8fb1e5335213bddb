"""Models that pad, pool or resize in rarer ways align with their specs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED
from tests.pytorch.test_spellings import differences, verify

CONV = '{ name = "d", op = "conv", out_channels = 4, kernel_size = 3, padding = 1, padding_mode ='
MODELS: dict[str, tuple[str, Callable[[Any, Any], Any], dict[str, Any]]] = {
    **{
        f"a convolution padded by {mode}": (
            f'{CONV} "{mode}" }},',
            lambda m, x: m.d(m.c(x)),
            {"d": nn.Conv2d(8, 4, 3, padding=1, padding_mode=mode)},
        )
        for mode in ("reflect", "replicate", "circular")
    },
    "a function that pads": (
        f'{CONV} "circular" }},',
        lambda m, x: m.d(F.pad(m.c(x), (1, 1, 1, 1), mode="circular")),
        {"d": nn.Conv2d(8, 4, 3)},
    ),
    "a circular pad": (
        '{ name = "p", op = "pad", padding = 2, mode = "circular" },',
        lambda m, x: nn.CircularPad2d(2)(m.c(x)),
        {},
    ),
    "a pad with a value": (
        '{ name = "p", op = "pad", padding = 2, value = 3 },',
        lambda m, x: F.pad(m.c(x), (2, 2, 2, 2), value=3),
        {},
    ),
    "a dilated pool": (
        '{ name = "p", op = "maxpool", kernel_size = 2, dilation = 3, stride = 1 },',
        lambda m, x: F.max_pool2d(m.c(x), 2, 1, dilation=3),
        {},
    ),
    "an adaptive pool that keeps a size": (
        '{ name = "p", op = "adaptive_avgpool", output_size = ["none", 3] },',
        lambda m, x: F.adaptive_avg_pool2d(m.c(x), (None, 3)),
        {},
    ),
    **{
        f"an upsample by {mode}": (
            f'{{ name = "u", op = "upsample", scale_factor = 2, mode = "{mode}" }},',
            lambda m, x, mode=mode: F.interpolate(m.c(x), scale_factor=2, mode=mode),  # type: ignore[misc]
            {},
        )
        for mode in ("bicubic", "nearest-exact")
    },
}


@pytest.mark.parametrize(("layers", "forward", "modules"), MODELS.values(), ids=MODELS)
def test_a_model_aligns(layers: str, forward: Any, modules: dict[str, Any]) -> None:
    checks = verify(layers, forward, **modules)
    assert all(c.status == PASSED for c in checks), differences(checks)


@pytest.mark.parametrize(
    ("name", "forward"),
    [
        ("a pad with a value", lambda m, x: F.pad(m.c(x), (2, 2, 2, 2), value=2)),
        ("a circular pad", lambda m, x: F.pad(m.c(x), (2, 2, 2, 2), mode="replicate")),
        ("a dilated pool", lambda m, x: F.max_pool2d(m.c(x), 4, 1)),
        ("an upsample by bicubic", lambda m, x: F.interpolate(m.c(x), None, 2, "bilinear")),
    ],
)
def test_another_model_does_not(name: str, forward: Any) -> None:
    layers, _, modules = MODELS[name]
    assert any(c.status != PASSED for c in verify(layers, forward, **modules))
