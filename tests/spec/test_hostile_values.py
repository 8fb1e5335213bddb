"""Hostile values: no key gives a traceback for any value; sizes are exact, or refused."""

import math
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import SpecError
from tests.pipeline import outcome, toml

RICH: dict[str, Any] = {
    "name": "rich",
    "title": "Rich",
    "year": 2020,
    "source": "nobody",
    "inputs": ["x", "y"],
    "outputs": ["out", "b.0"],
    "input": {"x": [3, 16, 16], "y": [3, 16, 16]},
    "args": {"width": 8, "rows": [[4, 1], [8, 2]], "text": "relu"},
    "layers": [
        {
            "name": "c",
            "op": "conv",
            "out_channels": "{width}",
            "kernel_size": [3, 3],
            "stride": 1,
            "padding": [[1, 1], 1],
            "dilation": 1,
            "groups": 1,
            "bias": False,
            "norm": "batchnorm",
            "activation": {"op": "leaky_relu", "negative_slope": 0.1},
        },
        {"name": "b", "op": "block", "each": "{rows}", "from": "previous", "when": True},
        {"name": "s{i}", "op": "pre", "repeat": 2, "kernel_size": "{3 + 2 * i}"},
        {"name": "again", "share": "c", "from": "y"},
        {"name": "aux", "op": "dropout", "p": 0.5, "training_only": True},
        {
            "name": "up",
            "op": "upsample",
            "scale_factor": 2.0,
            "mode": "bilinear",
            "align_corners": True,
            "from": "s1",
        },
        {"name": "p", "op": "maxpool", "kernel_size": 2, "ceil_mode": True},
        {"name": "g", "op": "adaptive_avgpool", "output_size": [2, 2], "from": ["previous"]},
        {"name": "f", "op": "flatten"},
        {"name": "out", "op": "linear", "out_features": 10},
        {"name": "unread", "op": "add", "from": ["again", "c"]},
        {"name": "r", "op": "reshape", "shape": [-1]},
        {"name": "loss", "op": "mse", "from": ["r", "r"], "training_only": True},
    ],
    "blocks": {
        "block": {
            "args": ["out", "stride"],
            "defaults": {"kernel": "{2 * stride + 1}"},
            "inputs": ["it"],
            "outputs": ["z"],
            "layers": [
                {
                    "name": "z",
                    "op": "conv",
                    "out_channels": "{out}",
                    "kernel_size": "{kernel}",
                    "padding": "half",
                }
            ],
        },
        "pre": {"op": "maxpool", "stride": 1, "padding": "same"},
    },
    "variants": {
        "rich_a": {
            "width": 4,
            "title": "A",
            "year": 2021,
            "input": {"x": [3, 16, 16], "y": [3, 16, 16]},
        }
    },
    "reference": {"rich_a": {"torchvision": "x"}},
    "model": {"factory": "nets:Rich", "args": {"width": "{width}", "pool": [2, "{width}"]}},
    "budget": {"rich_a": {"params": 1}},
    "claims": [{"variant": "rich_a", "quantity": "params", "value": "61M"}],
    "include": [],
}
RICH["outputs"] += ["unread", "r"]
VALUES: list[Any] = [
    True,
    -1,
    0,
    1.5,
    2**63 - 1,
    "",
    "x",
    "{x}",
    "{width}",
    "{",
    "}}",
    [],
    [[]],
    {},
    [0],
    ["{i}"],
    {"op": 1},
    date(2020, 1, 1),
    math.nan,
    math.inf,
    "x" * 10_000,
    list(range(10_000)),
    "\x1b[31m\u202e",
    {"op": "relu", "x": []},
]


