"""Each operator in ONNX, run by onnxruntime and compared with its PyTorch module."""

import pytest

from cnnspec.exporting.onnx.write_model import write_onnx_model
from cnnspec.graph.model import Graph
from cnnspec.ops.registry import OPERATORS
from cnnspec.problems import RequestError
from cnnspec.pytorch.check_onnx import OnnxWeights, check_onnx
from tests import support
from tests.exporting.operator_examples import example_graph
from tests.worked_examples import EXAMPLES

NOT_IN_ONNX = {  # by operator: the reason that the refusal gives
    "cross_entropy": "losses of classes",
    "gru": "recurrent layers",
    "lstm": "recurrent layers",
    "unfold": "it is not written in ONNX",
}
NOT_IN_ONNX_EXAMPLES: dict[tuple[str, int], str] = dict.fromkeys(
    [("scaled_dot_product_attention", n) for n in (2, 3)], "dilation and symmetric_bias"
)


def check(graph: Graph) -> None:
    weights = OnnxWeights(graph, drawn=True)
    model = write_onnx_model(graph, weights.tensor, dynamic=True)
    assert check_onnx(graph, weights, model, batch=2).differences == ()


@pytest.mark.parametrize(("name", "number"), EXAMPLES)
def test_a_worked_example_is_written_in_onnx(name: str, number: int) -> None:
    graph = example_graph(name, number)
    reason = NOT_IN_ONNX.get(name) or NOT_IN_ONNX_EXAMPLES.get((name, number))
    if reason is None:
        check(graph)
        return
    with pytest.raises(RequestError, match=f"cannot be exported to ONNX: {reason}"):
        write_onnx_model(graph, OnnxWeights(graph).tensor, dynamic=True)


def test_every_operator_is_written_in_onnx_or_named_here() -> None:
    assert {*OPERATORS} - {"input"} <= {name for name, _ in EXAMPLES}
    assert {*NOT_IN_ONNX} <= {*OPERATORS}


@pytest.mark.parametrize(
    "line",
    [
        'op = "conv", out_channels = 4, kernel_size = 2, padding = "same"',
        'op = "conv", out_channels = 4, kernel_size = [3, 5], padding = [[0, 1], [2, 0]]',
        'op = "conv", out_channels = 4, kernel_size = 3, padding = 1, padding_mode = "circular"',
        'op = "conv", out_channels = 4, kernel_size = 3, padding = 1, padding_mode = "replicate"',
        'op = "conv", out_channels = 4, kernel_size = 2, padding = "same", standardize = true',
        'op = "conv_transpose", out_channels = 2, kernel_size = 3, stride = 2, output_padding = 1',
        'op = "maxpool", kernel_size = 3, dilation = 2, padding = "same"',
        'op = "maxpool", kernel_size = 3, stride = 2, ceil_mode = true',
        'op = "minpool", kernel_size = 3, stride = 2, padding = 1',
        'op = "avgpool", kernel_size = 2, stride = 1, padding = "same", count_include_pad = false',
        'op = "avgpool", kernel_size = 3, stride = 2, padding = 1, ceil_mode = true',
        'op = "avgpool", kernel_size = 3, stride = 2, padding = 1',
        'op = "sumpool", kernel_size = 3, padding = [[0, 1], [1, 0]]',
        'op = "adaptive_avgpool", output_size = [3, 4]',
        'op = "adaptive_maxpool", output_size = [4, 3]',
        'op = "reduce_dims", dims = [0], kind = "max"',
        'op = "reduce_dims", dims = [0, 1, 2], keepdim = false',
        'op = "roll", shifts = [1, -2]',
        'op = "pad", padding = [[1, 2], [0, 1]], mode = "reflect"',
        'op = "pad", padding = [[1, 2], [0, 1]], mode = "circular"',
        'op = "pad", padding = 1, value = 2.5',
        'op = "layernorm", over = "all"',
        'op = "layernorm", affine = false',
        'op = "batchnorm", affine = false',
        'op = "groupnorm", groups = 3, affine = false',
        'op = "instancenorm", affine = true',
        'op = "instancenorm", affine = true, track_running_stats = true',
        'op = "upsample", scale_factor = 1.7',
        'op = "upsample", size = [13, 20], mode = "bilinear"',
        'op = "upsample", scale_factor = 2, mode = "bilinear", align_corners = true',
        'op = "upsample", size = [11, 5], mode = "bicubic"',
        'op = "softmax", dim = 2',
        'op = "gelu", approximate = "tanh"',
        'op = "softplus", beta = 2.0, threshold = 1.0',
        'op = "scale", factor = [1.5, 2.0, -1.0], offset = 0.5',
        'op = "affine", per = "position"',
        'op = "subsample", stride = [2, 1]',
        'op = "slice_channels", start = 1',
        'op = "crop", size = [4, 5]',
        'op = "tokens", count = 3, after = true',
        'op = "dropout"',
    ],
)
def test_settings_of_layers(line: str) -> None:
    size = [3, 9] if "tokens" in line else [3, 8, 9]
    check(support.graph_of(f'input = {size}\nlayers = [{{ name = "half", {line} }}]'))


def test_a_max_pool_is_undone() -> None:
    check(
        support.graph_of("""
input = [3, 8, 8]
layers = [
  { name = "pool", op = "maxpool", kernel_size = 2 },
  { name = "relu", op = "relu" },
  { name = "undo", op = "maxunpool", from = ["relu", "pool"] },
]""")
    )
