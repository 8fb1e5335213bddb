"""Compare pools and unpooling with PyTorch: sizes, work and refusals."""

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.windows import per_dimension
from cnnspec.ops.maxpool import MaxPool
from cnnspec.ops.maxunpool import MaxUnpool
from tests.ops.agreement import Apply, Fields, dims, layers_agree
from tests.ops.draws import Drawn, Shape, drawn, often, shapes

POOL: Fields = {"kernel_size": (1, 4), "stride": (1, 4), "ceil_mode": st.booleans()}


@often
@given(drawn(**POOL, padding=(0, 3)))
def test_maxpool_and_minpool(d: Drawn) -> None:
    layers_agree("maxpool", d.x, d.fields, lambda: dims("MaxPool", d.x)(**d.fields))
    layers_agree(
        "minpool", d.x, d.fields, lambda: Apply(lambda x: -dims("MaxPool", d.x)(**d.fields)(-x))
    )


def averaged_by_torch(d: Drawn) -> bool:
    """PyTorch cannot average a 3D map that is smaller than the kernel before padding."""
    return len(d.x) < 4 or max(per_dimension("kernel_size", d.fields["kernel_size"], 3)) <= min(
        d.x[1:]
    )


@often
@given(drawn(**POOL, padding=(0, 3), count_include_pad=st.booleans()))
def test_avgpool(d: Drawn) -> None:
    assume(averaged_by_torch(d))
    layers_agree("avgpool", d.x, d.fields, lambda: dims("AvgPool", d.x)(**d.fields))


def sum_pool(d: Drawn) -> nn.Module:
    """PyTorch's LPPool1d takes no tuples."""
    if len(d.x) > 2:
        return dims("LPPool", d.x)(1, **d.fields)
    return nn.LPPool1d(
        1,
        **{
            name: value[0] if isinstance(value, tuple) else value
            for name, value in d.fields.items()
        },
    )


@often
@given(drawn(**POOL))
def test_sumpool(d: Drawn) -> None:
    assume(averaged_by_torch(d))
    layers_agree("sumpool", d.x, d.fields, lambda: sum_pool(d))


@often
@given(drawn(kernel_size=(1, 4)))
def test_the_stride_of_a_pool_is_its_kernel(d: Drawn) -> None:
    layers_agree("maxpool", d.x, d.fields, lambda: dims("MaxPool", d.x)(**d.fields))
    own = nn.ParameterDict({"weight": torch.ones(d.x[0]), "bias": torch.zeros(d.x[0])})
    layers_agree("trainable_subsampling", d.x, d.fields, lambda: Apply(sum_pool(d), own))


@pytest.mark.parametrize("kind", ["Avg", "Max"])
@often
@given(drawn(output_size=(1, 9)))
def test_adaptive_and_global_pools(kind: str, d: Drawn) -> None:
    name = f"{kind.lower()}pool"
    layers_agree(
        f"adaptive_{name}", d.x, d.fields, lambda: dims(f"Adaptive{kind}Pool", d.x)(**d.fields)
    )
    layers_agree(f"global_{name}", d.x, {}, lambda: dims(f"Adaptive{kind}Pool", d.x)(1))
    layers_agree(
        f"global_{name}",
        d.x,
        {"keepdim": False},
        lambda: nn.Sequential(dims(f"Adaptive{kind}Pool", d.x)(1), nn.Flatten()),
    )


@often
@given(shapes(), st.integers(1, 6), st.integers(1, 6), st.sampled_from(["max", "average"]))
def test_channel_pool(x: Shape, k: int, s: int, kind: str) -> None:
    pool = (nn.MaxPool1d if kind == "max" else nn.AvgPool1d)(k, s)

    def pooled(t: Tensor) -> Tensor:
        """Pool the channels of each position as a line of one channel."""
        return (
            pool(t.movedim(1, -1).flatten(0, -2)[:, None]).reshape(*x[1:], -1).movedim(-1, 0)[None]
        )

    layers_agree(
        "channel_pool", x, {"kernel_size": k, "stride": s, "kind": kind}, lambda: Apply(pooled)
    )


@often
@given(drawn(**POOL, padding=(0, 2)))
def test_maxunpool(d: Drawn) -> None:
    """Both get the size to restore. What the pool refuses cannot be undone."""
    pool = MaxPool(**d.fields)
    try:
        pooled = pool.output(d.x)
    except OperatorError:
        return
    values, indices = dims("MaxPool", d.x)(**d.fields, return_indices=True)(torch.zeros(1, *d.x))
    kernel = {name: value for name, value in d.fields.items() if name != "ceil_mode"}
    theirs = dims("MaxUnpool", d.x)(**kernel)(values, indices, output_size=d.x[1:])
    op = MaxUnpool()
    op = op.undoing(pool, d.x)
    assert op.output(pooled, pooled) == tuple(theirs.shape[1:])
    with pytest.raises(OperatorError):
        op.output((pooled[0] + 1, *pooled[1:]), pooled)
