"""Attention: in h heads, a position sums the values of all, weighted by softmax(q*k / sqrt(C/h)).

q, k and v are linear in the C channels (3*C*C weights), and a projection takes C*C weights more.
With ``window_size`` M, the map is padded at its ends to multiples of M, and a position attends to
those of its own M x M window; otherwise to all. B windows of n positions cost B*n*4*C*C
multiply-accumulates for the linear maps and 2*B*n*n*C for q*k and its product with v. With
``relative_position``, each dimension of size M adds to q*k the product of q with one of 2*M - 1
learned vectors of C/h: B*n*M*C more. Also counted: the additions of biases, C scalings of q for
each position, the softmax (as ``softmax`` counts it) of h*n rows for each window, and one addition
for each weight and dimension for relative positions. In training, ``dropout`` drops weights.

Source: Vaswani et al. (2017), arXiv 1706.03762, section 3.2; Li et al. (2022), MViTv2, arXiv
2112.01526, equation 4; Kirillov et al. (2023), Segment anything, arXiv 2304.02643, and its
image_encoder.py, for windows."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, windowed_attention
from cnnspec.ops.kit.attention_classes import ATTENTION
from cnnspec.ops.kit.derivation import SYMBOLS, Step, axis_symbols, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import (
    count_field,
    flag_field,
    size_field,
    weight_dropout_field,
)
from cnnspec.ops.kit.input_checks import require_divisible, require_feature_map
from cnnspec.ops.kit.operator import BackwardMacs, Example
from cnnspec.ops.kit.windows import WHOLE, Phases, Reach, Window
from cnnspec.units import Shape


class Attention(Elementwise):
    title = "Attention"
    symbols = {
        "B": "number of windows",
        "n": "positions in a window",
        "h": "heads",
        "M_D": "depth of a window",
        "M_H": "height of a window",
        "M_L": "length of a window",
        "M_W": "width of a window",
    }
    is_composite = True
    role = "layer"

    heads: int = size_field("h, the number of heads")
    qkv_bias: bool = flag_field("whether q, k and v have biases", default=True)
    window_size: int = count_field(
        "M, the size of the windows within which positions see each other; 0: the whole map",
        default=0,
    )
    relative_position: bool = flag_field(
        "whether the weights depend on relative positions", default=False
    )
    dropout: float = weight_dropout_field()

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("attention", x)
        require_divisible(self.heads, channels, field="heads")
        return x

    def each_window(self, x: Shape) -> tuple[int, ...]:
        return tuple(self.window_size or w for w in x[1:])

    def windows(self, x: Shape) -> int:
        return prod(-(-w // m) for w, m in zip(x[1:], self.each_window(x), strict=True))

    def tables(self, x: Shape) -> dict[str, Shape]:
        """Return the shapes of the learned vectors of relative positions, for each dimension."""
        if not self.relative_position:
            return {}
        names = ("h", "w") if len(x) == 3 else range(len(x) - 1)
        return {
            f"rel_pos_{i}": (2 * m - 1, x[0] // self.heads)
            for i, m in zip(names, self.each_window(x), strict=True)
        }

    def parameters(self, x: Shape) -> dict[str, Shape]:
        c = x[0]
        biases: dict[str, Shape] = {"qkv.bias": (3 * c,)} if self.qkv_bias else {}
        return {
            "qkv.weight": (3 * c, c),
            **biases,
            **self.tables(x),
            "proj.weight": (c, c),
            "proj.bias": (c,),
        }

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def macs(self, x: Shape, y: Shape) -> int:
        c, n, relative = (
            x[0],
            prod(self.each_window(x)),
            self.relative_position * sum(self.each_window(x)),
        )
        return self.windows(x) * n * c * (4 * c + 2 * n + relative)

    def backward_macs(
        self, x: Shape, *, needed: tuple[bool, ...], trained: bool, y: Shape
    ) -> BackwardMacs:
        if not (any(needed) or trained):
            return BackwardMacs()
        c, n = x[0], prod(self.each_window(x))
        relative = self.relative_position * sum(self.each_window(x))
        values = self.windows(x) * n * c
        linear = 4 * c if any(needed) else c  # of q, k, v and the projection, or of it alone
        return BackwardMacs(
            values * (linear + 4 * n + relative), values * (4 * c + relative) * trained
        )

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        n = prod(self.each_window(x))
        positions = self.windows(x) * n
        weights = self.heads * positions * n
        biases = (4 if self.qkv_bias else 1) * x[0] * positions
        relative = self.relative_position * (len(x) - 1) * weights
        return {
            "multiplications": x[0] * positions,
            "exponentials": weights,
            "divisions": weights,
            "additions": biases + weights - self.heads * positions + relative,
        }

    def window(self, x: Shape, y: Shape) -> Reach:
        if not self.window_size:
            return WHOLE
        return tuple(self.window_along(m) for m in self.each_window(x))

    @staticmethod
    def window_along(m: int) -> Window:
        """Return what one dimension reads: all m positions of the window."""
        return Window(m, m, Phases(m, lambda r: range(m)))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        sizes = dict(zip(axis_symbols(SYMBOLS, len(x) - 1), x[1:], strict=True))
        windows = dict(zip((f"M_{s}" for s in sizes), self.each_window(x), strict=True))
        n, b, c = prod(windows.values()), self.windows(x), x[0]
        weights, macs = (
            ("3*C*C + 3*C + C*C + C" if self.qkv_bias else "3*C*C + C*C + C"),
            "B*n*4*C*C + 2*B*n*n*C",
        )
        if self.relative_position:
            weights += "".join(f" + (2*{m} - 1)*C/h" for m in windows)
            macs += f" + B*n*({' + '.join(windows)})*C"
        return [
            elements_step(y),
            Step("windows", "*".join(f"ceil({s}/M_{s})" for s in sizes), sizes | windows, b),
            Step("positions of a window", "*".join(windows), windows, n),
            Step(
                "parameters",
                weights,
                {"C": c} | ({"h": self.heads} | windows if self.relative_position else {}),
                sum(map(prod, self.parameters(x).values())),
            ),
            Step(
                "multiply-accumulates",
                macs,
                {"B": b, "n": n, "C": c} | (windows if self.relative_position else {}),
                self.macs(x, y),
            ),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return windowed_attention.attention_functions(
            x,
            self.each_window(x),
            self.windows(x),
            self.heads,
            tuple(self.tables(x)),
            self.dropout if training else 0.0,
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        tables = {name: torch.zeros(shape) for name, shape in self.tables(x).items()}
        forward = windowed_attention.make_forward(
            torch, self.each_window(x), self.heads, tuple(tables), self.dropout
        )
        built = modules.make_module(torch, "Attention", forward, tables)
        built.qkv, built.proj = (
            torch.nn.Linear(x[0], 3 * x[0], self.qkv_bias),
            torch.nn.Linear(x[0], x[0]),
        )
        return built

    python_class = ATTENTION

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {
            "": x[0],
            "heads": self.heads,
            "window": self.each_window(x),
            "qkv_bias": self.qkv_bias,
            "relative_position": self.relative_position,
            "dropout": self.dropout,
        }

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        from cnnspec.ops.kit import attention_onnx  # a table needs no ONNX

        sizes, tables = self.each_window(x.shape), self.tables(x.shape)
        return attention_onnx.write_self_attention(
            onnx, x, self.heads, self.qkv_bias, sizes, tables
        )

    examples = (
        Example(
            "timm's samvit_base_patch16, blocks.0.attn, on its 25 windows; multiply-accumulates by"
            " FlopCounterMode",
            ((768, 64, 64),),
            {"heads": 12, "window_size": 14, "relative_position": True},
            (768, 64, 64),
            params=2_365_824,
            macs=13_141_094_400,
        ),
        Example(
            "timm's samvit_base_patch16, blocks.2.attn, over the whole map; multiply-accumulates"
            " likewise",
            ((768, 64, 64),),
            {"heads": 12, "relative_position": True},
            (768, 64, 64),
            params=2_378_624,
            macs=35_836_133_376,
        ),
    )
