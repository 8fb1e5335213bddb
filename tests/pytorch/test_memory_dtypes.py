"""Memory in other dtypes and under autocast: saved bytes are exact in all, peaks in float64."""

import pytest
import torch

import cnnspec
from cnnspec.analyses.memory.network_memory import plan_memory
from cnnspec.analyses.memory.passes import autocast_saved_bytes
from cnnspec.analyses.memory.request import MODES
from cnnspec.graph.model import Graph
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.measure_memory import MemoryMeter, measure_memory, measure_saved_bytes
from tests import support
from tests.pytorch.test_memory import BEFORE, EXACT, lines

# Known errors of peaks in float64, which the page of memory lists.
NOT_IN_FLOAT64 = ("trainable_subsampling", "fixed weights with a trained bias")
# Their 16-bit kernels save float32 numbers.
FLOAT32 = ("roi_align", "regions of two maps", "regions of a norm", "rmsnorm")
NETWORKS = ["lenet5", "bird_cnn", "resnet20_cifar", "squeezenet1_1", "densenet_40_12"]


def differences(graph: Graph, dtype: str) -> dict[str, int]:
    """Return by how many bytes a plan for three examples and Adam is off."""
    plan = plan_memory(graph, 3, dtype=dtype, optimizer="adam")
    found = measure_memory(
        graph, build_module(graph, dtype=getattr(torch, dtype)), 3, plan.loss, "adam"
    )
    baselines = {mode: plan.baseline(mode) for mode in MODES}
    return {
        "saved": plan.saved - found.saved,
        "gradients": plan.gradients - found.gradients,
        "state": plan.state - found.state,
        "inference": plan.inference_peak - baselines["inference"] - found.inference,
        "training": plan.training_peak - baselines["training"] - found.training,
    }


def graph_of(case: str) -> Graph:
    return support.graph_of(f"input = [6, 16, 16]\nlayers = [\n{BEFORE}{lines()[case]}]\n")


@pytest.mark.long
@pytest.mark.parametrize("case", [case for case in lines() if case not in NOT_IN_FLOAT64])
def test_all_is_exact_in_float64(case: str) -> None:
    assert differences(graph_of(case), "float64") == EXACT


@pytest.mark.parametrize("name", ["lenet5", "resnet20_cifar", "conv_autoencoder"])
def test_networks_are_exact_in_float64(name: str) -> None:
    assert differences(cnnspec.load(name).graph, "float64") == EXACT


def differences_but_peaks(graph: Graph, dtype: str) -> dict[str, int]:
    """Return all differences but those of peaks, as kernels work in float32 for a while."""
    return {key: off for key, off in differences(graph, dtype).items() if key not in MODES}


@pytest.mark.long
@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        (case, dtype)
        for case in lines()
        for dtype in ("bfloat16", "float16")
        if case not in FLOAT32 and (case, dtype) != ("classes", "float16")
    ],
)  # in float16, the classes are not numbers
def test_saved_bytes_are_exact_in_16_bits(case: str, dtype: str) -> None:
    assert not any(differences_but_peaks(graph_of(case), dtype).values())


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["lenet5", "resnet20_cifar", "conv_autoencoder"])
def test_saved_bytes_of_networks_are_exact_in_16_bits(name: str, dtype: str) -> None:
    assert not any(differences_but_peaks(cnnspec.load(name).graph, dtype).values())


def saved_under_autocast(graph: Graph) -> int:
    """Measure the bytes that a forward pass of three examples saves under autocast."""
    built = build_module(graph).train()
    meter = MemoryMeter(graph, built, 3, "mse")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return measure_saved_bytes(built, meter.inputs)


@pytest.mark.parametrize(
    "case", [c for c in lines() if c in OPERATORS and load_operator(c).autocast]
)
def test_autocast_saves_what_was_planned(case: str) -> None:
    graph = graph_of(case)
    assert autocast_saved_bytes(graph, 3) == saved_under_autocast(graph)


@pytest.mark.parametrize("name", NETWORKS)
def test_autocast_saves_of_a_network_what_was_planned(name: str) -> None:
    graph = cnnspec.load(name).graph
    assert autocast_saved_bytes(graph, 3) == saved_under_autocast(graph)


def test_saved_bytes_of_other_operators_are_not_predicted() -> None:
    assert autocast_saved_bytes(graph_of("prelu"), 3) is None
