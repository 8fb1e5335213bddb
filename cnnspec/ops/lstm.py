"""LSTM: a recurrent layer with input, forget and output gates and a cell, over the positions.

Each position computes 4*H gates of the C inputs and the last H states: 4*H*(C + H + 2) parameters
in each direction, with PyTorch's two biases, and 4*H*(C + H) multiply-accumulates for each of L
positions. Also counted, for each state: three sigmoids and two tanh, three multiplications and one
addition for the cell and the state, and the additions of the two products and of the biases. On a
CPU oneDNN runs it, in a workspace whose size only oneDNN knows, so its memory is not planned.

Source: Hochreiter & Schmidhuber (1997), Long short-term memory; ``torch.nn.LSTM``."""

from typing import ClassVar

from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.recurrent import Recurrent


class Lstm(Recurrent):
    title = "LSTM"
    gates = 4
    unknown_memory = "oneDNN runs it, with a workspace whose size only oneDNN knows"
    saves_output = True
    # Three sigmoids and two tanh, then f*c + i*g and o*tanh(c).
    per_state: ClassVar[dict[str, int]] = {
        "exponentials": 5,
        "additions": 3 + 2 * 2 + 1,
        "divisions": 5,
        "multiplications": 2 + 3,
    }

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.LSTM: nn.LSTM(10, 20, 2) on 5 positions",
            ((10, 5),),
            {"hidden_size": 20, "num_layers": 2},
            (20, 5),
            params=4 * 20 * (10 + 20 + 2) + 4 * 20 * (20 + 20 + 2),
            macs=5 * 4 * 20 * (10 + 20 + 20 + 20),
            work={
                "exponentials": 5 * 200,
                "divisions": 5 * 200,
                "multiplications": (2 + 3) * 200,
                "additions": (3 + 4 + 1 + 4 + 8) * 200,
            },
        ),
    )
