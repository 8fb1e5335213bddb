"""Random networks with nearly every operator, to compare planned memory with PyTorch's."""

from collections.abc import Callable
from math import prod
from random import Random
from typing import Any

from support import graph_of

from cnnspec.analyses.memory.overwriting import find_overwritten
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.records import Record
from cnnspec.units import Shape

UNMEASURED = ("lstm", "gru", "rmsnorm")  # no plan knows their memory, and says so
DRAWN = [name for name in OPERATORS if name not in UNMEASURED]
INPLACE = [name for name in OPERATORS if "inplace" in load_operator(name).fields]
READ_VECTORS = ("linear", "rbf")
READ_ANY_SHAPE = ("flatten", "tanh", "sigmoid", "mse", "scale")  # that of roi_align too
BELOW_ONE = ("tanh", "sigmoid")  # their outputs, as a class, are the first
BLOCKS = ("space_to_depth", "depth_to_space")


class Value(Record):
    """A value of a network: its line's name, operator and shape."""

    name: str
    op: str
    shape: Shape


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
        "bias": r.random() < 0.7,
    }


def attention(r: Random, x: Shape) -> Fields:
    """Draw heads of at least two channels: with one, PyTorch's views and copies are others."""
    heads = r.choice([h for h in (1, 2, 4) if x[0] % (2 * h) == 0] or [3 * x[0]])
    return {
        "heads": heads,
        "window_size": r.choice([0, 3, 4]),
        "qkv_bias": r.random() < 0.7,
        "relative_position": r.random() < 0.5,
    }


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
    "groupnorm": lambda r, x: {
        "groups": r.choice([g for g in (1, 2, 4) if x[0] % g == 0]),
        "affine": r.random() < 0.8,
    },
    "lrn": lambda r, x: {"size": r.choice([3, 5])},
    "channel_scale": lambda r, x: {"bias": r.random() < 0.5},
    "scale": lambda r, x: {"factor": r.choice([0.5, 1]), "offset": r.choice([0, 2])},
    "affine": lambda r, x: {
        "per": r.choice(["layer", "channel", "position", "element"]),
        "bias": r.random() < 0.5,
    },
    "scaled_dot_product_attention": lambda r, x: {
        "heads": r.choice([h for h in (1, 2, 4) if x[0] % (2 * h) == 0] or [3 * x[0]])
    },
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
        "mode": r.choice(["constant", "reflect", "replicate"]),
    },
    "pad_channels": lambda r, x: {"before": r.randint(0, 2), "after": r.randint(1, 2)},
    "crop": lambda r, x: {"size": r.randint(2, 4)},
    "upsample": lambda r, x: {
        "scale_factor": r.choice([1.5, 2]),
        "mode": r.choice(["nearest", "bilinear"]),
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
    "box_rows": lambda r, x: {"values": r.choice([n for n in (2, 4, x[0]) if x[0] % n == 0])},
}


