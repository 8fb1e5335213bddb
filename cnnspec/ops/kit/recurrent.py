"""The base class of recurrent layers over sequences: LSTM and GRU."""

from math import prod
from typing import Any, ClassVar

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import OperatorError, flag_field, number_field, size_field
from cnnspec.ops.kit.operator import BackwardMacs, Operator, UnknownMemoryError
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape, format_shape

MOST_LAYERS = 256  # each has tensors of its own


class Recurrent(Operator):
    """A recurrent layer: at each position its ``gates`` read the input and the last state.

    C channels of L positions become H channels, or 2*H if it reads in both directions. With several
    layers, each reads the output of the one before."""

    is_composite = True
    gates: ClassVar[int]
    unknown_memory: ClassVar[str]  # why the memory is not known
    saves_output: ClassVar[bool] = False  # whether backward needs the output of one direction
    # The element-wise work for an element of the state, without the additions of biases.
    per_state: ClassVar[dict[str, int]]
    symbols: ClassVar[dict[str, str]] = {
        "H": "size of the state",
        "E": "directions",
        "A": "layers after the first",
        "L": "positions",
    }

    hidden_size: int = size_field("H, the size of the state, which is the output's channels")
    num_layers: int = size_field("the number of layers, one on the other", default=1)
    bidirectional: bool = flag_field(
        "whether it also reads from the last position to the first", default=False
    )
    bias: bool = flag_field("whether gates have biases, two each as in PyTorch", default=True)
    dropout: float = number_field(
        "the probability of dropout between layers, in training", default=0.0, maximum=1.0
    )

    @property
    def directions(self) -> int:
        return 1 + self.bidirectional

    def output(self, x: Shape) -> Shape:
        if self.num_layers > MOST_LAYERS:
            raise OperatorError(
                "L003",
                f"num_layers is an integer from 1 to {MOST_LAYERS}, not {self.num_layers}",
                field="num_layers",
            )
        if len(x) != 2:
            raise OperatorError(
                "D001",
                f"{self.title} takes channels and one dimension of positions, but $0 is"
                f" {format_shape(x)}",
                "a reshape before it makes a sequence, such as [-1, 0] of rows or [0, -1]",
            )
        return (self.directions * self.hidden_size, x[1])

    def layer_inputs(self, x: Shape) -> list[int]:
        """Return the channels that each layer reads."""
        return [x[0]] + [self.directions * self.hidden_size] * (self.num_layers - 1)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        rows, h = self.gates * self.hidden_size, self.hidden_size
        for i, channels in enumerate(self.layer_inputs(x)):
            for suffix in ("", "_reverse")[: self.directions]:
                found[f"weight_ih_l{i}{suffix}"] = (rows, channels)
                found[f"weight_hh_l{i}{suffix}"] = (rows, h)
                if self.bias:
                    found[f"bias_ih_l{i}{suffix}"] = found[f"bias_hh_l{i}{suffix}"] = (rows,)
        return found

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def macs(self, x: Shape, y: Shape) -> int:
        weights = [shape for shape in self.parameters(x).values() if len(shape) == 2]
        return x[1] * sum(map(prod, weights))

    def backward_macs(
        self, x: Shape, *, needed: tuple[bool, ...], trained: bool, y: Shape
    ) -> BackwardMacs:
        if not (any(needed) or trained):
            return BackwardMacs()
        rows = self.directions * self.gates * self.hidden_size
        # The first state is zero and needs no gradient.
        states = self.num_layers * (x[1] - 1) * self.hidden_size
        first, *later = self.layer_inputs(x)
        read = x[1] * (first * any(needed) + sum(later))
        return BackwardMacs(rows * (read + states), self.macs(x, y) * trained)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        states = x[1] * self.num_layers * self.directions * self.hidden_size
        work = {kind: n * states for kind, n in self.per_state.items()}
        biases = 2 * self.gates * states if self.bias else 0
        return work | {"additions": work["additions"] + self.gates * states + biases}

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        values = {"E": self.directions, "H": self.hidden_size, "C": x[0], "A": self.num_layers - 1}
        first, later = f"E*{self.gates}*H*(C + H", f"A*E*{self.gates}*H*(E*H + H"
        total, n = sum(map(prod, self.parameters(x).values())), self.gates
        biased = " + 2)" if self.bias else ")"
        both = {"E": self.directions, "H": self.hidden_size}
        macs = f"L*(E*{n}*H*(C + H) + A*E*{n}*H*(E*H + H))"
        return [
            Step("output channels", "E*H", both, y[0]),
            elements_step(y),
            Step("parameters", f"{first}{biased} + {later}{biased}", values, total),
            Step("multiply-accumulates", macs, {**values, "L": x[1]}, self.macs(x, y)),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        saves = self.saves_output and not self.bidirectional
        raise UnknownMemoryError(self.title.lower(), self.unknown_memory, saves)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        cls = getattr(torch.nn, self.title)
        layer = modules.with_forward(
            cls, lambda module, x: cls.forward(module, x.movedim(1, -1))[0].movedim(-1, 1)
        )
        return layer(
            x[0],
            self.hidden_size,
            self.num_layers,
            bias=self.bias,
            batch_first=True,
            dropout=self.dropout,
            bidirectional=self.bidirectional,
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        raise OperatorError("L003", "recurrent layers are not written in ONNX")
