"""Planned memory compared with what PyTorch allocates: no byte may differ."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

import cnnspec
from cnnspec.analyses.memory.network_memory import plan_memory
from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.analyses.memory.request import MODES, find_frozen_layers
from cnnspec.graph.model import Graph
from cnnspec.ops.kit import memory as declarations
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.measure_memory import measure_memory
from tests import memory_of, support

BEFORE = '{ name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },\n'
AFTER = '{ name = "z", op = "conv", out_channels = 4, kernel_size = 1 },\n'
ALONE = {
    "conv": "out_channels = 6, kernel_size = 3, stride = 2, groups = 2",
    "depthwise_conv": "kernel_size = 3, padding = 1",
    "conv_transpose": "out_channels = 6, kernel_size = 2, stride = 2",
    "maxpool": "kernel_size = 3, stride = 2",
    "avgpool": "kernel_size = 3, stride = 2, padding = 1",
    "global_avgpool": "",
    "global_maxpool": "",
    "adaptive_avgpool": "output_size = 4",
    "adaptive_maxpool": "output_size = 4",
    "batchnorm": "",
    "groupnorm": "groups = 2",
    "instancenorm": "affine = true",
    "lrn": "size = 5",
    "channel_scale": "bias = true",
    "scale": "factor = 0.5, offset = 2",
    "dropout": "",
    "stochastic_depth": "p = 0.2",
    "position_embedding": "",
    "relu": "",
    "relu6": "",
    "leaky_relu": "",
    "prelu": "",
    "elu": "",
    "sigmoid": "",
    "tanh": "",
    "silu": "",
    "gelu": "",
    "softplus": "",
    "hardsigmoid": "",
    "hardswish": "",
    "softmax": "",
    "log_softmax": "",
    "identity": "",
    "reshape": "shape = [4, 32, 16]",
    "pad": "padding = 1",
    "pad_channels": "before = 1, after = 2",
    "crop": "size = 10",
    "upsample": "scale_factor = 2",
    "subsample": "stride = 2",
    "slice_channels": "start = 2, stop = 5",
    "channel_shuffle": "groups = 2",
    "unfold": "kernel_size = 3, stride = 2, padding = 1",
    "space_to_depth": "block = 2",
    "depth_to_space": "block = 2",
    "conv_table": "connections = [[0, 1], [2, 3], [3, 4, 5]], kernel_size = 3, padding = 1",
    "minpool": "kernel_size = 2",
    "sumpool": "kernel_size = 3, padding = 1, stride = 2",
    "channel_pool": "kernel_size = 3, stride = 2",
    "trainable_subsampling": "",
    "frozen_batchnorm": "",
    "layernorm": "",
    "rmsnorm": "",
    "global_response_norm": "",
    "l2norm": "",
    "attention": "heads = 2, window_size = 3, relative_position = true",
    "roi_align": "regions = 5, output_size = 3",
}
JOINS = ("add", "sub", "mul", "div", "maximum", "minimum", "concat", "abs_difference", "matmul")
OTHERS = tomllib.loads(Path(__file__).with_name("memory_cases.toml").read_text())
SMALL = [
    "lenet5",
    "bird_cnn",
    "cnn_1d",
    "mlp_mnist",
    "resnet20_cifar",
    "densenet_40_12",
    "conv_autoencoder",
    "dcgan_generator",
    "squeezenet1_1",
    "mobilenet_v3_small",
    "shufflenet_v2_x1_0",
]
LARGER = [
    "alexnet",
    "googlenet",
    "resnet18",
    "resnet50",
    "mobilenet_v2",
    "efficientnet_b0",
    "densenet_bc_100_12",
    "regnet_y_400mf",
    "se_resnet50",
    "xception",
    "preact_resnet110",
    "siamese",
]


def lines() -> dict[str, str]:
    """Return the lines of each case, by operator or by name."""
    alone = {op: line(op, fields) for op, fields in ALONE.items()}
    in_place = {
        f"{op} in place": line(op, fields + ", " * bool(fields) + "inplace = true")
        for op, fields in ALONE.items()
        if "inplace" in load_operator(op).fields and op != "dropout"
    }
    joins = {
        op: f"""
{{ name = "o", op = "tanh" }},
{{ name = "p", op = "{op}", from = ["a", "o"] }},
{AFTER}"""
        for op in JOINS
    }
    return alone | in_place | joins | {name: case["layers"] for name, case in OTHERS.items()}


def line(op: str, fields: str) -> str:
    """Return the line of an operator, with a convolution that reads it."""
    return f'{{ name = "o", op = "{op}"{", " * bool(fields)}{fields} }},\n{AFTER}'


def differences(
    graph: Graph, batch: int, optimizer: str = "none", freeze: tuple[str, ...] = ()
) -> dict[str, int]:
    """Return by how many bytes the plan is off."""
    plan = plan_memory(graph, batch, optimizer=optimizer, freeze=freeze)
    found = measure_memory(
        graph, build_module(graph), batch, plan.loss, optimizer, find_frozen_layers(graph, freeze)
    )
    baselines = {mode: plan.baseline(mode) for mode in MODES}
    return {
        "saved": plan.saved - found.saved,
        "inference": plan.inference_peak - baselines["inference"] - found.inference,
        "training": plan.training_peak - baselines["training"] - found.training,
        "gradients": plan.gradients - found.gradients,
        "state": plan.state - found.state,
    }


EXACT = dict.fromkeys(("saved", "inference", "training", "gradients", "state"), 0)


@pytest.mark.parametrize("case", lines())
@pytest.mark.parametrize("batch", [1, 3])
def test_an_operator_needs_what_was_planned(case: str, batch: int) -> None:
    graph = support.graph_of(f"input = [6, 16, 16]\nlayers = [\n{BEFORE}{lines()[case]}]\n")
    assert differences(graph, batch) == EXACT


@pytest.mark.long
@pytest.mark.parametrize("case", lines())
def test_a_frozen_operator_needs_what_was_planned(case: str) -> None:
    graph = support.graph_of(f"input = [6, 16, 16]\nlayers = [\n{BEFORE}{lines()[case]}]\n")
    owners = [n.name for n in graph.layers() if n.op.parameters(*n.shapes)]
    alone = ["t"] if case == "classes" else owners  # the other one gets no gradient there
    alone = alone if len(owners) > 1 else []
    for frozen in [
        *((name,) for name in alone),
        *(tuple(owners[:n]) for n in range(2, len(owners))),
    ]:
        assert differences(graph, 2, freeze=frozen) == EXACT, frozen


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", ["lenet5", "mlp_mnist"])  # their peaks: in backward, in the step
def test_a_step_of_the_optimizer_needs_what_was_planned(name: str, optimizer: str) -> None:
    assert differences(cnnspec.load(name).graph, 1, optimizer) == EXACT


def test_the_peak_can_be_in_the_optimizer_step() -> None:
    assert cnnspec.load("mlp_mnist").memory(1, optimizer="adam").training_at.endswith("(step)")


@pytest.mark.parametrize("frozen", [("layer1.*",), ("conv1",), ("layer*",), ("conv1", "layer*")])
def test_a_frozen_network_needs_what_was_planned(frozen: tuple[str, ...]) -> None:
    assert differences(cnnspec.load("resnet20_cifar").graph, 2, "adam", frozen) == EXACT


@pytest.mark.parametrize("op", ["attention", "scaled_dot_product_attention"])
def test_dropped_weights_of_attention_without_gradients_need_what_was_planned(op: str) -> None:
    reads = ', from = ["input", "input", "input"]' if "scaled" in op else ""
    graph = support.graph_of(
        f"""input = [4, 6, 9]
