"""Memory in other dtypes than float32, and under autocast: what stays is exact in all, and peaks
are in float64."""

import pytest
import support
import torch
from test_memory import BEFORE, EXACT, lines

import cnnspec
from cnnspec.analyses.memory.autocast import autocast_saved_bytes
from cnnspec.analyses.memory.network_memory import plan_memory
from cnnspec.analyses.memory.request import MODES
from cnnspec.graph.model import Graph
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.memory import Meter, measured, saved

REGIONS = ("roi_align", "regions of two maps")  # whose 16-bit kernels keep numbers in float32
NETWORKS = ["lenet5", "bird_cnn", "resnet20_cifar", "squeezenet1_1", "densenet_40_12"]


def differences(graph: Graph, dtype: str) -> dict[str, int]:
    """By how many bytes a plan for three examples and Adam is off."""
    plan = plan_memory(graph, 3, dtype=dtype, optimizer="adam")
    found = measured(graph, build_module(graph, dtype=getattr(torch, dtype)), 3, plan.loss, "adam")
    grounds = {mode: plan.baseline(mode) for mode in MODES}
    return {
        "saved": plan.saved - found.saved,
        "gradients": plan.gradients - found.gradients,
        "state": plan.state - found.state,
        "inference": plan.inference_peak - grounds["inference"] - found.inference,
        "training": plan.training_peak - grounds["training"] - found.training,
    }


def graph_of(case: str) -> Graph:
    return support.graph_of(f"input = [6, 16, 16]\nlayers = [\n{BEFORE}{lines()[case]}]\n")


@pytest.mark.long
@pytest.mark.parametrize("case", [case for case in lines() if case != "trainable_subsampling"])
def test_all_is_exact_in_float64(case: str) -> None:
    assert differences(graph_of(case), "float64") == EXACT


@pytest.mark.parametrize("name", ["lenet5", "resnet20_cifar", "conv_autoencoder"])
def test_networks_are_exact_in_float64(name: str) -> None:
    assert differences(cnnspec.load(name).graph, "float64") == EXACT


def stays(graph: Graph, dtype: str) -> dict[str, int]:
    """All but the peaks, in which kernels work in float32 for a while."""
    return {key: off for key, off in differences(graph, dtype).items() if key not in MODES}


@pytest.mark.long
@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        (case, dtype)
        for case in lines()
        for dtype in ("bfloat16", "float16")
        if case not in REGIONS and (case, dtype) != ("classes", "float16")
    ],
)  # whose classes are then no numbers
def test_what_is_kept_is_exact_in_16_bits(case: str, dtype: str) -> None:
    assert not any(stays(graph_of(case), dtype).values())


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["lenet5", "resnet20_cifar", "conv_autoencoder"])
def test_what_networks_keep_is_exact_in_16_bits(name: str, dtype: str) -> None:
    assert not any(stays(cnnspec.load(name).graph, dtype).values())


def kept_under_autocast(graph: Graph) -> int:
    twin = build_module(graph).train()
    meter = Meter(graph, twin, 3, "mse", "none", frozenset())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return saved(twin, meter.inputs)


@pytest.mark.parametrize(
    "case", [c for c in lines() if c in OPERATORS and load_operator(c).autocast]
)
def test_autocast_keeps_what_was_planned(case: str) -> None:
    graph = graph_of(case)
    assert autocast_saved_bytes(graph, 3) == kept_under_autocast(graph)


@pytest.mark.parametrize("name", NETWORKS)
def test_autocast_keeps_of_a_network_what_was_planned(name: str) -> None:
    graph = cnnspec.load(name).graph
    assert autocast_saved_bytes(graph, 3) == kept_under_autocast(graph)


def test_of_other_operators_nothing_is_said() -> None:
    assert autocast_saved_bytes(graph_of("prelu"), 3) is None
