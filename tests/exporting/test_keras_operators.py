"""Each operator in Keras, run with PyTorch as backend and compared with its PyTorch module."""

import inspect

import pytest

from cnnspec.exporting.keras.keras_defaults import DEFAULTS, POSITIONS
from cnnspec.exporting.keras.write_file import KerasSource
from cnnspec.graph.model import Graph
from cnnspec.ops.registry import OPERATORS
from cnnspec.problems import RequestError
from cnnspec.pytorch.check_keras import check_keras, import_keras
from tests import support
from tests.exporting.operator_examples import example_graph
from tests.worked_examples import EXAMPLES

NOT_WRITTEN = "it is not written in Keras"
NOT_IN_KERAS = dict.fromkeys(  # by operator: the reason that the refusal gives
    [
        *("attention", "cross_entropy", "gru", "lstm", "maxunpool", "mse", "roi_align", "unfold"),
        "scaled_dot_product_attention",
    ],
    NOT_WRITTEN,
)
NOT_IN_KERAS_EXAMPLES = {
    ("conv", 4): "Keras has no convolution with standardized weights",
    ("instancenorm", 1): "Keras has no instance normalization with running statistics",
    ("layernorm", 1): "it is not written in Keras over a whole map",
    ("maxpool", 2): "Keras has no pooling with a dilation",
    ("pad", 3): "Keras pads with constants and reflections, not circular",
    **dict.fromkeys([("upsample", n) for n in (0, 2, 3)], "Keras has no such interpolation"),
}


def check(graph: Graph) -> None:
    source = KerasSource(graph)
    found = check_keras(graph, source.text, source.function, source.weights)
    assert found.differences == ()


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_a_worked_example_is_written_in_keras(name: str, number: int) -> None:
    graph = example_graph(name, number)
    reason = NOT_IN_KERAS.get(name) or NOT_IN_KERAS_EXAMPLES.get((name, number))
    if reason is None:
        check(graph)
        return
    with pytest.raises(RequestError, match=rf"cannot be exported to Keras:\n  .*: {reason}"):
        KerasSource(graph)


def test_every_operator_is_written_in_keras_or_named_here() -> None:
    assert {*OPERATORS} - {"input"} <= {name for name, _ in EXAMPLES}
    assert {*NOT_IN_KERAS} <= {*OPERATORS}


