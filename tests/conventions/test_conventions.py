"""Conventions, compared exactly with the tools on torchvision's networks, and with its figures."""

import contextlib
import io
import warnings
from math import prod
from typing import Any

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.api import Network
from cnnspec.cli import cli
from cnnspec.conventions import (
    CONVENTIONS,
    Uncounted,
    count_by_operator,
    count_network,
    count_node,
    load_convention,
)
from cnnspec.graph.model import Node
from cnnspec.ops.input import Input
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import RequestError
from cnnspec.records import Record
from tests.support import import_torchvision

TOOLS = ("fvcore", "thop", "torchinfo", "ptflops")


class Written(Record):
    """What torchvision's code of a network calls as a function, or computes by ``mean``."""

    functions: tuple[str, ...] = ()  # kinds, or layers as "name:"; hooks do not see them
    mean: bool = False  # global pooling by x.mean, which no tool counts
    more: tuple[int, ...] = ()  # a map that it pools, too, to the size that it has


PLAIN = Written()
NETWORKS = {  # our name, torchvision's if it differs, and how torchvision writes it
    "alexnet_torchvision": ("alexnet", PLAIN),
    "vgg11": ("", Written(more=(512, 7, 7))),
    "googlenet_torchvision": ("googlenet", Written(("relu",))),
    "resnet18": ("", PLAIN),
    "resnet50": ("", PLAIN),
    "resnext50_32x4d": ("", PLAIN),
    "densenet121": ("", Written(("norm5.activation:", "global_avgpool"))),
    "mobilenet_v2": ("", Written(("global_avgpool",))),
    "mobilenet_v3_small": ("", PLAIN),
    "squeezenet1_0": ("", PLAIN),
    "inception_v3": (
        "",
        Written(("relu", "avgpool", "Mixed_6a.branch2:", "Mixed_7a.branch_pool:")),
    ),
    "efficientnet_b0": ("", PLAIN),
    "shufflenet_v2_x1_0": ("", Written(mean=True)),
    "mnasnet1_0": ("", Written(mean=True)),
    "regnet_y_400mf": ("", PLAIN),
}


def theirs(tool: str, model: Any, size: tuple[int, ...]) -> int:
    """Return what a tool counts."""
    import torch

    x = torch.zeros(1, *size)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        if tool == "fvcore":
            from fvcore.nn import FlopCountAnalysis

            run: Any = (
                FlopCountAnalysis(model, x).tracer_warnings("none").unsupported_ops_warnings(False)
            )
            return int(run.uncalled_modules_warnings(False).total())
        if tool == "thop":
            return int(
                pytest.importorskip(
                    "thop", reason="thop is not there", exc_type=ImportError
                ).profile(model, inputs=(x,), verbose=False)[0]
            )
        if tool == "torchinfo":
            torchinfo = pytest.importorskip("torchinfo", reason="torchinfo is not there")
            return int(
                torchinfo.summary(model, input_data=x, verbose=0, mode="eval").total_mult_adds
            )
        import_torchvision()  # ptflops imports it, too, but fails if it was built for another torch
        ptflops = pytest.importorskip("ptflops", reason="ptflops is not there")
        return int(
            ptflops.get_model_complexity_info(
                model, size, as_strings=False, print_per_layer_stat=False, backend="pytorch"
            )[0]
        )


def model_of(name: str) -> Any:
    """Build torchvision's model, uninitialised where possible, which is ten times faster."""
    import torch

    more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    made = getattr(import_torchvision().models, name)
    if name.startswith("regnet"):  # which computes its widths with tensors
        return made(weights=None).eval()
    with torch.device("meta"):
        model = made(weights=None, **more)
    return model.to_empty(device="cpu").eval()


def expected(tool: str, net: Network, written: Written) -> int:
    """Return the convention's count, corrected for what torchvision writes in another way."""
    of = load_convention(tool)
    figure = 0
    for node in net.graph.layers():
        called = node.kind in written.functions or f"{node.name}:" in written.functions
        if written.mean and node.kind == "global_avgpool":
            continue
        if called and tool == "thop":
            continue
        figure += count_node(of, node) // (2 if called and tool == "ptflops" else 1)
    once = {"fvcore": 1, "thop": 2, "torchinfo": 0, "ptflops": 2}[tool]
    return figure + once * prod(written.more or (0,))


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_convention_gives_the_figure_of_its_tool(tool: str, name: str) -> None:
    other, written = NETWORKS[name]
    size = (3, 299, 299) if name == "inception_v3" else (3, 224, 224)
    net = cnnspec.load(name, input=size)
    assert expected(tool, net, written) == theirs(tool, model_of(other or name), size)


