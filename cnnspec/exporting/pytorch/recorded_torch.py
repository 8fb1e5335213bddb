"""A stand-in for torch that writes down what an operator's ``build`` and its module do.

``Operator.build`` gets it in place of torch. The modules that it makes are WrittenModules, which
know their class and arguments; their inputs are WrittenTensors, which know the expression that
gives them. So what ``build`` computes is also what the source says, without a second description.
"""

from math import prod
from typing import Any

from cnnspec.records import Record
from cnnspec.units import Shape

ADDITION, MULTIPLICATION, MATMUL, UNARY, ATOM = 1, 2, 2, 3, 9


class NotWritable(Exception):
    """What an operator computes cannot be written down; the message says why."""


class Literal(Record):
    """A number in an expression."""

    value: Any


class InputName(Record):
    """The place of an input of the operator in an expression."""

    index: int


class ModuleName(Record):
    """The place of the operator's own module in an expression."""


class Mark(Record):
    """The base class of what a language other than PyTorch writes in its own way."""


Part = str | Literal | InputName | ModuleName | Mark
COLON = ":"  # of a slice: what stands beside it decides whether it has spaces around it
Parts = tuple[Part, ...]


class WrittenShape:
    """The shape of a tensor with its batch: the batch is an expression, the rest are numbers."""

    def __init__(self, tensor: "WrittenTensor"):
        self.tensor = tensor

    def __getitem__(self, key: Any) -> Any:
        if self.tensor.sizes is None:
            raise NotWritable("the shape of a part of the expression is not known")
        batch = WrittenTensor((*self.tensor.inside(ATOM), ".shape[0]"))
        return (batch, *self.tensor.sizes)[key]


class WrittenTensor:
    """A tensor, or another value, as the expression that gives it.

    ``binding`` says how strongly its outermost operator binds; ``sizes`` is its shape without the
    batch where that is known."""

    def __init__(self, parts: Parts, binding: int = ATOM, sizes: Shape | None = None):
        self.parts, self.binding, self.sizes = parts, binding, sizes

    @property
    def shape(self) -> WrittenShape:
        return WrittenShape(self)

    def dim(self) -> int:
        if self.sizes is None:
            raise NotWritable("the shape of a part of the expression is not known")
        return len(self.sizes) + 1

    def inside(self, binding: int) -> Parts:
        """Return its parts as an operand of an operator, in parentheses where it needs them."""
        return self.parts if self.binding >= binding else ("(", *self.parts, ")")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> WrittenTensor:
            if name == "new_tensor" and len(set(args[0])) == 1:
                return WrittenNumber((Literal(args[0][0]),))
            written = write_call((*self.inside(ATOM), f".{name}"), args, kwargs)
            return WrittenTensor(written, ATOM, sizes_after(name, self.sizes, args))

        return call

    def __getitem__(self, key: Any) -> "WrittenTensor":
        keys = key if isinstance(key, tuple) else (key,)
        return WrittenTensor((*self.inside(ATOM), "[", *join([write_index(k) for k in keys]), "]"))

    def operate(self, sign: str, other: Any, binding: int, turned: bool = False) -> "WrittenTensor":
        left, right = (other, self) if turned else (self, other)
        parts = (*write_value(left, binding), f" {sign} ", *write_value(right, binding + 1))
        return WrittenTensor(parts, binding, self.sizes)

    def __add__(self, other: Any) -> "WrittenTensor":
        return self.operate("+", other, ADDITION)

    def __sub__(self, other: Any) -> "WrittenTensor":
        return self.operate("-", other, ADDITION)

    def __mul__(self, other: Any) -> "WrittenTensor":
        return self.operate("*", other, MULTIPLICATION)

    def __truediv__(self, other: Any) -> "WrittenTensor":
        return self.operate("/", other, MULTIPLICATION)

    def __matmul__(self, other: Any) -> "WrittenTensor":
        return self.operate("@", other, MATMUL)

    def __neg__(self) -> "WrittenTensor":
        return WrittenTensor(("-", *self.inside(UNARY)), UNARY, self.sizes)

    def __bool__(self) -> bool:
        raise NotWritable("the operator decides by the values of a tensor")

    def __iter__(self) -> Any:
        raise NotWritable("the operator takes a tensor apart")

    def __len__(self) -> int:
        raise NotWritable("the operator asks for len(x) where x.shape[0] can be written")


