"""Every field of every operator with every kind of wrong value: message, place and code are exact.

The table says what kind of value each field takes, independently of the operators' definitions."""

from typing import Any

import pytest
from pipeline import value as toml

from cnnspec.graph.build import build_graph
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import SpecError
from cnnspec.spec.source import Source

BIG = 2**31 - 1
NUMBERS = {  # kind: what it takes, in words; numbers below or beyond it
    "size": (f"an integer from 1 to {BIG}", (0, -1, BIG + 1)),
    "count": (f"an integer from 0 to {BIG}", (-1, BIG + 1)),
    "sizes": ("an integer of at least 1, or a list with one for each dimension", (0, -1, BIG + 1)),
    "counts": ("an integer of at least 0, or a list with one for each dimension", (-1, BIG + 1)),
    "positive": ("a number from 0 to 1e+09", (-0.5, 1e10)),
    "real": ("a number from -1e+09 to 1e+09", (-1e10, 1e10)),
    "share": ("a number from 0 to 1", (-0.5, 1.5, 2)),
    "sharpness": ("a number from 1e-09 to 1e+09", (0, -1)),
    "ratio": ("a number from 0.001 to 1000", (0, -2, 1001)),
    "flag": ("true or false", (0, 1)),
    "padding": (
        'a number, one for each dimension, a pair for each dimension, "valid", "half" or "same"',
        (-1, BIG + 1),
    ),
    "sides": ("a number, one for each dimension, or a pair for each dimension", (-1, BIG + 1)),
    "shape": ("a list of 1 to 9 sizes, of which one may be -1", (3, -1)),
    "rows": ("a list of non-empty lists of integers from 0", (3, -1)),
}
INTEGERS = ("size", "count", "sizes", "counts", "padding", "sides", "shape", "rows", "flag")
LISTS: dict[str, tuple[Any, ...]] = {
    "sizes": ([], [0], [1.5], [[1]], [1] * 9),
    "counts": ([], [-1], [True]),
    "padding": ([], [-1], [[1]], [[1, 2, 3]]),
    "sides": ([], [-1], [[1]], [["x", 1]]),
    "shape": ([], [0], [-1, -1], [1.0], [1] * 10),
    "rows": ([], [[]], [3], [[-1]], [[0.5]]),
}
POOL = {"kernel_size": "sizes", "stride": "sizes", "padding": "padding", "ceil_mode": "flag"}
CONV = {
    "kernel_size": "sizes",
    "stride": "sizes",
    "padding": "padding",
    "dilation": "sizes",
    "bias": "flag",
}
FIELDS: dict[str, dict[str, Any]] = {
    "conv": {**CONV, "out_channels": "size", "groups": "size"},
    "depthwise_conv": {**CONV, "multiplier": "size"},
    "conv_transpose": {
        **CONV,
        "out_channels": "size",
        "padding": "counts",
        "output_padding": "counts",
        "groups": "size",
    },
    "conv_table": {
        "connections": "rows",
        "kernel_size": "sizes",
        "stride": "sizes",
        "padding": "padding",
        "bias": "flag",
    },
    "linear": {"out_features": "size", "bias": "flag"},
    "rbf": {"out_features": "size"},
    "maxpool": POOL,
    "minpool": POOL,
    "sumpool": POOL,
    "avgpool": {**POOL, "count_include_pad": "flag"},
    "global_avgpool": {"keepdim": "flag"},
    "global_maxpool": {"keepdim": "flag"},
    "adaptive_avgpool": {"output_size": "sizes"},
    "adaptive_maxpool": {"output_size": "sizes"},
    "channel_pool": {"kind": ("max", "average"), "kernel_size": "size", "stride": "size"},
    "trainable_subsampling": {"kernel_size": "sizes", "stride": "sizes"},
    "batchnorm": {"eps": "positive", "momentum": "share", "affine": "flag"},
    "frozen_batchnorm": {"eps": "positive"},
    "layernorm": {"over": ("channels", "all"), "eps": "positive", "affine": "flag"},
    "groupnorm": {"groups": "size", "eps": "positive", "affine": "flag"},
    "instancenorm": {"eps": "positive", "affine": "flag"},
    "lrn": {"size": "size", "alpha": "positive", "beta": "positive", "k": "positive"},
    "l2norm": {"scale": "positive"},
    "channel_scale": {"init": "positive", "bias": "flag"},
    "scale": {"factor": "real"},
    "dropout": {"p": "share", "inplace": "flag", "channels": "flag"},
    "stochastic_depth": {"p": "share", "mode": ("row", "batch")},
    "attention": {
        "heads": "size",
        "qkv_bias": "flag",
        "window_size": "count",
        "relative_position": "flag",
    },
    "relu": {"inplace": "flag"},
    "relu6": {"inplace": "flag"},
    "silu": {"inplace": "flag"},
    "hardsigmoid": {"inplace": "flag"},
    "hardswish": {"inplace": "flag"},
    "leaky_relu": {"negative_slope": "positive", "inplace": "flag"},
    "prelu": {"shared": "flag"},
    "elu": {"alpha": "positive", "inplace": "flag"},
    "gelu": {"approximate": ("none", "tanh")},
    "softplus": {"beta": "sharpness", "threshold": "positive"},
    "reshape": {"shape": "shape"},
    "pad": {"padding": "sides", "mode": ("constant", "reflect", "replicate")},
    "pad_channels": {"before": "count", "after": "count"},
    "crop": {"offset": "counts", "size": "sizes"},
    "upsample": {
        "scale_factor": "ratio",
        "size": "sizes",
        "mode": ("nearest", "bilinear"),
        "align_corners": "flag",
    },
    "subsample": {"stride": "sizes"},
    "slice_channels": {"start": "count", "stop": "size", "step": "size"},
    "channel_shuffle": {"groups": "size"},
    "space_to_depth": {"block": "size"},
    "depth_to_space": {"block": "size"},
    "roi_align": {"regions": "size", "output_size": "sizes", "sampling_ratio": "size"},
    "box_rows": {"values": "size"},
}
REQUIRED = {  # what each operator cannot do without, with its kind's smallest value
    "conv": {"out_channels": 1, "kernel_size": 1},
    "depthwise_conv": {"kernel_size": 1},
    "conv_transpose": {"out_channels": 1, "kernel_size": 1},
    "conv_table": {"connections": [[0]], "kernel_size": 1},
    "linear": {"out_features": 1},
    "rbf": {"out_features": 1},
    "maxpool": {"kernel_size": 1},
    "minpool": {"kernel_size": 1},
    "sumpool": {"kernel_size": 1},
    "avgpool": {"kernel_size": 1},
    "adaptive_avgpool": {"output_size": 1},
    "adaptive_maxpool": {"output_size": 1},
    "channel_pool": {"kernel_size": 1},
    "groupnorm": {"groups": 1},
    "scale": {"factor": 1.0},
    "stochastic_depth": {"p": 0.1},
    "attention": {"heads": 1},
    "reshape": {"shape": [-1]},
    "pad": {"padding": 1},
    "subsample": {"stride": 1},
    "channel_shuffle": {"groups": 1},
    "space_to_depth": {"block": 1},
    "depth_to_space": {"block": 1},
    "roi_align": {"regions": 1, "output_size": 1},
    "box_rows": {"values": 1},
}
CASES = [(op, field, kind) for op, fields in FIELDS.items() for field, kind in fields.items()]