@pytest.mark.parametrize(
    "line",
    [
        'op = "conv", out_channels = 4, kernel_size = 2, padding = "same"',
        'op = "conv", out_channels = 4, kernel_size = 3, stride = 2, padding = "same"',
        'op = "conv", out_channels = 4, kernel_size = 3, stride = 2, padding = 1',
        'op = "conv", out_channels = 4, kernel_size = [3, 5], padding = [[0, 1], [2, 0]]',
        'op = "conv", out_channels = 6, kernel_size = 3, groups = 3, padding = 2, dilation = 2',
        'op = "conv", out_channels = 4, kernel_size = 3, fixed = true, bias = false',
        'op = "depthwise_conv", multiplier = 2, kernel_size = [3, 2], bias = false',
        'op = "conv_transpose", out_channels = 2, kernel_size = 3, stride = 2, padding = 1',
        'op = "conv_transpose", out_channels = 2, kernel_size = 4, stride = 2, padding = 1',
        'op = "maxpool", kernel_size = 3, stride = 2, ceil_mode = true',
        'op = "maxpool", kernel_size = 3, stride = 2, padding = 1',
        'op = "maxpool", kernel_size = 3, stride = 2, padding = "same"',
        'op = "minpool", kernel_size = 3, stride = 2, padding = 1',
        'op = "avgpool", kernel_size = 2, stride = 1, padding = "same", count_include_pad = false',
        'op = "avgpool", kernel_size = 3, stride = 2, ceil_mode = true, count_include_pad = false',
        'op = "avgpool", kernel_size = 3, stride = 2, padding = 1',
        'op = "sumpool", kernel_size = 3, padding = [[0, 1], [1, 0]]',
        'op = "adaptive_avgpool", output_size = [3, 4]',
        'op = "adaptive_maxpool", output_size = [4, 3]',
        'op = "global_maxpool", keepdim = false',
        'op = "reduce_dims", dims = [0], kind = "max"',
        'op = "reduce_dims", dims = [0], keepdim = false',
        'op = "reduce_dims", dims = [0, 1, 2], keepdim = false',
        'op = "reduce_dims", dims = [1], keepdim = false',
        'op = "roll", shifts = [1, -2]',
        'op = "pad", padding = [[1, 2], [0, 1]], mode = "reflect"',
        'op = "pad", padding = 1, value = 2.5',
        'op = "layernorm", affine = false',
        'op = "batchnorm", affine = false',
        'op = "groupnorm", groups = 3, affine = false',
        'op = "instancenorm", affine = true',
        'op = "rmsnorm", affine = false',
        'op = "lrn", size = 4, k = 2.0',
        'op = "upsample", size = [16, 27]',
        'op = "upsample", size = [13, 20], mode = "bilinear"',
        'op = "softmax", dim = 2',
        'op = "gelu", approximate = "tanh"',
        'op = "softplus", beta = 2.0',
        'op = "prelu", shared = true',
        'op = "scale", factor = [1.5, 2.0, -1.0], offset = 0.5',
        'op = "affine", per = "position"',
        'op = "affine", per = "layer", bias = false',
        'op = "subsample", stride = [2, 1]',
        'op = "slice_channels", start = 1',
        'op = "crop", size = [4, 5]',
        'op = "reshape", shape = [4, 6, 9]',
        'op = "permute", order = [2, 0, 1]',
        'op = "flatten"',
        'op = "tokens", count = 3, after = true',
        'op = "dropout", channels = true',
        'op = "stochastic_depth", p = 0.5',
    ],
)
def test_settings_of_layers(line: str) -> None:
    size = [3, 9] if "tokens" in line else [3, 8, 9]
    check(support.graph_of(f'input = {size}\nlayers = [{{ name = "half", {line} }}]'))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            'op = "conv", out_channels = 4, kernel_size = 3, stride = 2, dilation = 2',
            "a stride and",
        ),
        (
            'op = "conv", out_channels = 4, kernel_size = 3, padding = 1,'
            ' padding_mode = "replicate"',
            "pads a convolution with zeros, not with replicate",
        ),
        ('op = "conv", out_channels = 4, kernel_size = 3, fixed = true', "with fixed weights"),
        ('op = "avgpool", kernel_size = 3, stride = 2, padding = 1, ceil_mode = true', "no means"),
        ('op = "conv_transpose", out_channels = 6, kernel_size = 2, groups = 3', "transposed"),
        ('op = "upsample", scale_factor = 1.7', "no such interpolation"),
    ],
)
def test_what_keras_cannot_express_is_refused(line: str, said: str) -> None:
    with pytest.raises(RequestError, match=rf"half \(\w+\): .*{said}"):
        KerasSource(support.graph_of(f'input = [3, 8, 9]\nlayers = [{{ name = "half", {line} }}]'))


def test_all_layers_that_keras_cannot_express_are_named() -> None:
    graph = support.graph_of("""
input = [4, 8, 8]
layers = [
  { name = "pool", op = "maxpool", kernel_size = 2 },
  { name = "undo", op = "maxunpool", from = ["pool", "pool"] },
  { name = "cols", op = "unfold", kernel_size = 2 },
  { name = "once", op = "conv", out_channels = 16, kernel_size = 1 },
  { name = "again", share = "once" },
]""")
    with pytest.raises(RequestError) as refused:
        KerasSource(graph)
    assert str(refused.value).split("\n") == [
        "net cannot be exported to Keras:",
        "  undo (maxunpool), cols (unfold): it is not written in Keras",
        "  again (conv): it has the weights of another layer",
    ]


def test_the_defaults_are_those_of_keras() -> None:
    layers = import_keras().layers
    for base in ("Conv2D", "DepthwiseConv2D", "Dense", "BatchNormalization"):
        for name, parameter in inspect.signature(getattr(layers, base)).parameters.items():
            if name in DEFAULTS and parameter.default not in (inspect.Parameter.empty, (1, 1)):
                assert DEFAULTS[name] == repr(parameter.default), (base, name)
    for begin, names in POSITIONS.items():
        cls = getattr(layers, begin, None) or getattr(layers, f"{begin}2D", None)
        if cls:
            assert tuple(inspect.signature(cls).parameters)[: len(names)] == names
