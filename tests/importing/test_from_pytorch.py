"""cnnspec.from_pytorch gives the spec of a model, the network that it describes, and a verdict."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import cnnspec
from cnnspec.pytorch.random_weights import SkipInitialization


class TwoInputs(nn.Module):
    """A model with two inputs, which share a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.fc = nn.Linear(4, 2)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        joined = torch.relu(self.conv(x)).mean((2, 3)) + torch.relu(self.conv(y)).mean((2, 3))
        return self.fc(joined)  # type: ignore[no-any-return]


def test_a_model_becomes_a_spec_that_can_be_saved_and_loaded(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU())
    before = {name: t.clone() for name, t in model.state_dict().items()}
    found = cnnspec.from_pytorch(model, input=(3, 16, 16), name="small")
    assert found
    assert found.verdict.passed
    assert found.network.totals.params == 3 * 9 * 8 + 16
    found.save(tmp_path / "small.toml")
    loaded = cnnspec.load(str(tmp_path / "small.toml"))
    assert (loaded.name, loaded.totals) == ("small", found.network.totals)
    assert str(found) == (tmp_path / "small.toml").read_text()
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    assert repr(found).startswith("<ImportedSpec small: ")


def test_several_inputs_and_shared_layers_are_imported() -> None:
    found = cnnspec.from_pytorch(TwoInputs(), input=[(1, 8, 8), (1, 12, 12)])
    assert found.verdict.passed
    assert [n.output for n in found.network.graph.inputs] == [(1, 8, 8), (1, 12, 12)]
    assert found.network.totals.params == 4 * 9 + 4 + 4 * 2 + 2


def test_a_model_in_training_stays_in_training() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Dropout(0.5)).train()
    assert cnnspec.from_pytorch(model, input=(3, 4, 4))
    assert model.training
    assert model[1].training


REFUSED: dict[str, tuple[Any, Any, str]] = {
    "no module": ("resnet", (3, 8, 8), "a model is a torch.nn.Module, not a str"),
    "no shape": (nn.ReLU(), (3, 0, 8), "an input is sizes such as 3,224,224"),
    "another shape": (nn.Conv2d(3, 4, 3), (4, 8, 8), "cannot be run in inference on an input of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_model_or_no_input_is_refused(case: str) -> None:
    model, shape, message = REFUSED[case]
    with pytest.raises(cnnspec.RequestError, match=message):
        cnnspec.from_pytorch(model, input=shape)


def test_models_that_draw_until_a_number_is_in_range_are_built() -> None:
    """Memory that is not initialised may hold numbers that never are."""
    with SkipInitialization():
        weight = torch.full((4, 4), 1e6)
        nn.init.trunc_normal_(weight, std=0.02)
    assert weight.abs().max() <= 2


class Spare(nn.Module):
    """A model with parameters that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.spare = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)  # type: ignore[no-any-return]


class Attends(nn.Module):
    """PyTorch's own attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(2).transpose(1, 2)
        return self.attention(x, x, x, need_weights=False)[0]  # type: ignore[no-any-return]


PROVEN: dict[str, tuple[nn.Module, Any, int]] = {  # with the parameters that the spec has
    "unused parameters": (Spare(), (3, 8, 8), 3 * 4 * 9 + 4),
    "no layer": (nn.Identity(), (3, 8, 8), 0),
    "lazy parameters": (nn.Sequential(nn.Flatten(), nn.LazyLinear(5)), (3, 4, 4), 48 * 5 + 5),
    "attention, batch first": (Attends(), (8, 3, 3), 4 * 64 + 32),
    "a vector": (nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Tanh()), (6,), 36),
    "a volume": (nn.Sequential(nn.Conv3d(1, 2, 3), nn.BatchNorm3d(2)), (1, 6, 6, 6), 60),
}


@pytest.mark.parametrize("case", PROVEN)
def test_models_of_many_kinds_are_proven(case: str) -> None:
    model, shape, params = PROVEN[case]
    found = cnnspec.from_pytorch(model, input=shape)
    assert found.verdict.passed, str(found.verdict)
    assert found.network.totals.params == params
    if case == "unused parameters":
        assert "# Parameters that no layer uses: spare.weight, spare.bias." in found.text