def misuses(kind: Any) -> list[tuple[Any, str]]:
    """Values that a field of the kind does not take, each with what a message calls it."""
    wrong: list[tuple[Any, str]] = [({"a": 1}, "a table"), ("wide", '"wide"')]
    if isinstance(kind, tuple):
        return [
            *wrong,
            (1, "1"),
            (True, "true"),
            *((v, shown(v)) for v in ([kind[0]], kind[0].upper(), "")),
        ]
    _, numbers = NUMBERS[kind]
    wrong += [(v, f"{v!r} (a float)" if isinstance(v, float) else str(v)) for v in numbers]
    wrong += [] if kind == "flag" else [(True, "true")]
    wrong += [(1.5, "1.5 (a float)")] if kind in INTEGERS else [(float("nan"), "nan (a float)")]
    wrong += [("same", '"same"')] * (kind in ("sizes", "sides"))
    return wrong + [(v, shown(v)) for v in LISTS.get(kind, ([1],))]


def shown(v: Any) -> str:
    """Return a value as messages quote it: at most eight items of a list."""
    if isinstance(v, list):
        return f"[{', '.join([*map(shown, v[:8]), *['…'] * (len(v) > 8)])}]"
    if isinstance(v, str):
        return f'"{v}"'
    if isinstance(v, bool):
        return str(v).lower()
    return f"{v!r} (a float)" if isinstance(v, float) else str(v)


def line(op: str, fields: dict[str, Any]) -> str:
    given = "".join(f", {key} = {toml(v)}" for key, v in fields.items())
    return f'layers = [{{ name = "a", op = "{op}"{given} }}]'


def problems(op: str, fields: dict[str, Any]) -> list[tuple[int, str, str]]:
    """Column, code and message of what is wrong with a line."""
    text = f'name = "net"\ninput = [8, 8, 8]\n{line(op, fields)}\n'
    with pytest.raises(SpecError) as error:
        build_graph(Source("net.toml", text))
    assert {p.where.line for p in error.value.problems} == {3}
    return [(p.where.column, p.rule, p.message) for p in error.value.problems]


@pytest.mark.parametrize(
    ("op", "field", "kind"), CASES, ids=[f"{op}.{field}" for op, field, _ in CASES]
)
def test_a_misused_field_is_said_to_be_so(op: str, field: str, kind: Any) -> None:
    takes = (
        "one of " + ", ".join(f'"{o}"' for o in kind)
        if isinstance(kind, tuple)
        else NUMBERS[kind][0]
    )
    for bad, called in misuses(kind):
        fields = {**REQUIRED.get(op, {}), field: bad}
        column = (
            line(op, fields).index(f"{field} = ", len('layers = [{ name = "a", op = '))
            + len(field)
            + 4
        )
        assert problems(op, fields) == [(column, "L003", f"{op}: {field} is {takes}, not {called}")]


@pytest.mark.parametrize("op", REQUIRED)
def test_a_missing_field_is_said_to_be_missing(op: str) -> None:
    for field in REQUIRED[op]:
        rest = {k: v for k, v in REQUIRED[op].items() if k != field}
        (found,) = problems(op, rest)
        assert found[:2] == (11, "L002")
        assert found[2].startswith(f"{op}: {field} is missing (")


@pytest.mark.parametrize("op", OPERATORS)
def test_a_field_that_there_is_not_is_said_to_be_unknown(op: str) -> None:
    fields = {**REQUIRED.get(op, {}), "colour": 1}
    column = line(op, fields).index("colour") + 1
    assert problems(op, fields) == [(column, "L001", f"{op}: colour is not a field")]


def test_the_table_has_every_field_of_every_operator() -> None:
    assert {op: set(load_operator(op).fields) for op in OPERATORS if load_operator(op).fields} == {
        op: set(fields) for op, fields in FIELDS.items()
    }
    required = {
        op: {k for k, f in load_operator(op).fields.items() if f.required} for op in OPERATORS
    }
    assert {op: set(fields) for op, fields in REQUIRED.items()} == {
        op: keys for op, keys in required.items() if keys
    }
