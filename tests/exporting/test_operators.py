"""Each operator in an exported file, compared with the module that it builds."""

import inspect
from typing import Any

import pytest
import torch

from cnnspec.exporting.pytorch.signatures import FUNCTIONS, MODULE_NAMES, SIGNATURES
from cnnspec.exporting.pytorch.write_file import PyTorchSource
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.check_export import check_export
from tests import support
from tests.exporting.operator_examples import example_graph
from tests.worked_examples import EXAMPLES


def check(graph: Graph) -> None:
    source = PyTorchSource(graph)
    found = check_export(graph, source.text, source.function)
    assert found.differences == ()


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_a_worked_example_is_exported(name: str, number: int) -> None:
    check(example_graph(name, number))


@pytest.mark.parametrize(
    "line",
    [
        'op = "conv", out_channels = 4, kernel_size = 2, padding = "same"',
        'op = "conv", out_channels = 4, kernel_size = [3, 5], padding = [[0, 1], [2, 0]]',
        'op = "conv", out_channels = 4, kernel_size = [3, 5], stride = [1, 2], padding = [1, 0]',
        'op = "conv", out_channels = 4, kernel_size = 2, padding = "same", standardize = true',
        'op = "conv", out_channels = 4, kernel_size = 3, padding = 1, padding_mode = "circular"',
        'op = "maxpool", kernel_size = 3, dilation = 2, padding = "same"',
        'op = "reduce_dims", dims = [0], kind = "max"',
        'op = "roll", shifts = [1, -2]',
        'op = "maxpool", kernel_size = 2, stride = 1, padding = "same"',
        'op = "maxpool", kernel_size = 3, stride = 2, ceil_mode = true',
        'op = "avgpool", kernel_size = 2, stride = 1, padding = "same", count_include_pad = false',
        'op = "sumpool", kernel_size = 3, padding = [[0, 1], [1, 0]]',
        'op = "layernorm", over = "all"',
        'op = "conv", out_channels = 4, kernel_size = 1, norm = "layernorm", activation = "prelu"',
        'op = "linear", out_features = 4, activation = { op = "leaky_relu", negative_slope = 0.3 }',
        'op = "scale", factor = -2.0, offset = 0.5, norm = "batchnorm", activation = "relu"',
        'op = "scale", factor = [0.5, 2.0, -1.0], offset = 1.0, activation = "relu"',
        'op = "scale", offset = [0.5, 0.1, -1.0]',
        'op = "subsample", stride = [2, 1]',
        'op = "slice_channels", start = 1',
    ],
)
def test_settings_of_layers(line: str) -> None:
    size = [9] if "linear" in line else [3, 8, 9]
    check(support.graph_of(f'input = {size}\nlayers = [{{ name = "half", {line} }}]'))


def test_signatures_are_those_of_pytorch() -> None:
    for base, text in SIGNATURES.items():
        cls = getattr(torch.nn, base, None) or getattr(torch.nn, f"{base}2d")
        names: dict[str, Any] = dict(inspect.signature(cls).parameters)
        for parameter in text.split():
            name, _, default = parameter.partition("=")
            known = names[name].default
            assert default == ("" if known is inspect.Parameter.empty else repr(known)), base
        required = [n for n, p in names.items() if p.default is inspect.Parameter.empty]
        assert required == [p for p in text.split() if "=" not in p], base


def test_functions_are_those_of_their_classes() -> None:
    x = torch.linspace(-8, 8, 33)[None]
    for cls, function in FUNCTIONS.items():
        module, _, name = function.partition(".")
        called = getattr(torch if module == "torch" else torch.nn.functional, name)
        given = {"dim": 1} if "oftmax" in cls else {}
        assert torch.equal(called(x, **given), getattr(torch.nn, cls[3:])(**given)(x))


def test_the_names_of_modules_are_those_of_pytorch() -> None:
    known = {n for n in {*dir(torch.nn.Module), "training"} if not n.startswith("_")}
    assert known <= MODULE_NAMES


def test_what_pytorch_cannot_do_is_refused_with_its_layer() -> None:
    graph = support.graph_of("""
input = [3, 4, 4, 4, 4]
layers = [{ name = "c1", op = "conv", out_channels = 2, kernel_size = 3 }]
""")
    with pytest.raises(RequestError, match=r"^c1 \(conv\) cannot be exported to PyTorch: PyTorch"):
        PyTorchSource(graph)
