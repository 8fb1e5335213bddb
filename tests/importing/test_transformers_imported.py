"""Parts of transformers are imported, and proven: a small module for each."""

import pytest
import torch
from torch import nn

import cnnspec
from cnnspec.units import Shape


class PositionsThenToken(nn.Module):
    """Learned positions channels last, then a token, as DeiT III has them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.head = nn.LayerNorm(4), nn.Linear(4, 3)
        self.token, self.places = nn.Parameter(torch.rand(1, 1, 4)), nn.Parameter(torch.rand(30, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.flatten(2).transpose(1, 2) + self.places
        tokens = self.norm(torch.cat([self.token.expand(len(x), -1, -1), rows], 1))
        return self.head(tokens[:, 1]) * 2  # type: ignore[no-any-return]


CASES: dict[str, tuple[type[nn.Module], Shape, list[str]]] = {
    # the module, its input, and the operators
    "positions, then a token": (
        PositionsThenToken,
        (4, 5, 6),
        [
            *("position_embedding", "reshape", "tokens", "layernorm", "crop", "flatten"),
            *("linear", "scale"),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_part_of_a_transformer_is_imported_and_proven(name: str) -> None:
    module, shape, kinds = CASES[name]
    found = cnnspec.from_pytorch(module(), input=shape)
    assert found.verdict.passed, str(found.verdict)
    assert [node.kind for node in found.network.graph.nodes[1:]] == kinds
