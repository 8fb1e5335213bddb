"""Compare detectors with what their authors print: parameters, MACs, boxes and regions."""

from math import prod
from typing import Any

import pytest

import cnnspec
from tests.support import import_torchvision

FROZEN: dict[str, Any] = {"norm": "frozen_batchnorm"}


@pytest.mark.parametrize(
    ("name", "settings", "model"),
    [
        ("ssd300_vgg16_torchvision", {}, "ssd300_vgg16"),
        ("retinanet_resnet50_fpn", FROZEN, "retinanet_resnet50_fpn"),
        ("fasterrcnn_resnet50_fpn", FROZEN, "fasterrcnn_resnet50_fpn"),
    ],
)
def test_torchvisions_metadata_is_the_same(name: str, settings: dict[str, Any], model: str) -> None:
    """Its _ops are 10^9 MACs, for 800x800 images and 1000 regions."""
    meta = import_torchvision().models.get_model_weights(model).DEFAULT.meta
    network = cnnspec.load(name, **settings)
    assert network.totals.params == meta["num_params"]
    digits = len(str(meta["_ops"]).partition(".")[2])
    assert round(network.totals.macs / 1e9, digits) == meta["_ops"]


def test_frozen_batch_normalization_is_all_buffers() -> None:
    plain, frozen = (
        cnnspec.load("fasterrcnn_resnet50_fpn"),
        cnnspec.load("fasterrcnn_resnet50_fpn", **FROZEN),
    )
    assert (plain.totals.params, frozen.totals.params) == (41_808_406, 41_755_286)
    assert (
        plain.totals.params + plain.totals.buffers == frozen.totals.params + frozen.totals.buffers
    )
    assert plain.totals.macs == frozen.totals.macs


def test_each_region_costs_one_pass_of_the_box_head() -> None:
    many, one = (
        cnnspec.load("fasterrcnn_resnet50_fpn"),
        cnnspec.load("fasterrcnn_resnet50_fpn", regions=1),
    )
    assert many.totals.params == one.totals.params
    assert many.totals.macs - one.totals.macs == 999 * (
        256 * 7 * 7 * 1024 + 1024 * 1024 + 1024 * 5 * 91
    )


def test_heads_shared_over_the_pyramid_count_once() -> None:
    rows = [
        r
        for r in cnnspec.load("retinanet_resnet50_fpn").layers
        if r.name.startswith("cls_p") and r.macs
    ]
    assert (
        sum(r.params for r in rows)
        == sum(r.params for r in rows[:5])
        == 4 * 590_080 + 2304 * 819 + 819
    )
    positions = [100 * 100, 50 * 50, 25 * 25, 13 * 13, 7 * 7]
    assert sum(r.macs for r in rows) == sum(positions) * 2304 * (4 * 256 + 819)


@pytest.mark.parametrize(
    ("name", "gflops"),
    [
        ("yolox_s", 26.8),
        ("yolox_m", 73.8),
        ("yolox_l", 155.6),
        ("yolox_x", 281.9),
    ],
)
def test_yolox_table_3_counts_batch_normalization_too(name: str, gflops: float) -> None:
    """The authors use thop, which adds two operations for each normalized element."""
    network = cnnspec.load(name)
    normalized = sum(prod(n.output) for n in network.graph.layers() if n.kind == "batchnorm")
    assert round(2 * (network.totals.macs + 2 * normalized) / 1e9, 1) == gflops


@pytest.mark.parametrize(
    ("name", "size", "boxes"),
    [
        ("ssd300_vgg16", 300, 8732),
        ("yolox_s", 416, 3549),
        ("retinanet_resnet50_fpn", 640, 9 * 8525),
        ("fasterrcnn_resnet50_fpn", 640, 3 * 34100),
    ],
)
def test_boxes_at_a_size(name: str, size: int, boxes: int) -> None:
    assert cnnspec.load(name, input=(3, size, size)).graph.outputs[0].output[0] == boxes
