"""Random fields of operators that fit an input, for the networks of dags.py.

An operator that is not in FIELDS has the fields of its first worked example."""

from collections.abc import Callable
from math import prod
from random import Random
from typing import Any

from cnnspec.units import Shape

Fields = dict[str, Any]
Draw = Callable[[Random, Shape], Fields]


def window(most: int = 3) -> Draw:
    return lambda r, x: {"kernel_size": r.randint(1, most), "stride": r.randint(1, 2)}


def pool(r: Random, x: Shape) -> Fields:
    k = r.randint(1, 4)
    padding = r.choice([0, 0, k // 2, "half", "same"])
    return {
        "kernel_size": k,
        "stride": r.randint(1, 3),
        "padding": padding,
        "ceil_mode": padding != "same" and r.random() < 0.3,
    }


def conv(r: Random, x: Shape) -> Fields:
    groups = r.choice([g for g in (1, 1, 2, 4) if x[0] % g == 0])
    return {
        "out_channels": groups * r.choice([1, 2, 3, 4, 4, 32]),
        "groups": groups,
        "kernel_size": r.randint(1, 4),
        "stride": r.randint(1, 2),
        "padding": r.choice([0, 0, 1, "same"]),
        "padding_mode": r.choice(["zeros"] * 6 + ["reflect", "replicate", "circular"]),
        "bias": r.random() < 0.7,
        **r.choice([{}, {}, {}, {"standardize": True}, {"fixed": True}]),
    }


def attention(r: Random, x: Shape) -> Fields:
    """Draw heads of at least two channels: with one, PyTorch's views and copies are others."""
    heads = r.choice([h for h in (1, 2, 4) if x[0] % (2 * h) == 0] or [3 * x[0]])
    return {
        "heads": heads,
        "window_size": r.choice([0, 3, 4]),
        "qkv_bias": r.random() < 0.7,
        "relative_position": r.random() < 0.5,
        "dropout": r.choice([0.0, 0.1]),
    }


def dot_product_attention(r: Random, x: Shape) -> Fields:
    heads = r.choice([h for h in (1, 2, 4) if x[0] % (2 * h) == 0] or [3 * x[0]])
    fields: Fields = {"heads": heads}
    fields["dropout"] = r.choice([0.0, 0.1])
    sizes = [m for m in (2, 3, 4) if len(x) > 1 and not any(w % m for w in x[1:])]
    if sizes and r.random() < 0.7:
        fields |= {"window_size": r.choice(sizes), "shift": r.randint(0, 1)}
    elif sizes and r.random() < 0.5:
        fields["dilation"] = r.choice(sizes)
    return fields | {"relative_position_bias": r.random() < 0.3}


def reshape(r: Random, x: Shape) -> Fields:
    sizes = [n for n in (1, 2, 3, 4, 6, 8) if prod(x) % n == 0]
    first = r.choice(sizes)
    return {"shape": [first, prod(x) // first]} if r.random() < 0.3 else {"shape": [prod(x)]}


def table(r: Random, x: Shape) -> Fields:
    rows = [
        sorted(r.sample(range(x[0]), r.randint(1, min(x[0], 3)))) for _ in range(r.randint(1, 4))
    ]
    return {
        "connections": rows,
        "kernel_size": r.randint(1, 3),
        "padding": r.choice([0, 1]),
        "bias": r.random() < 0.7,
    }


def part(r: Random, x: Shape) -> Fields:
    """Draw at least two channels: with one, a tensor has two layouts at once."""
    start = r.randrange(max(x[0] - 1, 1))
    return {"start": start, "stop": r.randint(start + 2, max(x[0], start + 2))}


FIELDS: dict[str, Draw] = {
    "conv": conv,
    "conv_table": table,
    "attention": attention,
    "reshape": reshape,
    "slice_channels": part,
    "depthwise_conv": lambda r, x: {
        "kernel_size": r.randint(1, 3),
        "padding": r.choice([0, 1, "same"]),
    },
    "conv_transpose": lambda r, x: {"out_channels": r.randint(1, 4), **window()(r, x)},
    "linear": lambda r, x: {"out_features": r.randint(1, 8), "bias": r.random() < 0.7},
    "unfold": lambda r, x: {
        "kernel_size": r.randint(1, 3),
        "stride": r.randint(1, 2),
        "padding": r.choice([0, 1, "same"]),
    },
    "rbf": lambda r, x: {"out_features": r.randint(1, 5)},
    **dict.fromkeys(("maxpool", "avgpool", "minpool", "sumpool"), pool),
    **{f"global_{kind}pool": lambda r, x: {"keepdim": r.random() < 0.5} for kind in ("avg", "max")},
    **{
        f"adaptive_{kind}pool": lambda r, x: {"output_size": r.randint(1, 5)}
        for kind in ("avg", "max")
    },
    "channel_pool": lambda r, x: {
        "kernel_size": r.randint(1, 4),
        "stride": r.randint(1, 3),
        "kind": r.choice(["max", "average"]),
    },
    "trainable_subsampling": window(),
    "batchnorm": lambda r, x: {"affine": r.random() < 0.8},
    "layernorm": lambda r, x: {
        "over": r.choice(["channels", "channels", "all"]),
        "affine": r.random() < 0.8,
    },
    "rmsnorm": lambda r, x: {"affine": r.random() < 0.7},
    "groupnorm": lambda r, x: {
        "groups": r.choice([g for g in (1, 2, 4) if x[0] % g == 0]),
        "affine": r.random() < 0.8,
    },
    "lrn": lambda r, x: {"size": r.choice([3, 5])},
    "channel_scale": lambda r, x: {"bias": r.random() < 0.5},
    "scale": lambda r, x: {
        "factor": r.choice([0.5, 1, [0.5 + i / x[0] for i in range(x[0])]]),
        "offset": r.choice([0, 2, [float(i) for i in range(x[0])]]),
    },
    "affine": lambda r, x: {
        "per": r.choice(["layer", "channel", "position", "element"]),
        "bias": r.random() < 0.5,
    },
    "scaled_dot_product_attention": dot_product_attention,
    "tokens": lambda r, x: {"count": r.randint(1, 3), "after": r.random() < 0.5},
    "permute": lambda r, x: {"order": r.sample(range(len(x)), len(x))},
    "softmax": lambda r, x: {"dim": r.randrange(len(x))},
    "reduce_dims": lambda r, x: {
        "kind": r.choice(["mean", "sum", "max", "min"]),
        "dims": sorted(r.sample(range(len(x)), r.randint(1, len(x)))),
        "keepdim": r.random() < 0.5,
    },
    "dropout": lambda r, x: {"p": r.choice([0.0, 0.5]), "channels": r.random() < 0.5},
    "stochastic_depth": lambda r, x: {
        "p": r.choice([0.0, 0.2]),
        "mode": r.choice(["row", "batch"]),
    },
    "pad": lambda r, x: {
        "padding": r.randint(0, 2),
        "mode": r.choice(["constant", "reflect", "replicate", "circular"]),
    },
    "pad_channels": lambda r, x: {"before": r.randint(0, 2), "after": r.randint(1, 2)},
    "crop": lambda r, x: {"size": r.randint(2, 4)},
    "upsample": lambda r, x: {
        "scale_factor": r.choice([1.5, 2]),
        "mode": r.choice(["nearest", "nearest-exact", "bilinear"]),
    },
    "subsample": lambda r, x: {"stride": r.randint(1, 3)},
    "channel_shuffle": lambda r, x: {"groups": 2},
    "space_to_depth": lambda r, x: {"block": 2},
    "depth_to_space": lambda r, x: {"block": 2},
    "roi_align": lambda r, x: {
        "regions": r.randint(1, 5),
        "output_size": r.randint(1, 3),
        "sampling_ratio": r.randint(1, 2),
    },
    # More than one value: with one, rows have two layouts at once.
    "box_rows": lambda r, x: {"values": 2 if x[0] % 4 else r.choice([2, 4])},
}
