"""Random networks with nearly every operator, to compare planned memory with PyTorch's."""

from math import prod
from random import Random
from typing import Any

from cnnspec.analyses.memory.overwriting import find_overwritten
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.records import Record
from cnnspec.units import Shape
from tests.pytorch.drawn_fields import FIELDS, Fields
from tests.support import graph_of

UNMEASURED = ("lstm", "gru")  # no plan knows their memory, and says so
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
        if name == "tokens" and len(first.shape) > 2:  # it reads rows
            rows = [first.shape[0], prod(first.shape[1:])]
            self.add("reshape", [first], {"shape": rows})
            first = self.values[-1]
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
        if name == "box_rows" and fields["values"] == inputs[0].shape[0]:
            return  # rows of whole maps are a view, whose layout other operators keep
        if name == "upsample" and prod(output[1:]) == 1:
            return  # one position has two layouts at once
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
