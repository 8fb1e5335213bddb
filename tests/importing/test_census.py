"""The census tells architectures apart, runs again what is not proven, and its page says it all."""

import json
from typing import Any

import pytest
from torch import nn

from tests.census.run import choose_shapes, choose_waiting, encode_census
from tests.census.sources import find_kind, fingerprint
from tests.pages.census import describe_call, render_census_page


def make_model(dilation: int = 1, rate: float = 0.5, channels: int = 8) -> nn.Module:
    layers = [nn.Conv2d(3, channels, 3), nn.Conv2d(channels, 8, 3, dilation=dilation)]
    return nn.Sequential(*layers, nn.Conv2d(8, 8, 3), nn.Dropout(rate))


def test_models_with_other_weights_have_the_same_fingerprint() -> None:
    assert fingerprint(make_model()) == fingerprint(make_model())


@pytest.mark.parametrize("change", [{"dilation": 2}, {"rate": 0.1}, {"channels": 4}])
def test_models_with_other_settings_have_other_fingerprints(change: dict[str, Any]) -> None:
    assert fingerprint(make_model()) != fingerprint(make_model(**change))


def test_an_attribute_that_forward_reads_changes_the_fingerprint() -> None:
    first, second = make_model(), make_model()
    first.scale, second.scale = 0.5, 0.25  # type: ignore[assignment]
    assert fingerprint(first) != fingerprint(second)


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (make_model(), "cnn"),
        (nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 1)), "other"),
        (nn.Sequential(make_model(), nn.Flatten(2), nn.TransformerEncoderLayer(4, 2)), "other"),
        (nn.Linear(5, 5), "other"),
    ],
)
def test_a_cnn_has_three_convolutions_and_no_attention(model: nn.Module, kind: str) -> None:
    assert find_kind(model, (3, 8, 8)) == kind


@pytest.mark.parametrize(
    ("own", "size", "shapes"),
    [
        ((3, 224, 224), 0, [(3, 64, 64), (3, 224, 224)]),
        ((3, 64, 64), 0, [(3, 64, 64)]),
        ((3, 16, 112, 112), 0, [(3, 8, 64, 64), (3, 16, 112, 112)]),
        ((3, 224, 224), 96, [(3, 96, 96)]),
    ],
)
def test_a_small_input_is_tried_first(own: Any, size: int, shapes: Any) -> None:
    assert choose_shapes(own, size) == shapes


ROWS: dict[str, Any] = {
    "timm:a": {
        "state": "proven",
        "kind": "cnn",
        "input": [3, 64, 64],
        "lines": 40,
        "params": 12345,
        "macs": 678901,
        "fingerprint": "0",
    },
    "timm:b": {"state": "same", "as": "timm:a", "fingerprint": "0"},
    "timm:c": {
        "state": "unsupported",
        "kind": "other",
        "input": [3, 224, 224],
        "missing": ["blocks.0: a reshape of 2x64 to 8x16"],
    },
    "torchvision:d": {"state": "not built", "reason": "it needs a licence"},
}


def test_only_what_is_not_proven_is_run_again() -> None:
    names = [*ROWS, "timm:new"]
    assert choose_waiting(ROWS, names, retry=True) == ["timm:c", "torchvision:d"]
    assert choose_waiting(ROWS, names, retry=False) == ["timm:new"]


def test_the_page_says_what_became_of_each_model() -> None:
    page = render_census_page(json.loads(encode_census(ROWS, 8 << 30, 1489)))
    lines = [" ".join(line.split()) for line in page.splitlines()]
    assert "| a | cnn | 3x64x64 | yes | 40 | 12,345 | 678,901 |" in lines
    assert "| a reshape of n to n | 1 | timm:c |" in lines
    assert "| CNNs | 1 | 1 | 0 | 0 | 0 | 100.0% |" in lines
    assert "| all | 3 | 1 | 0 | 1 | 1 | 33.3% |" in lines
    assert any("it needs a licence" in line for line in lines)
    text = " ".join(page.split())
    assert "on 4 models of torchvision and timm, of 1,489 that there are; the small ones" in text
    assert "other 1 out" in text
    assert "at most 8 GiB" in page


def test_a_missing_call_is_named_without_its_place_and_sizes() -> None:
    assert describe_call("stages.0.1: add of 3x7x7 and 64") == "add of n and n"
