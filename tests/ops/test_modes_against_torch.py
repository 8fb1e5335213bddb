"""Compare modes of padding and resizing, and dilated and partly adaptive pools, with PyTorch."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional
from torch.testing import assert_close

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import load_operator
from tests.ops.agreement import Fields, dims, ours, shapes_agree
from tests.ops.draws import Shape, maps, often, per_axis
from tests.ops.modules import built, random


@pytest.mark.parametrize("name", ["maxpool", "minpool"])
@often
@given(st.data())
def test_a_dilated_pool(name: str, data: st.DataObject) -> None:
    x = data.draw(maps(9))
    n = len(x) - 1
    fields: Fields = {
        "kernel_size": data.draw(per_axis(n, 1, 3)),
        "stride": data.draw(per_axis(n, 1, 3)),
        "dilation": data.draw(per_axis(n, 1, 3)),
        "padding": data.draw(st.integers(0, 2)),
        "ceil_mode": data.draw(st.booleans()),
    }
    module, sign = dims("MaxPool", x)(**fields), 1 if name == "maxpool" else -1
    kernels = fields["kernel_size"]
    smallest = min(kernels) if isinstance(kernels, tuple) else kernels
    if 2 * fields["padding"] <= smallest:  # PyTorch refuses more, operators not with dilation
        shapes_agree(name, fields, lambda t: sign * module(sign * t), x)
        if ours(name, fields, x):
            values = random(*x)
            assert_close(built(name, fields, x)(values), sign * module(sign * values))


@pytest.mark.parametrize("padding", ["same", [[0, 1], [2, 0]], 2])
def test_a_dilated_pool_with_padding_that_pytorch_does_not_take(padding: Any) -> None:
    fields = {"kernel_size": 3, "stride": 2, "dilation": 2, "padding": padding}
    op, x = load_operator("maxpool")(**fields), (2, 9, 8)
    (top, bottom), (left, right) = [(a.before, a.after) for a in op.axes(x)]  # type: ignore[attr-defined]
    values = random(*x)
    padded = functional.pad(values, (left, right, top, bottom), value=float("-inf"))
    expected = functional.max_pool2d(padded, 3, 2, dilation=2)
    assert_close(built("maxpool", fields, x)(values), expected)


def test_a_dilated_pool_is_not_undone() -> None:
    pool = load_operator("maxpool")(kernel_size=2, dilation=2)
    undone: Any = load_operator("maxunpool")()
    with pytest.raises(OperatorError, match="with dilation"):
        undone.undoing(pool, (2, 8, 8)).output((2, 3, 3), (2, 3, 3))


@pytest.mark.parametrize("kind", ["avg", "max"])
@pytest.mark.parametrize(
    ("x", "size"),
    [((3, 10, 9), ["none", 7]), ((3, 10, 10), [5, "none"]), ((3, 6), "none"), ((3, 6), ["none"])],
)
def test_an_adaptive_pool_keeps_sizes(kind: str, x: Shape, size: Any) -> None:
    given_sizes = [None if s == "none" else s for s in (size if isinstance(size, list) else [size])]
    wanted = [w if s is None else s for w, s in zip(x[1:], given_sizes, strict=True)]
    if len(wanted) == 2:  # in one dimension PyTorch takes no None
        assert wanted == [
            *dims(f"Adaptive{kind.title()}Pool", x)(given_sizes)(random(*x)).shape[2:]
        ]
    module, values = dims(f"Adaptive{kind.title()}Pool", x)(tuple(wanted)), random(*x)
    found = built(f"adaptive_{kind}pool", {"output_size": size}, x)
    assert_close(found(values), module(values))


@pytest.mark.parametrize("name", ["conv", "depthwise_conv"])
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [0, 1, 2, "same"])
@pytest.mark.parametrize("x", [(2, 7), (2, 6, 7), (2, 5, 6, 7)])
def test_convolutions_pad_by_a_mode(name: str, mode: str, padding: Any, x: Shape) -> None:
    fields: Fields = {"kernel_size": 4 if padding == "same" else 3, "padding": padding}
    fields |= {"padding_mode": mode} | ({"out_channels": 3} if name == "conv" else {})
    found, values = built(name, fields, x), random(*x)
    given_padding = {"padding": padding, "padding_mode": mode}
    module = dims("Conv", x)(
        2,
        fields.get("out_channels", 2),
        fields["kernel_size"],
        groups=1 if name == "conv" else 2,
        **given_padding,
    ).double()
    module.load_state_dict(found.state_dict())
    assert_close(found(values), module(values))


@often
@given(maps(6), st.integers(0, 7), st.sampled_from(["reflect", "circular", "replicate"]))
def test_a_padding_takes_no_more_than_there_is(x: Shape, padding: int, mode: str) -> None:
    fields = {"out_channels": 2, "kernel_size": 1, "padding": padding, "padding_mode": mode}
    module = dims("Conv", x)(x[0], **fields)
    shapes_agree("conv", fields, module, x)
    shapes_agree(
        "pad",
        {"padding": padding, "mode": mode},
        lambda t: functional.pad(t, [padding] * 2 * (len(x) - 1), mode),
        x,
    )


@pytest.mark.parametrize("how", [{"value": 2.5}, {"mode": "circular"}])
@pytest.mark.parametrize("x", [(2, 4), (2, 4, 5), (2, 4, 5, 6)])
def test_a_pad_with_a_value_or_the_other_end(how: Fields, x: Shape) -> None:
    values, n = random(*x), len(x) - 1
    expected = functional.pad(values, [1, 2] * n, **how)
    assert_close(built("pad", {"padding": [[1, 2]] * n, **how}, x)(values), expected)


def test_a_value_is_for_a_constant() -> None:
    assert ours("pad", {"padding": 1, "mode": "reflect", "value": 1}, (1, 4)) is None


MODES = [
    ("nearest-exact", (3, 5)),
    ("nearest-exact", (3, 5, 4)),
    ("linear", (3, 5)),
    ("trilinear", (3, 5, 4, 3)),
    ("bicubic", (3, 5, 4)),
]


@pytest.mark.parametrize(("mode", "x"), MODES)
@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("how", [{"scale_factor": 1.7}, {"scale_factor": 2.0}, {"size": 3}])
def test_upsampling_by_a_mode(mode: str, x: Shape, aligned: bool, how: Fields) -> None:
    if aligned and "nearest" in mode:
        assert ours("upsample", {"mode": mode, "align_corners": True, **how}, x) is None
        return
    fields = {"mode": mode, **how, **({"align_corners": True} if aligned else {})}
    values = random(*x)
    assert_close(built("upsample", fields, x)(values), functional.interpolate(values, **fields))


@pytest.mark.parametrize(("mode", "x"), [m for m in MODES if m[0] in ("bicubic", "nearest-exact")])
@pytest.mark.parametrize("size", [3, 7, 9, 15])
def test_upsampling_reads_what_its_windows_say(mode: str, x: Shape, size: int) -> None:
    """An output position has gradients at the positions of its window that lie in the map."""
    x = (1, 9, *(9 for _ in x[2:]))
    op = load_operator("upsample")(mode=mode, size=size)
    y = op.output(x)
    windows: Any = op.window(x, y=y)
    for place in range(size):
        values = torch.randn(1, *x, dtype=torch.float64, requires_grad=True)
        out = op.build(torch, x, y=y)(values)
        out[(0, 0, *(place for _ in y[1:]))].backward()
        assert values.grad is not None
        found = values.grad.abs().flatten(2).unflatten(2, x[1:])
        for axis, window in enumerate(windows):
            others = [d for d in range(len(x) + 1) if d != axis + 2]
            read = found.sum(others).nonzero().flatten().tolist()
            t, r = divmod(place, window.period)
            said = {min(max(window.advance * t + o, 0), 8) for o in window.offsets[r]}
            assert set(read) <= said
            assert {min(said), max(said)} == {min(read), max(read)}


@pytest.mark.parametrize(
    ("mode", "x"), [("linear", (1, 4, 4)), ("trilinear", (1, 4)), ("bicubic", (1, 4))]
)
def test_a_mode_of_other_dimensions_is_refused(mode: str, x: Shape) -> None:
    with pytest.raises(OperatorError, match=f'"{mode}" is for'):
        load_operator("upsample")(mode=mode, scale_factor=2).output(x)
