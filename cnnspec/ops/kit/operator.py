"""The base classes of operators: what every operator offers to the rest of the package.

Shapes are without the batch, channels first: ``(C, H, W)``, ``(C, L)``, ``(C, D, H, W)``, or
``(n,)`` for a vector. Methods get the input shapes as positional arguments and, where they need it,
the output as ``y``."""

from math import prod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from cnnspec.ops.kit.derivation import Step, elements
from cnnspec.ops.kit.fields import Field, OperatorError
from cnnspec.ops.kit.windows import SAME, Reach
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.units import Shape, format_count, format_shape

if TYPE_CHECKING:
    from cnnspec.ops.kit.memory import Functions


class Example(Record):
    """A worked example, read alike by tests, documentation and ``explain``: numbers that ``source``
    gives."""

    source: str
    inputs: tuple[Shape, ...]
    fields: dict[str, Any]
    output: Shape
    params: int = 0
    buffers: int = 0
    macs: int = 0
    undone: tuple[dict[str, Any], Shape] | None = (
        None  # for an ``undoes``: the other one's fields and input
    )


class Operator:
    """The base of all operators; the docstring of each states its formula and where it comes from.

    ``title`` is the type as tables print it, ``role`` is "layer", "norm", "activation",
    "regulariser", "join", "shape" (the same elements, read otherwise) or "loss", ``arity`` the
    fewest and the most inputs, and ``size_only`` the inputs of which only the size is used, not the
    values. ``undoes`` is the operator that the last input must be, whose sizes this one undoes, and
    ``activation_title`` the activation that the operator includes, as tables print it."""

    title: ClassVar[str]
    role: ClassVar[str] = "layer"
    arity: ClassVar[tuple[int, int]] = (1, 1)
    size_only: ClassVar[tuple[int, ...]] = ()
    undoes: ClassVar[str] = ""
    activation_title: ClassVar[str] = ""
    fields: ClassVar[dict[str, Field]] = {}
    defaults: ClassVar[dict[str, Any]] = {}
    examples: ClassVar[tuple[Example, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        cls.fields = {**cls.fields, **own}
        cls.defaults = {name: f.default for name, f in cls.fields.items() if not f.required}

    def __init__(self, **values: Any):
        """Set the fields. Raises OperatorError (L001, L002, L003) for an unknown, missing or unfit
        one."""
        for name in values.keys() - self.fields.keys():
            raise OperatorError("L001", f"{name} is not a field", field=name)
        for name, f in self.fields.items():
            if f.required and name not in values:
                raise OperatorError("L002", f"{name} is missing: {f.doc}")
        self.__dict__.update(self.defaults)
        self.__dict__.update(
            {name: self.fields[name].read(value) for name, value in values.items()}
        )

    @classmethod
    def of(cls, example: Example) -> Self:
        """The operator of a worked example."""
        return cls(**example.fields)

    def output(self, *inputs: Any, **sizes: Any) -> Shape:
        """The one output shape. Raises OperatorError where the inputs do not fit."""
        raise NotImplementedError

    def parameters(self, *inputs: Any, **sizes: Any) -> dict[str, Shape]:
        """The trainable tensors, by name."""
        return {}

    def buffers(self, *inputs: Any, **sizes: Any) -> dict[str, Shape]:
        """The tensors that are stored but not trained, by name."""
        return {}

    def macs(self, *inputs: Any, **sizes: Any) -> int:
        """Multiply-accumulates of one example; biases are not counted."""
        return 0

    def elementwise(self, *inputs: Any, **sizes: Any) -> dict[str, int]:
        """Other arithmetic of one example, by kind: comparisons, additions, divisions,
        exponentials, ..."""
        return {}

    def window(self, *inputs: Any, **sizes: Any) -> Reach:
        """Which input positions an output position reads, the same for each input that is read."""
        return SAME

    def derivation(self, *inputs: Any, **sizes: Any) -> list[Step]:
        """How output, parameters and multiply-accumulates come about, in formulas."""
        raise NotImplementedError

    def memory(self, *inputs: Any, **sizes: Any) -> "Functions":
        """What PyTorch allocates and keeps, in ``training`` mode or not. Raises RequestError where
        nobody knows."""
        kind = type(self).__module__.rpartition(".")[2]
        raise RequestError(
            f"what {kind} needs in memory has not been measured yet, so nothing is said of this"
            " network"
        )

    def build(self, torch: Any, *inputs: Any, **sizes: Any) -> Any:
        """A torch.nn.Module of the inputs, each with a batch before its shape, that gives the
        output.

        Its parameters and buffers are called and shaped as said above. ``torch`` is handed in; the
        room that builds imports it. Raises OperatorError where PyTorch has no such operator."""
        raise NotImplementedError


class Elementwise(Operator):
    """One input, one output of the same shape: activations, norms and their like."""

    per_element: ClassVar[dict[str, int]] = {}

    def output(self, x: Shape) -> Shape:
        return x

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {kind: n * prod(y) for kind, n in self.per_element.items()}

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements(y)]


class Activation(Elementwise):
    """An elementwise non-linearity."""

    role = "activation"


def feature_map(op: str, x: Shape) -> tuple[int, Shape]:
    """Channels and spatial sizes of ``x``. Raises OperatorError (D001) for a vector, which has no
    positions."""
    if len(x) < 2:
        raise OperatorError(
            "D001",
            f"{op} takes channels and at least one spatial dimension, but $0 is a vector of {x[0]}",
            "put it before the flatten, or reshape the vector to (channels, height, width)",
        )
    return x[0], x[1:]


def vector(op: str, x: Shape) -> int:
    """The length of a vector. Raises OperatorError (D001) for a feature map."""
    if len(x) != 1:
        pooled = " (so does keepdim = false on a global pooling)" if prod(x[1:]) == 1 else ""
        raise OperatorError(
            "D001",
            f"{op} takes a vector, but $0 is {format_shape(x)}",
            f"a flatten before it gives a vector of {format_count(prod(x))}{pooled}",
        )
    return x[0]
