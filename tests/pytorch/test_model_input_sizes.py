"""A model with the same calls at one input size is compared at another, where it takes one."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec

SIZES = {1: (16,), 2: (8, 8), 3: (4, 8, 8)}


class Net(nn.Module):
    """A convolution, then a layer that ``after`` runs, then with ``head`` a linear one."""

    def __init__(self, dims: int, after: Any, head: Any = None) -> None:
        super().__init__()
        self.conv = getattr(nn, f"Conv{dims}d")(3, 4, 3, padding=1)
        self.linear = nn.Linear(4, 2)
        if head is None:
            del self.linear
        self.after, self.head = after, head

    def forward(self, x: torch.Tensor) -> Any:
        x = self.after(self.conv(x))
        return x if self.head is None else self.linear(self.head(x))


def verify(folder: Path, dims: int, layers: str, model: nn.Module, strict: bool = False) -> Any:
    file = folder / "net.toml"
    conv = '{ name = "conv", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 }'
    input = ", ".join(map(str, (3, *SIZES[dims])))
    file.write_text(f'name = "net"\ninput = [{input}]\nlayers = [{conv}, {layers}]\n')
    return cnnspec.verify(str(file), model=model, device="cpu", strict=strict)


def pool(kind: str, dims: int, size: Any) -> Any:
    return lambda x: getattr(F, f"{kind}_pool{dims}d")(x, size)


def by_mean(x: torch.Tensor) -> torch.Tensor:
    return x.mean(tuple(range(2, x.dim())), keepdim=True)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_pools_of_a_fixed_size_and_global_pools_are_told_apart(
    tmp_path: Path, dims: int, strict: bool, kind: str
) -> None:
    size = SIZES[dims]
    whole = f'{{ name = "g", op = "global_{kind}pool" }}'
    fixed = f'{{ name = "g", op = "{kind}pool", kernel_size = {[*size]} }}'
    fitted = Net(dims, lambda x: pool(kind, dims, tuple(x.shape[2:]))(x))
    adaptive = Net(dims, pool(f"adaptive_{kind}", dims, 1))
    for model in (fitted, adaptive):
        assert verify(tmp_path, dims, whole, model, strict)
        assert not verify(tmp_path, dims, fixed, model, strict)
    model = Net(dims, pool(kind, dims, size))
    assert verify(tmp_path, dims, fixed, model, strict)
    verdict = verify(tmp_path, dims, whole, model, strict)
    assert not verdict
    (failed,) = [c for c in verdict.checks if c.status == "failed"]
    larger = "x".join(str(n) for n in (3, *(2 * n for n in size)))
    assert failed.detail == f"the calls differ at an input of {larger}"
    (difference,) = failed.differences
    assert (difference.name, difference.quantity) == ("g", f"global_{kind}pool")
    assert difference.change.startswith(f"global_{kind}pool → {kind}pool")


SCALED = '{ name = "up", op = "upsample", scale_factor = 2 }'
ADAPTIVE = '{ name = "p", op = "adaptive_avgpool", output_size = 4 }'
DIFFERENT = {
    "interpolation to a fixed size": (SCALED, lambda x: F.interpolate(x, (16, 16))),
    "no change at this size": (
        '{ name = "r", op = "relu" }',
        lambda x: F.interpolate(x, (8, 8)).relu(),
    ),
    "an adaptive pool": (ADAPTIVE, lambda x: F.avg_pool2d(x, 2)),
    "a part": ('{ name = "r", op = "relu" }', lambda x: x[:, :, :8].relu()),
}
EQUAL = {
    "interpolation by a factor": (SCALED, lambda x: F.interpolate(x, scale_factor=2)),
    "interpolation to twice the size": (
        SCALED,
        lambda x: F.interpolate(x, [2 * n for n in x.shape[2:]]),
    ),
    "interpolation to its size": (
        '{ name = "r", op = "relu" }',
        lambda x: F.interpolate(x, x.shape[2:]).relu(),
    ),
    "an adaptive pool": (ADAPTIVE, lambda x: F.adaptive_avg_pool2d(x, 4)),
}


@pytest.mark.parametrize(("layer", "after"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_is_equal_at_one_size_only_is_a_difference(
    tmp_path: Path, layer: str, after: Any
) -> None:
    assert not verify(tmp_path, 2, layer, Net(2, after))


@pytest.mark.parametrize(("layer", "after"), EQUAL.values(), ids=EQUAL)
def test_what_is_equal_at_every_size_passes(tmp_path: Path, layer: str, after: Any) -> None:
    assert verify(tmp_path, 2, layer, Net(2, after))


@pytest.mark.parametrize(
    "head", [lambda x: x.view(len(x), -1), lambda x: x.view(-1, 4)], ids=["rows", "channels"]
)
def test_a_model_that_takes_no_other_size_passes(tmp_path: Path, head: Any) -> None:
    layers = '{ name = "g", op = "global_avgpool", keepdim = false }, '
    layers += '{ name = "linear", op = "linear", out_features = 2 }'
    assert verify(tmp_path, 2, layers, Net(2, pool("avg", 2, 8), head))
    assert verify(tmp_path, 2, layers, Net(2, by_mean, head))


@pytest.mark.parametrize("size", [1, 8])
def test_an_auxiliary_head_is_compared_at_another_size(tmp_path: Path, size: int) -> None:
    class Auxiliary(Net):
        def forward(self, x: torch.Tensor) -> Any:
            y = self.conv(x)
            aux = F.avg_pool2d(y, 8) if size == 8 else F.adaptive_avg_pool2d(y, 1)
            return (y.relu(), aux) if self.training else y.relu()

    layers = '{ name = "aux", op = "global_avgpool", from = "conv", training_only = true }, '
    layers += '{ name = "r", op = "relu", from = "conv" }'
    assert bool(verify(tmp_path, 2, layers, Auxiliary(2, None))) is (size == 1)
