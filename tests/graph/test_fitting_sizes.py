"""Joins that do not agree name the input sizes at which they do, found without the formula."""

import pytest

from cnnspec.problems import Problem, SpecError
from tests.support import graph_of


def unet(depth: int, size: str) -> str:
    """Return an encoder-decoder with ``depth`` poolings, whose sizes 2**depth must divide."""
    down = "".join(
        f'  {{ name = "d{k}", op = "maxpool", kernel_size = 2 }},\n' for k in range(depth)
    )
    up = "".join(
        f'  {{ name = "u{k}", op = "upsample", scale_factor = 2 }},\n'
        f'  {{ name = "a{k}", op = "add", from = ["u{k}", "{f"d{k - 1}" if k else "input"}"] }},\n'
        for k in reversed(range(depth))
    )
    return f"input = {size}\nlayers = [\n{down}{up}]\n"


def joins_of(text: str) -> list[Problem]:
    with pytest.raises(SpecError) as error:
        graph_of(text)
    return [p for p in error.value.problems if p.rule == "D003"]


@pytest.mark.parametrize("depth", [1, 3, 4, 5])
@pytest.mark.parametrize("sizes", [(75, 75), (64, 45), (31, 250), (129,), (33, 34, 35)])
def test_the_sizes_that_a_message_names_fit(depth: int, sizes: tuple[int, ...]) -> None:
    step = 2**depth
    text = unet(depth, str([3, *sizes]))
    down = "x".join(["3", *(str(n // step * step) for n in sizes)])
    up = "x".join(["3", *(str(-(-n // step) * step) for n in sizes)])
    if all(n >= step for n in sizes):
        hint = f"an input of {down} or {up} fits, as sizes that {step} divides do"
        assert all(p.hint.endswith(hint) for p in joins_of(text))
    for shape in (down, up):
        if "x0" not in shape:
            graph_of(unet(depth, str([int(n) for n in shape.split("x")])))


@pytest.mark.parametrize(
    "text",
    [
        unet(2, "[3, 33, 33]").replace('from = ["u0", "input"]', 'from = ["u0", "d1"]'),
        'layers = [{ name = "c", op = "conv", out_channels = 4, kernel_size = 1 },'
        ' { name = "a", op = "add", from = ["c", "input"] }]',
        'input = [3]\nlayers = [{ name = "c", op = "linear", out_features = 4 },'
        ' { name = "a", op = "add", from = ["c", "input"] }]',
    ],
    ids=["another stride", "channels", "vectors"],
)
def test_nothing_is_named_where_no_size_fits(text: str) -> None:
    assert not any("fits" in p.hint for p in joins_of(text))


def test_several_inputs_are_changed_together() -> None:
    text = """
inputs = ["x", "y"]
input = { x = [3, 33, 40], y = [1, 33, 40] }
layers = [
  { name = "both", op = "concat", from = ["x", "y"] },
  { name = "d", op = "maxpool", kernel_size = 8 },
  { name = "u", op = "upsample", scale_factor = 8 },
  { name = "a", op = "add", from = ["u", "both"] },
]
"""
    (problem,) = joins_of(text)
    assert "an input of 3x32x40 and 1x32x40 or 3x40x40 and 1x40x40 fits" in problem.hint
    assert "that 8 divides" in problem.hint