class Dag:
    """A random network: the lines of its spec, their values, a batch, and frozen layers.

    Each seed has an operator that it prefers. Any operator can be the first or the last one. A
    ``careless`` network works in place wherever an operator can, even on values that are needed;
    any other one works in place on half of the values that nothing needs afterwards."""

    def __init__(self, seed: int, size: int, careless: bool = False):
        self.careless = careless
        self.random = r = Random(seed)
        self.batch = seed % 8 + 1
        self.made: dict[str, tuple[Any, Shape]] = {}
        self.input = (r.choice([3, 4, 6, 8]), r.randint(5, 12), r.randint(5, 12))
        self.values = [Value("input", "input", self.input)]
        self.lines: list[str] = []
        self.read: set[str] = set()
        self.overwritten: set[str] = set()
        self.trained: set[str] = set()  # those that a layer with parameters comes before
        if r.random() < 0.7:
            channels = r.choice([4, 8])
            fields = {"out_channels": channels, "kernel_size": 3, "padding": 1}
            self.add("conv", [self.values[0]], fields)
        names, own = [*DRAWN], DRAWN[seed % len(DRAWN)]
        for _ in range(20 * size):
            if len(self.lines) < size:
                self.grow(
                    own
                    if own not in {v.op for v in self.values} and r.random() < 0.4
                    else r.choice(names)
                )
        if seed % 3 == 0:
            self.head()
        self.values = self.values[1:]
        self.frozen = self.freeze() if seed % 4 == 3 else ()

    @property
    def text(self) -> str:
        """The spec; its outputs are the values that no layer reads."""
        ends = [v.name for v in self.values if v.name not in self.read]
        return (
            f"input = {list(self.input)}\noutputs = {ends}\nlayers = [\n".replace("'", '"')
            + "".join(f"  {line},\n" for line in self.lines)
            + "]\n"
        )

    def head(self) -> None:
        """Join all outputs to one vector of logits, so that layers can be larger than outputs."""
        for value in [
            v for v in self.values[1:] if v.name not in self.read and v.name not in self.overwritten
        ]:
            if 1 < len(value.shape) < 4:
                self.add("global_avgpool", [value], {"keepdim": False})
            elif len(value.shape) > 3:
                self.add("flatten", [value], {})
        ends = [v for v in self.values[1:] if v.name not in self.read]
        if len(ends) > 1:
            self.add("concat", ends, {})
        self.add("linear", [self.values[-1]], {"out_features": self.random.randint(1, 8)})

    def freeze(self) -> tuple[str, ...]:
        """Choose layers that are not trained: the first ones, or any, but never all."""
        owners = [name for name, (op, *shapes) in self.made.items() if op.parameters(*shapes)]
        # PyTorch crashes in the backward of a group norm whose input, in channels_last, needs none.
        if len(owners) < 2 or any(v.op == "groupnorm" for v in self.values):
            return ()
        r = self.random
        return tuple(
            owners[: r.randrange(1, len(owners))]
            if r.random() < 0.6
            else r.sample(owners, len(owners) // 2)
        )

    def grow(self, name: str) -> None:
        """Add a line with an operator, if it fits the inputs that it draws."""
        r, kind = self.random, load_operator(name)
        there = [
            v
            for v in self.values
            if v.name not in self.overwritten and (len(v.shape) < 4 or name in READ_ANY_SHAPE)
        ]
        vectors = [v for v in there if len(v.shape) == 1]
        if name in READ_VECTORS and vectors:
            first = r.choice(vectors)
        else:
            first = r.choice(there[-4:] if r.random() < 0.7 else there)
        inputs = [first]
        if kind.undoes:
            pools = [
                v for v in there if v.op == kind.undoes and self.made[v.name][0].padding != "same"
            ]
            if not pools:
                self.grow(kind.undoes)
                return
            last = r.choice(pools)
            inputs = [r.choice([v for v in there if v.shape == last.shape]), last]
        elif kind.arity[0] > 1 or (kind.arity[1] > 1 and r.random() < 0.5):
            others = [
                v
                for v in there
                if name in ("crop", "upsample", "concat", "roi_align") or v.shape == first.shape
            ]
            low = max(kind.arity[0] - 1, 1)
            inputs += r.choices(others, k=r.randint(low, max(low, min(2, kind.arity[1] - 1))))
        if name in READ_VECTORS and len(first.shape) > 1:
            self.add("flatten", inputs, {})
            return
        fields = FIELDS.get(name, lambda r, x: {**kind.examples[0].fields})(r, first.shape)
        if kind.size_only and len(inputs) > 1:
            fields = {k: v for k, v in fields.items() if k not in ("size", "scale_factor")}
        alone = first.name not in self.read
        if name in INPLACE and (self.careless or (alone and r.random() < 0.5)):
            fields["inplace"] = True
        self.add(name, inputs, fields)

    def add(self, name: str, inputs: list[Value], fields: Fields) -> None:
        """Add a line, unless it does not fit, its output is large, or a lost value is needed."""
        try:
            op: Any = load_operator(name)(**fields)
            if op.undoes:
                op = op.undoing(*self.made[inputs[-1].name])
            output = op.output(*[v.shape for v in inputs])
            build(op, [v.shape for v in inputs], output)
        except OperatorError:
            return
        if name == "groupnorm" and not self.trained & {v.name for v in inputs}:
            return  # see freeze
        if name in ("batchnorm", "groupnorm") and self.batch * prod(output[1:]) == 1:
            return  # PyTorch computes no variance of one value
        if (
            name == "cross_entropy"
            and inputs[1:]
            and inputs[1].shape[0] == 1
            and inputs[1].op not in BELOW_ONE
        ):
            return  # the class would not exist
        if prod(output) > 4096 or (
            inputs[0].op == "box_rows" and ("pool" in name or name in (*BLOCKS, "box_rows"))
        ):
            return  # for rows of boxes, layouts of maps are not planned
        if name == "attention" and min(inputs[0].shape[1:]) == 1:
            return  # in one row, PyTorch's views and copies are others
        line, before = f"n{len(self.lines)}", (self.read, self.overwritten)
        if fields.get("inplace"):
            self.overwritten = self.overwritten | {inputs[0].name}
        self.read = self.read | {v.name for v in inputs}
        self.values.append(Value(line, name, output))
        self.made[line] = op, *[v.shape for v in inputs]
        if op.parameters(*[v.shape for v in inputs]) or self.trained & {v.name for v in inputs}:
            self.trained.add(line)
        given = "".join(f", {key} = {toml(value)}" for key, value in fields.items())
        reads = toml([v.name for v in inputs])
        self.lines.append(f'{{ name = "{line}", op = "{name}", from = {reads}{given} }}')
        if self.overwritten and not self.careless and self.overwrites():
            self.read, self.overwritten = before
            del self.lines[-1], self.values[-1], self.made[line]

    def overwrites(self) -> bool:
        """Whether a layer works in place on a value that is needed afterwards."""
        graph = graph_of(self.text)
        return any(find_overwritten(graph, training) for training in (False, True))


def build(op: Any, inputs: list[Shape], output: Shape) -> None:
    """Build the operator's module. Raises OperatorError where PyTorch has none."""
    import torch

    op.build(torch, *inputs, y=output)


def toml(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).replace("'", '"').replace("True", "true").replace("False", "false")
