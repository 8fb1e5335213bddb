"""The multiply-accumulates of training steps, compared with torch's FlopCounterMode."""

from itertools import product

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import cnnspec
from cnnspec.analyses.training_macs import compute_training_macs, sum_training_macs
from cnnspec.graph.model import Graph
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import BUILT_IN, load_operator, operator_name
from cnnspec.pytorch.built_module import build_module, module_path
from cnnspec.units import Shape
from tests import support

BATCH = 2
ATTENTION = """
input = [12, 8, 8]
layers = [
  { name = "q", op = "conv", out_channels = 12, kernel_size = 1 },
  { name = "k", op = "conv", from = "input", out_channels = 12, kernel_size = 1 },
  { name = "v", op = "conv", from = "input", out_channels = 8, kernel_size = 1 },
  { name = "sdpa", op = "scaled_dot_product_attention", from = ["q", "k", "v"], heads = 2 },
  { name = "mixed", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "attention", op = "attention", heads = 2, window_size = 3, relative_position = true },
  { name = "up", op = "conv_transpose", out_channels = 4, kernel_size = 2, stride = 2 },
  { name = "rows", op = "reshape", shape = [16, 64] },
  { name = "columns", op = "reshape", from = "up", shape = [64, 16] },
  { name = "product", op = "matmul", from = ["rows", "columns"] },
  { name = "flatten", op = "flatten" },
  { name = "linear", op = "linear", out_features = 3 },
]
"""


def count_with_torch(graph: Graph, frozen: frozenset[str] = frozenset()) -> tuple[int, int]:
    """Count a step's MACs for one example: forward, and forward with backward.

    torch 2.13 counts the gradient of the weights of g groups g times; the surplus is subtracted."""
    built = build_module(graph, "meta").train()
    for node in graph.layers(training=True):
        if node.name in frozen:
            for name in node.op.parameters(*node.shapes):
                built.get_parameter(".".join([*module_path(node.name), name])).requires_grad_(False)
    inputs = [torch.zeros(BATCH, *n.output, device="meta") for n in graph.inputs]
    with FlopCounterMode(display=False) as counter:
        found = built(*inputs)
        forward = counter.get_total_flops()
        outputs = found if isinstance(found, tuple) else (found,)
        loss = torch.stack([y.sum() for y in outputs]).sum()
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        total = counter.get_total_flops()
    surplus = sum(
        (groups_in_torch(n.op, n.shapes[0]) - 1) * n.op.macs(*n.shapes, y=n.output)
        for n in graph.layers(training=True)
        if (n.shares or n).name not in frozen and n.op.parameters(*n.shapes)
    )
    return forward // (2 * BATCH), total // (2 * BATCH) - surplus


def groups_in_torch(op: Operator, x: Shape) -> int:
    """The groups of the convolution that PyTorch runs for an operator; 1 for others."""
    if operator_name(op) in ("depthwise_conv", "conv_table"):
        return int(op.parameters(x)["weight"][0]) if operator_name(op) == "conv_table" else x[0]
    return int(getattr(op, "groups", 1))


def examples_with_macs() -> list[tuple[str, int]]:
    kinds = [(kind, load_operator(kind)) for kind in sorted(BUILT_IN)]
    return [(kind, i) for kind, op in kinds for i, e in enumerate(op.examples) if e.macs]


def compare(graph: Graph, frozen: frozenset[str] = frozenset()) -> None:
    found = sum_training_macs(compute_training_macs(graph, frozen).values())
    assert (found.forward, found.total) == count_with_torch(graph, frozen)


@pytest.mark.parametrize(("kind", "i"), examples_with_macs())
def test_operators_cost_what_torch_counts(kind: str, i: int) -> None:
    """Each example with every choice of inputs and parameters that need gradients."""
    example = load_operator(kind).examples[i]
    op = load_operator(kind).of(example)
    with torch.device("meta"):
        built = op.build(torch, *example.inputs, y=example.output)
    groups = groups_in_torch(op, example.inputs[0])
    for trained, *needed in product([False, True], repeat=1 + len(example.inputs)):
        inputs = [
            torch.zeros(BATCH, *shape, device="meta", requires_grad=need)
            for shape, need in zip(example.inputs, needed, strict=True)
        ]
        with FlopCounterMode(display=False) as counter:
            loss = built.requires_grad_(trained)(*inputs).sum()
            forward = counter.get_total_flops()
            if loss.requires_grad:
                loss.backward()
            backward = counter.get_total_flops() - forward
        found = op.backward_macs(
            *example.inputs, y=example.output, needed=tuple(needed), trained=trained
        )
        surplus = (groups - 1) * found.parameters
        total = found.inputs + found.parameters + surplus
        assert (forward, backward) == (2 * BATCH * example.macs, 2 * BATCH * total), needed


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "resnet18", "mobilenet_v2", "googlenet"])
def test_networks_cost_what_torch_counts(name: str) -> None:
    compare(cnnspec.load(name).graph)


@pytest.mark.long
@pytest.mark.parametrize("name", [str(name) for name in cnnspec.networks()])
def test_every_network_costs_what_torch_counts(name: str) -> None:
    compare(cnnspec.load(name).graph)


def test_frozen_layers_cost_no_gradients_that_nothing_needs() -> None:
    graph = support.graph_of(ATTENTION)
    owners = [n.name for n in graph.layers() if n.op.parameters(*n.shapes)]
    for frozen in product([False, True], repeat=len(owners)):
        names = frozenset(name for name, is_frozen in zip(owners, frozen, strict=True) if is_frozen)
        compare(graph, names)


def test_a_grouped_convolution_costs_what_its_groups_cost() -> None:
    """torch counts groups written as convolutions of their own as we count the grouped one."""
    grouped = support.graph_of("""
input = [8, 9, 9]
layers = [
  { name = "first", op = "conv", out_channels = 8, kernel_size = 1 },
  { name = "grouped", op = "conv", out_channels = 12, kernel_size = 3, groups = 4 },
]
""")
    lines = "".join(
        f"""
  {{ name = "s{i}", op = "slice_channels", from = "first", start = {2 * i}, stop = {2 * i + 2} }},
  {{ name = "conv{i}", op = "conv", out_channels = 3, kernel_size = 3 }},"""
        for i in range(4)
    )
    parts = support.graph_of(f"""
input = [8, 9, 9]
layers = [
  {{ name = "first", op = "conv", out_channels = 8, kernel_size = 1 }},{lines}
  {{ name = "join", op = "concat", from = ["conv0", "conv1", "conv2", "conv3"] }},
]
""")
    found = sum_training_macs(compute_training_macs(grouped).values())
    assert (found.forward, found.total) == count_with_torch(parts)


def test_no_gradient_goes_to_an_input_of_which_only_the_size_is_read() -> None:
    compare(
        support.graph_of("""
input = [3, 8, 8]
outputs = ["last"]
layers = [
  { name = "size", op = "conv", out_channels = 4, kernel_size = 3 },
  { name = "up", op = "upsample", from = ["input", "size"] },
  { name = "last", op = "conv", out_channels = 2, kernel_size = 1 },
]
""")
    )