class WrittenNumber(WrittenTensor):
    """A tensor of equal numbers as one of them, which broadcasts to any shape."""

    def view(self, *sizes: Any) -> WrittenTensor:
        return self


def sizes_after(name: str, sizes: Shape | None, args: tuple[Any, ...]) -> Shape | None:
    """Return the shape that a method of a tensor gives, without the batch, where it is known."""
    if sizes is None or name in ("abs", "contiguous", "square"):
        return sizes
    if name == "reshape" and all(type(n) is int for n in args[1:]):
        known = prod(n for n in args[1:] if n > 0)
        return tuple(prod(sizes) // known if n < 0 else n for n in args[1:])
    if name == "permute":
        order = args[0] if isinstance(args[0], tuple) else args
        return tuple(sizes[i - 1] for i in order[1:]) if order[0] == 0 else None
    return None


def write_value(value: Any, binding: int = 0) -> Parts:
    """Return an operand or argument as parts of an expression. Raises NotWritable."""
    if isinstance(value, WrittenTensor):
        return value.inside(binding)
    if isinstance(value, WrittenShape):
        return (*value.tensor.inside(ATOM), ".shape")
    if isinstance(value, tuple | list):
        inner = join([write_value(v) for v in value])
        return ("(", *inner, "," if len(value) == 1 else "", ")")
    if isinstance(value, bool | int | float | str) or value is None:
        return (Literal(value),)
    raise NotWritable(f"{type(value).__name__} cannot be written")


def write_index(key: Any) -> Parts:
    """Return one key of an index, such as a slice."""
    if key is Ellipsis:
        return ("...",)
    if isinstance(key, slice):
        first, end, step = [
            () if bound is None else write_value(bound) for bound in (key.start, key.stop, key.step)
        ]
        return (*first, COLON, *end, *((COLON, *step) if step and key.step != 1 else ()))
    return write_value(key)


def write_call(function: Parts, args: Any, kwargs: dict[str, Any]) -> Parts:
    """Return the call of a function as parts."""
    given = [write_value(v) for v in args]
    given += [(f"{name}=", *write_value(v)) for name, v in kwargs.items() if v != ""]
    return (*function, "(", *join(given), ")")


def join(items: list[Parts]) -> Parts:
    """Return items with commas between them."""
    return tuple(part for i, item in enumerate(items) for part in ((", ", *item) if i else item))


class WrittenModule:
    """A module as its class in torch.nn with its arguments."""

    def __init__(self, *args: Any, **kwargs: Any):
        self.args, self.kwargs = args, kwargs

    def forward(self, *xs: Any) -> WrittenTensor:
        return WrittenTensor(write_call((ModuleName(),), xs, {}))

    def __call__(self, *xs: Any) -> Any:
        WRITTEN.append(self)
        return self.forward(*xs)


WRITTEN: list[WrittenModule] = []  # the modules that the expression written last calls


class Namespace:
    """torch.nn, whose attributes are classes, or torch itself, whose attributes are functions."""

    def __init__(self, path: str):
        self.path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self.path == "torch" and name == "nn":
            return NN
        if self.path == "nn":
            return FUNCTIONAL if name == "functional" else module_class(name)

        def call(*args: Any, **kwargs: Any) -> WrittenTensor:
            sizes = args[0].sizes if args and isinstance(args[0], WrittenTensor) else None
            same = name in ("maximum", "minimum")
            written = write_call((f"{self.path}.{name}",), args, kwargs)
            return WrittenTensor(written, ATOM, sizes if same else None)

        return call


def module_class(name: str, known: dict[str, type[WrittenModule]] = {}) -> type[WrittenModule]:  # noqa: B006
    """Return the class that stands for one of torch.nn."""
    if name not in known:
        known[name] = type(name, (WrittenModule,), {})
    return known[name]


NN, FUNCTIONAL, TORCH = Namespace("nn"), Namespace("F"), Namespace("torch")
