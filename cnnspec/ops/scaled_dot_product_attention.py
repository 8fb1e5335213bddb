"""Attention of given queries, keys and values: softmax(q*k / sqrt(C/h) + bias) * v, in h heads.

The inputs are q (C channels at N positions), k (C at M positions), v (V channels at M positions),
and optionally a bias of h x N x M that is added to the products. The output has V channels at the
positions of q. With ``window_size``, maps are cut into B windows of that size, and a position
attends to those of its own window only; ``shift`` moves the windows by so many positions, around
the border, and positions that are no neighbours in the map do not see each other. With ``dilation``
D, the positions of a window are D apart: those between them are in other windows. With
``relative_position_bias`` each head has a learned bias for each distance within a window,
h*(2*M_H - 1)*(2*M_W - 1) parameters; with ``symmetric_bias`` distances to both sides share one,
h*M_H*M_W parameters, and where there are fewer queries than keys, these lie at every second key, or
every third and so on. Windows of n queries and m keys cost B*n*m*(C + V)
multiply-accumulates. Also counted: the scaling of q, the softmax, and an addition for each bias.
In training, ``dropout`` drops weights of values.

Source: Vaswani et al. (2017), Attention is all you need, arXiv 1706.03762, equation 1;
``torch.nn.functional.scaled_dot_product_attention``; Liu et al. (2021), Swin transformer, arXiv
2103.14030, equation 4 and figure 4, for windows, shift and bias; Tu et al. (2022), MaxViT, arXiv
2204.01697, section 3.2, for dilation; Graham et al. (2021), LeViT, arXiv 2104.01136, equation 2,
for symmetric biases."""

from math import prod
from typing import Any

from cnnspec.ops.kit import bias_table, memory, modules, onnx_nodes
from cnnspec.ops.kit.attention_checks import (
    require_attention,
    require_windows,
)
from cnnspec.ops.kit.attention_classes import DOT_PRODUCT_ATTENTION
from cnnspec.ops.kit.attention_memory import AttentionFunctions
from cnnspec.ops.kit.attention_products import Windows, make_forward
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import (
    count_field,
    flag_field,
    number_field,
    size_field,
    weight_dropout_field,
)
from cnnspec.ops.kit.input_checks import raise_different_inputs
from cnnspec.ops.kit.operator import BackwardMacs, Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape

NAME = "scaled_dot_product_attention"