def paths(data: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Iterate over the paths of all values in ``data``."""
    if here:
        yield here
    if isinstance(data, dict | list):
        for k, v in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(v, (*here, k))


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """``data`` with another value at ``path``."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = changed(data[path[0]], path[1:], value)
    return copy


def test_the_rich_spec_is_right(tmp_path: Path) -> None:
    file = tmp_path / "rich.toml"
    file.write_text(toml(RICH))
    assert isinstance(outcome(file), dict)


def refused(folder: Path, top: str, share: int = 1) -> int:
    """Count the refused specs with a strange value inside ``top``; every ``share``-th is tried."""
    file = folder / "rich.toml"
    n = 0
    for i, path in enumerate(p for p in paths(RICH) if p[0] == top):
        for value in VALUES[i % share :: share]:
            file.write_text(toml(changed(RICH, path, value)))
            n += isinstance(outcome(file, brief=True), SpecError)
    return n


@pytest.mark.parametrize("top", list(RICH))
def test_every_key_takes_strange_values(tmp_path: Path, top: str) -> None:
    below = len(list(paths(RICH[top])))
    share = 9
    if below < 20:
        share = 1 if below < 4 else 4
    assert refused(tmp_path, top, share=share)


@pytest.mark.long
@pytest.mark.parametrize("top", list(RICH))
def test_every_key_takes_every_strange_value(tmp_path: Path, top: str) -> None:
    assert refused(tmp_path, top)


SIZES = [
    0,
    -1,
    True,
    1.5,
    math.nan,
    math.inf,
    2**31 - 1,
    2**31,
    2**63 - 1,
    "3",
    [2**31 - 1] * 2,
    [1] * 9,
    [],
    [[1, 2]] * 2,
    [[2**31 - 1] * 2] * 2,
    65536,
    4097,
    7,
]


@pytest.mark.parametrize("name", list(OPERATORS))
def test_every_field_takes_every_size(tmp_path: Path, name: str) -> None:
    """No operator allocates by size: near 2**31 they are as fast and exact as near 2."""
    cls = load_operator(name)
    if not cls.examples:
        return
    example = cls.examples[0]
    file = tmp_path / "net.toml"
    names = [f"x{i}" for i in range(len(example.inputs))]
    for field in cls.fields:
        for value in SIZES:
            line = {"name": "a", "op": name, **example.fields, field: value, "from": names}
            shapes = {n: list(s) for n, s in zip(names, example.inputs, strict=True)}
            data = {"name": "n", "inputs": names, "input": shapes, "layers": [line]}
            file.write_text(toml(data))
            outcome(file, brief=True)


HUGE = 2**31 - 1


@pytest.mark.parametrize(
    ("input_", "lines"),
    [
        ([1, HUGE], [{"op": "conv", "out_channels": 1, "kernel_size": HUGE}]),
        ([1, HUGE], [{"op": "conv", "out_channels": 1, "kernel_size": 2, "dilation": HUGE - 1}]),
        ([1, HUGE], [{"op": "maxpool", "kernel_size": HUGE, "padding": "half"}]),
        ([1, HUGE], [{"op": "avgpool", "kernel_size": 3, "stride": HUGE, "ceil_mode": True}]),
        (
            [1, 1],
            [{"op": "conv_transpose", "out_channels": 1, "kernel_size": HUGE, "stride": HUGE}],
        ),
        (
            [1, 1],
            [
                {
                    "op": "conv_transpose",
                    "out_channels": 1,
                    "kernel_size": 70_000,
                    "stride": HUGE - 1,
                    "dilation": 70_001,
                }
            ],
        ),
        ([1, HUGE], [{"op": "adaptive_avgpool", "output_size": HUGE - 1}]),
        (
            [1, HUGE],
            [
                {"op": "upsample", "size": HUGE - 1},
                {"op": "upsample", "size": HUGE - 2, "mode": "bilinear"},
            ],
        ),
        ([1, HUGE], [{"op": "upsample", "scale_factor": 0.0010000001}]),
        (
            [1, HUGE],
            [
                {"op": "lrn", "size": HUGE},
                {"op": "softmax"},
                {"op": "layernorm"},
                {"op": "batchnorm"},
            ],
        ),
        (
            [4, 2**20],
            [
                {"op": "upsample", "size": 4095},
                {"op": "conv", "out_channels": 1, "kernel_size": 3000},
            ]
            * 40,
        ),
        (
            [1, 1],
            [
                {"op": "conv_transpose", "out_channels": 1, "kernel_size": 1, "stride": 4000 - i}
                for i in range(300)
            ],
        ),
        (
            [1, 1],
            [{"op": "conv", "out_channels": 1, "kernel_size": 1, "stride": HUGE, "padding": 1}]
            * 600,
        ),
    ],
)
def test_huge_maps_are_exact_and_quick(
    tmp_path: Path, input_: list[int], lines: list[dict[str, Any]]
) -> None:
    file = tmp_path / "net.toml"
    named = [{"name": f"a{i}", **line} for i, line in enumerate(lines)]
    file.write_text(toml({"name": "n", "input": input_, "layers": named}))
    found = outcome(file)
    assert isinstance(found, dict), found
