"""What rules say, held against counting: pixels one by one, and the networks that their hints describe."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from written import network

from cnnspec.problems import Problem
from cnnspec.rules.lint import problems
from cnnspec.rules.registry import RULES


def found(layers: str, shape: list[int], *codes: str, rest: str = "") -> list[Problem]:
    return problems(network(layers, shape, rest).graph, codes or RULES)


def read(size: int, kernel: int, stride: int, pad: int, dilation: int) -> set[int]:
    """The real positions that the windows along one dimension read."""
    starts = range(-pad, size + pad - dilation * (kernel - 1), stride)
    return {p for s in starts for p in range(s, s + dilation * (kernel - 1) + 1, dilation) if 0 <= p < size}


WINDOWS = st.tuples(st.integers(1, 24), st.integers(1, 6), st.integers(1, 5), st.integers(0, 3), st.integers(1, 3))


@settings(max_examples=300, deadline=None)
@given(WINDOWS)
def test_pixels_are_said_to_be_unread_where_they_are(window: tuple[int, ...]) -> None:
    size, kernel, stride, pad, dilation = window
    assume(dilation * (kernel - 1) + 1 <= size + 2 * pad)
    line = f'{{ name = "c", op = "conv", out_channels = 1, kernel_size = {kernel}, stride = {stride}, ' \
           f'padding = {pad}, dilation = {dilation} }}'
    seen = read(size, kernel, stride, pad, dilation)
    codes = {p.rule for p in found(line, [1, size], "S001", "S002")}
    extent = dilation * (kernel - 1) + 1
    behind = size - max(range(-pad, size + pad - extent + 1, stride)) - extent
    assert ("S001" in codes) == (behind > max(0, stride - extent))
    gaps = {p for p in range(max(seen, default=0)) if p not in seen and extent - 1 <= p < size - extent}
    if gaps and "S001" not in codes:
        assert "S002" in codes
    if "S002" in codes:
        assert len({dilation * i % stride for i in range(kernel)}) < stride
    assert codes or set(range(extent - 1, size - extent)) <= seen


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 6), st.integers(0, 3))
def test_what_is_said_to_read_every_pixel_does(size: int, kernel: int, stride: int, pad: int) -> None:
    assume(kernel <= size + 2 * pad)
    form = '{{ name = "c", op = "conv", out_channels = 1, kernel_size = {}, stride = {}, padding = {} }}'
    for problem in found(form.format(kernel, stride, pad), [1, size], "S001"):
        down, up = map(int, re.findall(r"of (\d+) or (\d+)", problem.hint)[0])
        assert down < size < up
        for better in (down, up):
            assert found(form.format(kernel, stride, pad), [1, better], "S001") == []
        if kernel >= stride:
            assert all(found(form.format(kernel, stride, pad), [1, worse], "S001") for worse in range(down + 1, up))
        more = re.findall(r"padding = (\d+)", problem.hint)
        for value in map(int, more):
            assert value > pad
            assert found(form.format(kernel, stride, value), [1, size], "S001") == []


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 12), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.booleans())
def test_padding_is_said_to_be_averaged_where_it_is(size: int, kernel: int, stride: int, pad: int, ceil: bool) -> None:
    assume(2 * pad <= kernel <= size + 2 * pad)
    line = f'{{ name = "p", op = "avgpool", kernel_size = {kernel}, stride = {stride}, padding = {pad}, ' \
           f'ceil_mode = {str(ceil).lower()} }}'
    net = network(line, [1, size])
    starts = [i * stride - pad for i in range(net.layers[0].output[1])]
    counted = [[p for p in range(s, s + kernel) if p < size + pad] for s in starts]
    zeros = [(sum(p < 0 or p >= size for p in window), len(window)) for window in counted]
    said = problems(net.graph, ["S005"])
    assert len(said) == any(n for n, _ in zeros)
    for problem in said:
        n, values = max(zeros)
        assert f"counts {n} zeros of padding among its {values} values" in problem.message


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([5, 7, 9, 11]), st.integers(1, 6), st.integers(1, 6), st.sampled_from([0, 1]), st.booleans())
def test_a_stack_has_the_weights_and_work_that_are_said(kernel: int, c: int, k: int, groups: int, same: bool) -> None:
    groups = 2 * groups or 1
    c, k, n = c * groups, k * groups, (kernel - 1) // 2
    first = f'{{ name = "first", op = "conv", out_channels = {c}, kernel_size = 1 }},'
    common = f'bias = false, groups = {groups}, padding = "{"same" if same else "valid"}"'
    one = f'{first}\n{{ name = "c", op = "conv", out_channels = {k}, kernel_size = {kernel}, {common} }}'
    many = first + "\n".join(f'{{ name = "c{i}", op = "conv", out_channels = {k}, kernel_size = 3, {common} }},'
                             for i in range(n))
    large, small = network(one, [3, 16, 16]), network(many, [3, 16, 16])
    assert large.layers[-1].output == small.layers[-1].output
    params = [sum(r.params for r in net.layers[1:]) for net in (large, small)]
    macs = [sum(r.macs for r in net.layers[1:]) for net in (large, small)]
    said = problems(large.graph, ["A002"])
    assert bool(said) == (params[1] < params[0] and macs[1] < macs[0])
    for problem in said:
        assert (f"{n} layers of 3x3 see the same {kernel}x{kernel} with {params[1]:,} weights instead of {params[0]:,} "
                f"and {macs[1]:,} MACs instead of {macs[0]:,}") == problem.message


def test_a_pooled_head_has_as_many_parameters_fewer_as_are_said() -> None:
    features = '{ name = "conv", op = "conv", out_channels = 8, kernel_size = 3, activation = "relu" },'
    dense = network(features + '{ name = "flatten", op = "flatten" }, { name = "fc1", op = "linear", out_features = 50 '
                    '}, { name = "drop", op = "dropout", p = 0.5 }, { name = "fc2", op = "linear", out_features = 10 }',
                    [3, 12, 12])
    pooled = network(features + '{ name = "pool", op = "global_avgpool", keepdim = false }, '
                     '{ name = "fc", op = "linear", out_features = 10 }', [3, 12, 12])
    problem, = problems(dense.graph, ["A003"])
    head = sum(r.params for r in dense.layers[1:])
    assert problem.message == (f"fc1, fc2 behind flatten hold {head:,} of {dense.totals.params:,} parameters "
                               f"({100 * head / dense.totals.params:.1f}%)")
    assert f"{dense.totals.params - pooled.totals.params:,} fewer" in problem.hint


CONV = '{ name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },'
SILENT = {
    "another branch reads all": ("S002", [8, 9, 7], CONV + '{ name = "b", op = "conv", out_channels = 8, kernel_size = '
                                 '1, stride = 2 }, { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride'
                                 ' = 2, padding = 1, from = "a" }, { name = "d", op = "add", from = ["b", "c"] }'),
    "the map is an output too": ("S002", [8, 9, 7], CONV + '{ name = "b", op = "maxpool", kernel_size = 1, stride = 2 }'
                                 '] \noutputs = ["a", "b"]\nargs.x = ['),
    "padding takes up the remainder": ("S001", [3, 224, 224], '{ name = "c", op = "conv", out_channels = 8, '
                                       'kernel_size = 7, stride = 2, padding = 3 }'),
    "a pool rounds up": ("S001", [3, 13, 13], '{ name = "p", op = "maxpool", kernel_size = 2, ceil_mode = true }'),
    "an even kernel halves": ("S003", [3, 8, 8], '{ name = "p", op = "maxpool", kernel_size = 2, padding = "same" }'),
    "a flatten sees everything": ("S004", [3, 64, 64], CONV + '{ name = "f", op = "flatten" }, { name = "l", op = '
                                  '"linear", out_features = 2 }'),
    "another layer reads the bias": ("A001", [3, 8, 8], CONV + '{ name = "n", op = "batchnorm" }, '
                                     '{ name = "s", op = "add", from = ["a", "n"] }'),
    "group normalization keeps it": ("A001", [3, 8, 8], CONV + '{ name = "n", op = "groupnorm", groups = 2 }'),
    "the first layer is large": ("A002", [3, 32, 32], CONV.replace("3, padding = 1", "7, padding = 3")),
    "a network of dense layers only": ("A003", [3, 8, 8], '{ name = "f", op = "flatten" }, { name = "l", op = "linear",'
                                       ' out_features = 99 }'),
    "scores are as many as classes": ("A004", [8, 9, 7], CONV.replace("= 8", "= 10")),
    "a gate lies between": ("A005", [8, 9, 7], '{ name = "d", op = "depthwise_conv", kernel_size = 3, padding = 1 }, '
                            '{ name = "p", op = "global_avgpool" }, { name = "s", op = "conv", out_channels = 8, '
                            'kernel_size = 1 }, { name = "m", op = "mul", from = ["d", "s"] }, { name = "w", op = '
                            '"conv", out_channels = 8, kernel_size = 1 }'),
    "a layer lies between": ("A006", [3, 8, 8], '{ name = "r", op = "relu" },' + CONV + '{ name = "q", op = "relu" }'),
    "a bottleneck is cheaper": ("A007", [64], '{ name = "a", op = "linear", out_features = 8 }, '
                                '{ name = "b", op = "linear", out_features = 32 }'),
    "depthwise and pointwise": ("A007", [8, 9, 7], '{ name = "d", op = "conv", out_channels = 8, groups = 8, '
                                'kernel_size = 3 }, { name = "p", op = "conv", out_channels = 16, kernel_size = 1 }'),
    "a column and a row": ("A007", [8, 9, 7], '{ name = "c", op = "conv", out_channels = 8, kernel_size = [7, 1] }, '
                           '{ name = "r", op = "conv", out_channels = 8, kernel_size = [1, 7] }'),
    "someone else reads between": ("A007", [8, 9, 7], CONV + CONV.replace('"a"', '"b"')
                                   + '{ name = "c", op = "add", from = ["a", "b"] }'),
    "dropout of nothing": ("A008", [3, 8, 8], '{ name = "d", op = "dropout", p = 0 }, { name = "n", op = "batchnorm" '
                           '}'),
    "exactly an eighth is left": ("A009", [8, 9, 7], '{ name = "c", op = "conv", out_channels = 1, kernel_size = 1 }, '
                                  '{ name = "r", op = "relu" }'),
    "thin branches together": ("A009", [32, 8, 8], ", ".join(f'{{ name = "c{i}", op = "conv", out_channels = 2, '
                               'kernel_size = 1, from = "input" }' for i in range(3))
                               + ', { name = "j", op = "concat", from = ["c0", "c1", "c2"] }'),
}


@pytest.mark.parametrize(("code", "shape", "layers"), SILENT.values(), ids=list(SILENT))
def test_a_rule_is_silent_where(code: str, shape: list[int], layers: str) -> None:
    assert found(layers, shape, code) == []


LOUD = {
    "dilation leaves gaps": ("S002", [1, 32], '{ name = "c", op = "conv", out_channels = 1, kernel_size = 2, '
                             'dilation = 2, stride = 2 }'),
    "a conv in groups of one": ("A005", [8, 9, 7], '{ name = "d", op = "conv", out_channels = 8, groups = 8, '
                                'kernel_size = 3 }'),
    "only the gate is mixed": ("A005", [8, 9, 7], '{ name = "d", op = "depthwise_conv", kernel_size = 3, padding = 1 },'
                               '{ name = "p", op = "global_avgpool" }, { name = "s", op = "conv", out_channels = 8, '
                               'kernel_size = 1 }, { name = "m", op = "mul", from = ["d", "s"] }'),
    "dropout and flatten between activations": ("A006", [3, 8, 8], '{ name = "r", op = "relu" }, { name = "d", op = '
                                                '"dropout", p = 0.5 }, { name = "f", op = "flatten" }, '
                                                '{ name = "s", op = "sigmoid" }'),
    "batch normalization between layers": ("A007", [8, 9, 7], CONV + '{ name = "n", op = "batchnorm" },'
                                           + CONV.replace('"a"', '"b"')),
    "a norm far behind a dropout": ("A008", [3, 8, 8], '{ name = "d", op = "dropout", p = 0.25 },' + CONV
                                    + '{ name = "r", op = "relu" }, { name = "n", op = "batchnorm" }'),
    "less than an eighth is left": ("A009", [9, 8, 8], '{ name = "c", op = "conv", out_channels = 1, kernel_size = 1 }'
                                    ', { name = "r", op = "relu" }'),
}


@pytest.mark.parametrize(("code", "shape", "layers"), LOUD.values(), ids=list(LOUD))
def test_a_rule_speaks_where(code: str, shape: list[int], layers: str) -> None:
    assert [p.rule for p in found(layers, shape, code)] == [code]


def test_messages_say_what_was_counted_by_hand() -> None:
    def message(code: str, shape: list[int], layers: str) -> str:
        problem, = found(layers, shape, code)
        return problem.message

    assert message("A008", [3, 8, 8], '{ name = "d", op = "dropout", p = 0.2 }, { name = "n", op = "batchnorm" }') == (
        "dropout with p = 0.2 before n: the variance recorded in training is up to 1/(1 - 0.2) = 1.25 times that at "
        "inference")
    assert message("A007", [784], '{ name = "a", op = "linear", out_features = 16 }, { name = "b", op = "linear", '
                   'out_features = 10 }').startswith("a (784 to 16) and b (16 to 10) have no activation between them: "
                                                     f"their {784 * 16 + 16 * 10:,} weights")
    pool = '{ name = "p", op = "maxpool", kernel_size = 4 }, { name = "r", op = "relu" }'
    assert message("A009", [16, 64, 64], pool) == (
        "p makes 4,096 values (16x16x16) of 65,536 (16x64x64): 16 times fewer in one layer, more than 8")
    assert message("A006", [3, 8, 8], '{ name = "a", op = "relu" }, { name = "b", op = "relu" }') == (
        "b (relu) activates the 192 values that a (relu) has activated, and changes none")