class ScaledDotProductAttention(Operator):
    title = "Dot-Product Attention"
    symbols = {
        "B": "number of windows",
        "n": "queries in a window",
        "m": "keys in a window",
        "V": "channels of the values",
        "h": "heads",
        "M_i": "size i of a window",
    }
    is_composite = True
    role = "join"
    arity = (3, 4)
    counts_as_layer = False

    heads: int = size_field("h, the number of heads", default=1)
    scale: float | None = number_field(
        "the factor of the products; default: 1/sqrt(C/h)", default=None, minimum=-1e9
    )
    window_size: int = count_field(
        "M, the size of the windows within which positions see each other; 0: the whole map",
        default=0,
    )
    dilation: int = size_field("D, how far apart the positions of a window are", default=1)
    shift: int = count_field("by how many positions the windows are moved", default=0)
    relative_position_bias: bool = flag_field(
        "whether a learned bias depends on the distance of positions", default=False
    )
    symmetric_bias: bool = flag_field("whether both directions share a bias", default=False)
    dropout: float = weight_dropout_field()

    def output(self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None) -> Shape:
        require_attention(self.heads, q, k, v, bias, whole=not self.has_windows)
        bias_table.require_learned_bias(self.relative_position_bias, self.symmetric_bias, q, k)
        if (self.has_windows or self.learns_bias == bias_table.RELATIVE) and k[1:] != q[1:]:
            raise_different_inputs(
                NAME, "$0", q, "$1", k, "in windows, both have the same positions"
            )
        require_windows(self.window_size, self.shift, self.dilation, q)
        return (v[0], *q[1:])

    @property
    def has_windows(self) -> bool:
        return self.window_size > 0 or self.dilation > 1

    @property
    def learns_bias(self) -> str:
        return bias_table.bias_kind(self.relative_position_bias, self.symmetric_bias)

    def each_window(self, q: Shape) -> tuple[int, ...]:
        return tuple(self.window_size or w // self.dilation for w in q[1:])

    def factor(self, q: Shape) -> float:
        return (q[0] // self.heads) ** -0.5 if self.scale is None else self.scale

    def windows(self, q: Shape) -> Windows:
        sizes = self.each_window(q) if self.has_windows else None
        return Windows(q[1:], sizes, self.dilation, self.shift)

    def counts(self, q: Shape, k: Shape) -> tuple[int, int, int]:
        """Return the number of windows, and the queries and keys in each."""
        n = prod(self.each_window(q))
        windows = prod(q[1:]) // n
        return windows, n, prod(k[1:]) // windows

    def parameters(
        self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None
    ) -> dict[str, Shape]:
        sizes = self.each_window(q), self.each_window(k)
        return bias_table.bias_parameters(self.learns_bias, self.heads, *sizes)

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def macs(self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None, *, y: Shape) -> int:
        windows, n, m = self.counts(q, k)
        return windows * n * m * (q[0] + v[0])

    def backward_macs(
        self,
        q: Shape,
        k: Shape,
        v: Shape,
        bias: Shape | None = None,
        *,
        needed: tuple[bool, ...],
        trained: bool,
        y: Shape,
    ) -> BackwardMacs:
        windows, n, m = self.counts(q, k)
        of_q, of_k, of_v, *of_bias = needed
        of_weights = of_q or of_k or any(of_bias) or (trained and self.relative_position_bias)
        return BackwardMacs(windows * n * m * (q[0] * (of_q + of_k) + v[0] * (of_v + of_weights)))

    def elementwise(
        self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None, *, y: Shape
    ) -> dict[str, int]:
        windows, n, m = self.counts(q, k)
        weights = self.heads * windows * n * m
        biases = self.relative_position_bias + (bias is not None)
        return {
            "multiplications": prod(q),
            "exponentials": weights,
            "divisions": weights,
            "additions": weights - self.heads * windows * n + biases * weights,
        }

    def window(self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None, *, y: Shape) -> Reach:
        return self.windows(q).reach if self.window_size else WHOLE

    def derivation(
        self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None, *, y: Shape
    ) -> list[Step]:
        windows, n, m = self.counts(q, k)
        macs = {"B": windows, "n": n, "m": m, "C": q[0], "V": v[0]}
        sizes = self.each_window(q), self.each_window(k)
        return [
            elements_step(y),
            Step("multiply-accumulates", "B*n*m*(C + V)", macs, self.macs(q, k, v, y=y)),
            *bias_table.bias_steps(self.learns_bias, self.heads, *sizes),
        ]

    def memory(
        self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None, *, y: Shape, training: bool
    ) -> memory.Functions:
        dropout = self.dropout if training else 0.0
        functions = AttentionFunctions(self.heads, self.windows(q), dropout)
        return functions.declare(q, k, v, bias, self.learns_bias)

    def build(
        self, torch: Any, q: Shape, k: Shape, v: Shape, bias: Shape | None = None, *, y: Shape
    ) -> Any:
        of = self.heads, self.factor(q), self.windows(q)
        forward = make_forward(torch, *of, self.learns_bias, self.dropout)
        tensors = {n: torch.randn(shape) * 0.02 for n, shape in self.parameters(q, k, v).items()}
        return modules.make_module(torch, "ScaledDotProductAttention", forward, tensors)

    python_class = DOT_PRODUCT_ATTENTION

    def python_arguments(
        self, q: Shape, k: Shape, v: Shape, bias: Shape | None = None, *, y: Shape
    ) -> dict[str, Any]:
        return {
            "": self.heads,
            "scale": self.factor(q),
            "window": self.each_window(q),
            "dilation": self.dilation,
            "shift": self.shift,
            "learns_bias": self.learns_bias,
            "keys": self.each_window(k),
            "dropout": self.dropout,
        }

    def write_onnx(self, onnx: Any, q: Any, *rest: Any, y: Shape) -> Any:
        if self.has_windows or self.relative_position_bias:
            from cnnspec.ops.kit.attention_onnx import write_windows  # a table needs no ONNX

            return write_windows(onnx, (q, *rest), self, self.each_window(q.shape), y)
        return onnx_nodes.attend(onnx, q, *rest, heads=self.heads, scale=self.scale, y=y)

    examples = (
        Example(
            "timm's vit_base_patch16_224, blocks.0.attn: 12 heads of 64 channels, 197 tokens;"
            " multiply-accumulates by FlopCounterMode",
            ((768, 197), (768, 197), (768, 197)),
            {"heads": 12},
            (768, 197),
            macs=59_610_624,
            work={
                "multiplications": 768 * 197,
                "exponentials": 12 * 197 * 197,
                "divisions": 12 * 197 * 197,
                "additions": 12 * 197 * 196,
            },
        ),
        Example(
            "torchvision's swin_t, features.1.1.attn: 3 heads, windows of 7x7 of 56x56 positions,"
            " shifted by 3, with a table of 169 x 3 biases",
            ((96, 56, 56), (96, 56, 56), (96, 56, 56)),
            {"heads": 3, "window_size": 7, "shift": 3, "relative_position_bias": True},
            (96, 56, 56),
            params=507,
            macs=29_503_488,
        ),
        Example(
            "timm's maxvit_tiny_tf_224, stages.0.blocks.0.attn_grid.attn: 2 heads of 32 channels,"
            " grids of 7x7 of 56x56 positions, 8 apart; multiply-accumulates by FlopCounterMode",
            ((64, 56, 56), (64, 56, 56), (64, 56, 56)),
            {"heads": 2, "window_size": 7, "dilation": 8},
            (64, 56, 56),
            macs=19_668_992,
        ),
        Example(
            "timm's levit_128s, stages.1.downsample.attn_downsample: 8 heads with queries of 16"
            " channels at 7x7 and values of 64 channels at 14x14, and attention_biases: (8, 196)",
            ((128, 7, 7), (128, 14, 14), (512, 14, 14)),
            {"heads": 8, "relative_position_bias": True, "symmetric_bias": True},
            (512, 7, 7),
            params=1568,
            macs=6_146_560,
        ),
    )
