"""GRU: a recurrent layer with a reset and an update gate, over the positions.

Each position computes 3*H values of the C inputs and the last H states: 3*H*(C + H + 2) parameters
in each direction, with PyTorch's two biases, and 3*H*(C + H) multiply-accumulates for each of L
positions. Also counted, for each state: two sigmoids and one tanh, three multiplications and two
additions for the new state, and the additions of the two products and of the biases. PyTorch runs a
dozen functions for each position; they were not measured, so its memory is not planned.

Source: Cho et al. (2014), Learning phrase representations using RNN encoder-decoder, arXiv
1406.1078, equations 5 to 8; ``torch.nn.GRU``."""

from typing import ClassVar

from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.recurrent import Recurrent


class Gru(Recurrent):
    title = "GRU"
    gates = 3
    unknown_memory = "PyTorch runs a dozen functions for each position, and they were not measured"
    # Two sigmoids and a tanh, r*(W*h), then (1 - z)*n + z*h.
    per_state: ClassVar[dict[str, int]] = {
        "exponentials": 3,
        "additions": 2 + 2 + 2,
        "divisions": 3,
        "multiplications": 1 + 3,
    }

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.GRU: nn.GRU(10, 20, 2) on 5 positions",
            ((10, 5),),
            {"hidden_size": 20, "num_layers": 2},
            (20, 5),
            params=3 * 20 * (10 + 20 + 2) + 3 * 20 * (20 + 20 + 2),
            macs=5 * 3 * 20 * (10 + 20 + 20 + 20),
            work={
                "exponentials": 3 * 200,
                "divisions": 3 * 200,
                "multiplications": (1 + 3) * 200,
                "additions": (2 + 2 + 2 + 3 + 6) * 200,
            },
        ),
    )