layers = [
  {{ name = "a", op = "{op}"{reads}, heads = 2, dropout = 0.1 }},
  {{ name = "p", op = "global_avgpool", keepdim = false }},
  {{ name = "z", op = "linear", out_features = 2 }},
]
"""
    )
    assert differences(graph, 3, freeze=("a",) if op == "attention" else ()) == EXACT


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_network_without_parameters_has_no_backward_pass(optimizer: str) -> None:
    graph = support.graph_of(
        'input = [3, 8, 8]\nlayers = [{ name = "a", op = "maxpool", kernel_size = 2 }]\n'
    )
    assert differences(graph, 2, optimizer) == EXACT
    plan = plan_memory(graph, 2, optimizer=optimizer)
    assert (plan.loss, plan.target) == ("none", 0)


@pytest.mark.parametrize(
    "name", [*SMALL, *(pytest.param(n, marks=pytest.mark.long) for n in LARGER)]
)
def test_a_network_needs_what_was_planned(name: str) -> None:
    assert differences(cnnspec.load(name).graph, 2) == EXACT


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_says_what_it_needs(name: str) -> None:
    assert load_operator(name).memory is not Operator.memory


def test_the_worked_example_of_a_declaration_is_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = re.search(r"python -m tests\.memory_of (.*)", declarations.__doc__ or "")
    assert command
    memory_of.main(shlex.split(command[1]))
    page = capsys.readouterr().out
    assert page.count(": equal\n") == 3
    assert "DIFFERENT" not in page
    assert "-8,192" in page


def test_an_operator_without_a_declaration_is_shown_as_pytorch_runs_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_operator("tanh"), "memory", Operator.memory)
    memory_of.main(["tanh"])
    page = capsys.readouterr().out
    assert page.startswith("no plan: the memory of tanh is not known")
    assert "aten::tanh" in page