@pytest.mark.parametrize(
    "kind",
    [
        "conv",
        "conv_transpose",
        "linear",
        "batchnorm",
        "groupnorm",
        "instancenorm",
        "prelu",
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "gelu",
        "silu",
        "hardswish",
        "sigmoid",
        "softmax",
        "maxpool",
        "avgpool",
        "global_avgpool",
        "global_maxpool",
        "adaptive_avgpool",
        "dropout",
        "upsample",
        "layernorm",
    ],
)
@pytest.mark.parametrize(
    "tool", [pytest.param(t, marks=pytest.mark.long if t == "ptflops" else []) for t in TOOLS]
)  # which imports torchvision
def test_an_operator_counts_as_its_module(tool: str, kind: str) -> None:
    """Check the examples of each operator that is a module of PyTorch, for vectors and images."""
    import torch

    of, call, compared = load_convention(tool), cnnspec.load("lenet5").graph.nodes[1].call, 0
    for example in load_operator(kind).examples:
        (given, *others), op = example.inputs, load_operator(kind).of(example)
        module: Any = (
            op.build(torch, given, y=example.output)
            if not others and len(given) in (1, 3)
            else None
        )
        seen = given
        fields: Any = op
        if module is not None and kind == "upsample":  # our upsample may take a second input
            module = torch.nn.Upsample(example.output[1:], mode=fields.mode)
        elif module is not None and kind == "layernorm" and fields.over == "channels":
            module, seen = torch.nn.LayerNorm(given[0]), (*given[1:], given[0])
        if type(module).__module__.startswith("torch.nn"):
            node = Node(
                1,
                "x",
                kind,
                op,
                (Node(0, "i", "input", Input(given), (), given, call, "i"),),
                example.output,
                call,
                "x",
            )
            assert count_node(of, node) == theirs(tool, torch.nn.Sequential(module).eval(), seen), (
                example.source
            )
            compared += 1
    assert compared


@pytest.mark.long
def test_the_figures_that_torchvision_publishes_are_multiply_accumulates() -> None:
    models = import_torchvision().models
    published = {"alexnet_torchvision": "alexnet", "googlenet_torchvision": "googlenet"} | {
        name: name
        for family in cnnspec.networks().values()
        for name in family
        if name in models.list_models(module=models) and name not in ("alexnet", "googlenet")
    }  # those are the papers'
    wrong = []
    for name, theirs in published.items():
        for weights in models.get_model_weights(theirs):
            side = weights.transforms.keywords["crop_size"]
            figure = count_network(
                load_convention("torchvision"), cnnspec.load(name, input=(3, side, side)).graph
            )
            if round(figure / 1e9, 3) != weights.meta["_ops"]:
                wrong.append((name, weights.name, figure, weights.meta["_ops"]))
    assert len(published) > 40
    assert wrong == []


@pytest.mark.parametrize("tool", CONVENTIONS)
def test_nothing_with_weights_counts_nothing_by_oversight(tool: str) -> None:
    """Each operator with parameters or MACs has a rule, or is known to have none."""
    unsaid = {
        "attention",
        "conv_table",
        "trainable_subsampling",
        "scaled_dot_product_attention",
        "lstm",
        "gru",
        "rmsnorm",
        "global_response_norm",
    } - load_convention(tool).rules.keys()
    if tool == "torchinfo":
        unsaid |= {"channel_scale", "affine", "tokens", "l2norm", "position_embedding"}
    if tool == "ptflops":
        unsaid |= {"l2norm"}
    heavy = {
        kind for kind in OPERATORS if any(e.params or e.macs for e in load_operator(kind).examples)
    }
    assert heavy - load_convention(tool).rules.keys() == unsaid


def test_the_parts_add_up_and_what_is_not_said_is_an_error() -> None:
    net = cnnspec.load("resnet50")
    found = count_by_operator(net.graph.layers(), load_convention("ptflops"))
    assert sum(p.macs for p in found) == net.totals.macs == 4_089_184_256
    assert (
        sum(p.theirs for p in found)
        == count_network(load_convention("ptflops"), net.graph)
        == 4_132_436_968
    )
    assert {p.op: p.difference for p in found if p.difference} == {
        "batchnorm": 22_227_968,
        "relu": 19_217_408,
        "maxpool": 1_605_632,
        "global_avgpool": 200_704,
        "linear": 1_000,
    }
    with pytest.raises(Uncounted, match=r"attention \(blocks\.0\.attn\)"):
        count_network(load_convention("thop"), cnnspec.load("sam_vit_b").graph)
    with pytest.raises(RequestError, match="did you mean 'fvcore'"):
        load_convention("fvcoer")


@pytest.mark.parametrize(
    ("tool", "figure", "shown"),
    [
        ("fvcore", 4_111_512_576, "4.112G"),
        ("fvcore", 99_999_999, "100M"),
        ("fvcore", 100, "100"),
        ("thop", 4_133_742_592, "4.13G"),
        ("torchinfo", 4_089_240_000, "4.09 (G)"),
        ("torchinfo", 714_682_664, "714.68 (M)"),
        ("torchinfo", 2_000_000, "2 (M)"),
        ("ptflops", 4_132_436_968, "4.13 GMac"),
        ("ptflops", 416_520, "0.0 GMac"),
        ("torchvision", 4_089_184_256, "4.09 GFLOPS"),
    ],
)
def test_figures_are_printed_as_the_tool_prints_them(tool: str, figure: int, shown: str) -> None:
    assert load_convention(tool).printed(figure) == shown


def test_no_figure_has_two_prefixes_of_a_unit() -> None:
    for tool in CONVENTIONS:
        assert load_convention(tool).unit[:2] not in ("GF", "MF", "GM"), (
            "the prefix is put before it"
        )
    result = CliRunner().invoke(cli, ["explain", "mobilenet_v2", "--vs", "torchvision"])
    assert (
        "torchvision counts 300,774,272 FLOPS (300.774 MFLOPS), and prints 0.30 GFLOPS"
        in result.output
    )
