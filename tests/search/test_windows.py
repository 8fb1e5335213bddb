"""Windows that give a size: each is true by the operators themselves, and none is missing."""

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.cli import cli
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import load_operator
from cnnspec.search.windows import KERNELS, WindowRanges, find_windows

KINDS = {"conv": "conv", "pool": "maxpool", "conv_transpose": "conv_transpose"}
SIZES = st.integers(1, 60)


def output_of(kind: str, size: int, **window: int) -> int | None:
    """The output of the operator of this kind on one row of a size; None if it refuses."""
    channels = {} if kind == "pool" else {"out_channels": 1}
    try:
        op = load_operator(KINDS[kind])(**channels, **window)
        return op.output((1, size))[1]
    except OperatorError:
        return None


@settings(deadline=None)
@given(st.sampled_from(sorted(KINDS)), SIZES, SIZES)
def test_each_window_gives_the_size(kind: str, size: int, output: int) -> None:
    found, exact = find_windows(kind, size, output, WindowRanges())
    for w in found:
        window = {"kernel_size": w.kernel, "stride": w.stride, "padding": w.padding}
        if kind == "conv_transpose":
            window["output_padding"] = w.output_padding
        assert output_of(kind, size, **window) == w.output
        assert (w.output == output) == exact
        assert w.formula.endswith(f"= {w.output}")
        text = w.formula.rpartition(" = ")[0].replace("floor(", "int(")
        assert eval(text) == w.output


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["conv", "pool"]), SIZES, SIZES)
def test_no_window_is_missing(kind: str, size: int, output: int) -> None:
    found, exact = find_windows(kind, size, output, WindowRanges())
    have = {(w.kernel, w.stride, w.padding) for w in found} if exact else set()
    for kernel in KERNELS:
        for stride in range(1, -(-size // output) + 2):
            for padding in range(kernel // 2 + 1):
                made = output_of(kind, size, kernel_size=kernel, stride=stride, padding=padding)
                assert (made == output) == ((kernel, stride, padding) in have)


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ("--input 224 --output 28", (8, 8, 0)),  # ViT's patches by 8
        ("--input 224 --output 112 --kernel 7 --stride 2", (7, 2, 3)),  # ResNet's conv1
        ("--input 112 --output 56 --kernel 3 --stride 2 --op pool", (3, 2, 1)),  # its maxpool
        ("--input 227 --output 55 --kernel 11 --stride 4", (11, 4, 0)),  # AlexNet's conv1
        ("--input 28 --output 56 --op conv_transpose", (2, 2, 0)),  # U-Net's up-convolution
        ("--input 64 --output 64 --kernel 3 --dilation 2", (3, 1, 2)),
    ],
)
def test_known_layers_come_first(options: str, first: tuple[int, int, int]) -> None:
    ran = CliRunner().invoke(cli, ["solve", "window", *options.split(), "--format", "json"])
    import json

    window = json.loads(ran.output)["windows"][0]
    assert (window["kernel"], window["stride"], window["padding"]) == first
    assert ran.exit_code == 0


def test_none_says_the_nearest() -> None:
    ran = CliRunner().invoke(
        cli, ["solve", "window", "--input", "10", "--output", "4", "--kernel", "3", "--stride", "1"]
    )
    assert ran.exit_code == 1
    assert "No window gives 4. The nearest:" in ran.output
    assert "floor((10 - 3 + 2*0)/1) + 1 = 8" in ran.output
    assert "Tried: kernel 3, stride 1, padding 0..K/2, dilation 1." in ran.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--kernel 5..3", "the range 5..3 is empty: 5 is more than 3"),
        ("--kernel 0", "--kernel is at least 1, not 0"),
        ("--stride x", "--stride takes sizes such as 3 or 1..7, not 'x'"),
        ("--padding 1..", "takes a range such as 16..128"),
        ("--kernel 1..9000 --padding 0..9000", "too many combinations"),
    ],
)
def test_bad_ranges_are_explained(options: str, message: str) -> None:
    asked = ["solve", "window", "--input", "224", "--output", "28", *options.split()]
    with pytest.raises(cnnspec.RequestError, match=message):
        CliRunner().invoke(cli, asked, catch_exceptions=False)
