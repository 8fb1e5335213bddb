"""Memory as planned, without PyTorch, against memory as PyTorch allocates it: no byte may differ."""

import pytest
import support
import torch

import cnnspec
from cnnspec.analyses.memory.plan import inference, training, usual
from cnnspec.graph.model import Graph
from cnnspec.ops.registry import OPERATORS
from cnnspec.problems import RequestError
from cnnspec.twin.executor import build
from cnnspec.twin.memory import measured

BEFORE = '{ name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },\n'
AFTER = '{ name = "z", op = "conv", out_channels = 4, kernel_size = 1 },\n'
ALONE = {
    "conv": "out_channels = 6, kernel_size = 3, stride = 2, groups = 2",
    "depthwise_conv": "kernel_size = 3, padding = 1",
    "conv_transpose": "out_channels = 6, kernel_size = 2, stride = 2", "maxpool": "kernel_size = 3, stride = 2",
    "avgpool": "kernel_size = 3, stride = 2, padding = 1", "global_avgpool": "", "global_maxpool": "",
    "adaptive_avgpool": "output_size = 4", "adaptive_maxpool": "output_size = 4", "batchnorm": "",
    "groupnorm": "groups = 2", "lrn": "size = 5", "channel_scale": "bias = true", "scale": "factor = 0.5",
    "dropout": "", "stochastic_depth": "p = 0.2", "position_embedding": "", "relu": "", "relu6": "", "leaky_relu": "",
    "prelu": "", "elu": "", "sigmoid": "", "tanh": "", "silu": "", "gelu": "", "softplus": "", "hardsigmoid": "",
    "hardswish": "", "softmax": "", "log_softmax": "", "identity": "", "reshape": "shape = [4, 32, 16]",
    "pad": "padding = 1", "pad_channels": "before = 1, after = 2", "crop": "size = 10",
    "upsample": "scale_factor = 2", "subsample": "stride = 2", "slice_channels": "start = 2, stop = 5",
    "channel_shuffle": "groups = 2", "space_to_depth": "block = 2", "depth_to_space": "block = 2",
}
JOINS = ("add", "mul", "concat", "abs_difference")
OTHERS = {
    "flatten": '{ name = "o", op = "flatten" }, { name = "p", op = "linear", out_features = 5 },',
    "box_rows": '{ name = "o", op = "box_rows", values = 4 },',
    "same": '{ name = "o", op = "conv", out_channels = 6, kernel_size = 4, padding = "same" },' + AFTER,
    "same pool": '{ name = "o", op = "maxpool", kernel_size = 4, stride = 1, padding = "same" },' + AFTER,
    **{f"{op} in place": f'{{ name = "o", op = "{op}", inplace = true }},{AFTER}'
       for op in ("relu", "leaky_relu", "elu", "relu6", "silu", "hardswish", "hardsigmoid")},
    "two that meet": '{ name = "o", op = "relu" }, { name = "p", op = "add", from = ["o", "a"] },'
                     '{ name = "q", op = "concat", from = ["p", "o", "a"] },' + AFTER,
}
UNKNOWN = {"conv_table", "rbf", "minpool", "sumpool", "channel_pool", "trainable_subsampling", "maxunpool",
           "frozen_batchnorm", "layernorm", "l2norm", "attention", "roi_align", "cross_entropy", "mse"}
SMALL = ["lenet5", "bird_cnn", "cnn_1d", "mlp_mnist", "resnet20_cifar", "densenet_40_12", "conv_autoencoder",
         "dcgan_generator", "squeezenet1_1", "mobilenet_v3_small", "shufflenet_v2_x1_0"]
LARGER = ["alexnet", "googlenet", "resnet18", "resnet50", "mobilenet_v2", "efficientnet_b0", "densenet_bc_100_12",
          "regnet_y_400mf", "se_resnet50", "xception", "preact_resnet110", "siamese"]


def lines() -> dict[str, str]:
    alone = {op: f'{{ name = "o", op = "{op}"{", " * bool(fields)}{fields} }},\n{AFTER}'
             for op, fields in ALONE.items()}
    joins = {op: f'{{ name = "o", op = "tanh" }}, {{ name = "p", op = "{op}", from = ["a", "o"] }},\n{AFTER}'
             for op in JOINS}
    return alone | joins | OTHERS


def differences(graph: Graph, batch: int) -> dict[str, int]:
    """By how many bytes the plan is off."""
    torch.set_num_threads(1)
    found = measured(graph, build(graph), batch, usual(graph))
    trained = training(graph, batch)
    return {"saved": trained.saved - found.saved, "inference": inference(graph, batch).peak - found.inference,
            "training": trained.peak - found.training}


EXACT = {"saved": 0, "inference": 0, "training": 0}


@pytest.mark.parametrize("case", lines())
@pytest.mark.parametrize("batch", [1, 3])
def test_an_operator_needs_what_was_planned(case: str, batch: int) -> None:
    graph = support.graph_of(f"input = [6, 16, 16]\nlayers = [\n{BEFORE}{lines()[case]}]\n")
    assert differences(graph, batch) == EXACT


@pytest.mark.parametrize("name", [*SMALL, *(pytest.param(n, marks=pytest.mark.long) for n in LARGER)])
def test_a_network_needs_what_was_planned(name: str) -> None:
    assert differences(cnnspec.load(name).graph, 2) == EXACT


def test_every_operator_is_compared_or_said_to_be_unknown() -> None:
    assert set(OPERATORS) - {"linear", "flatten", "box_rows"} == set(ALONE) | set(JOINS) | UNKNOWN


@pytest.mark.parametrize("name", ["segnet", "sam_vit_b", "lenet5_original"])
def test_an_operator_that_nobody_measured_is_an_error(name: str) -> None:
    with pytest.raises(RequestError, match="needs in memory has not been measured yet"):
        cnnspec.load(name).memory()
