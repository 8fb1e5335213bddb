"""The base classes of operators: what every operator offers to the rest of the package.

Shapes are without the batch, channels first: ``(C, H, W)``, ``(C, L)``, ``(C, D, H, W)``, or
``(n,)`` for a vector. Methods get the input shapes as positional arguments and, where they need it,
the output as ``y``."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.fields import Field, OperatorError, field_errors
from cnnspec.ops.kit.windows import SAME, Axis, Reach
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.units import Shape

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
    """The base class of all operators. The docstring of an operator's file gives formula and source.

    The class variables below say what an operator is. Other parts of the package read them and know
    no operator by its name, so a new operator only has to set those that differ from its base.
    Operators do not change after they are made; ``replace`` gives a changed copy."""

    title: ClassVar[str]
    """The operator's type as tables print it."""
    short_title: ClassVar[str] = ""
    """Its name in a chain of layers, such as "Conv{kernel}-{channels}" or "Max pool"; else title."""
    abbreviation: ClassVar[str] = ""
    """Its name in a row that includes it, as bn in conv+bn+relu; "" where that is the operator's."""
    symbols: ClassVar[dict[str, str]] = {}
    """The meanings of symbols in its derivation that differ from those in kit/derivation.py."""
    activation_title: ClassVar[str] = ""
    """The activation that the operator includes, as tables print it."""
    role: ClassVar[str] = "layer"
    """"layer", "norm", "activation", "regulariser", "join", "shape" (the same elements in another
    shape) or "loss"."""
    arity: ClassVar[tuple[int, int]] = (1, 1)
    """The fewest and the most inputs."""
    size_only: ClassVar[tuple[int, ...]] = ()
    """The inputs of which only the size is read, not the values."""
    undoes: ClassVar[str] = ""
    """The operator that the last input must be, because this one reverses it."""

    slides_over: ClassVar[str] = ""
    """"input" or "output" where a window slides over it; ``axes`` then gives the windows."""
    pools: ClassVar[str] = ""
    """What a pooling combines into one value: "window" (a sliding window), "map" (a part of the map
    whose size follows from the map's, or all of it), or "channels"."""
    weight_layout: ClassVar[str] = ""
    """The layout of ``weight`` where each output is a trained weighted sum of inputs: "out-in" (out,
    in/groups, *kernel), "in-out" (in, out/groups, *kernel) or "table" (connections, *kernel)."""
    is_dense: ClassVar[bool] = False
    """Whether every output reads every input through a weight of its own: a fully connected layer."""
    counts_as_layer: ClassVar[bool] = True
    """False for a layer whose parameters are mere factors or terms, which papers do not count."""

    is_affine: ClassVar[bool] = False
    """Whether at inference each output is one input times a constant plus a constant."""
    keeps_values: ClassVar[bool] = False
    """Whether at inference the outputs are the inputs, perhaps in another shape or order."""
    is_idempotent: ClassVar[bool] = False
    """Whether applying it twice gives the same as once."""
    uses_batch_statistics: ClassVar[bool] = False
    """For a norm by each channel's statistics: the batch's in training, recorded ones at inference."""
    drops_elements: ClassVar[bool] = False
    """Whether in training it zeroes elements with probability ``p`` and scales up the others."""
    is_commutative: ClassVar[bool] = False
    """For a join: whether the order of the inputs does not matter."""
    takes_gates: ClassVar[bool] = False
    """For a join: whether an input may be a gate, one factor for a whole channel or position."""

    autocast: ClassVar[str] = ""
    """What PyTorch's autocast does with it on a CPU, as measured: "casts" inputs and weight to
    bfloat16, "follows" the type of its input, keeps "statistics" in float32; "" if not measured."""
    recorded_from: ClassVar[tuple[str, ...]] = ()
    """PyTorch's (aten) operations that a recorded model's call graph names as this operator."""
    is_composite: ClassVar[bool] = False
    """Whether PyTorch runs several operations for it: a recording shows these, not the operator, and
    what other tools count depends on how it is written."""

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
        try:
            read = {name: self.fields[name].read(value) for name, value in values.items()}
        except (KeyError, OperatorError):
            raise field_errors(self.fields, values)[0] from None
        self.__dict__.update(self.defaults)
        self.__dict__.update(read)
        if len(self.__dict__) < len(self.fields):
            raise field_errors(self.fields, values)[0]

    @classmethod
    def of(cls, example: Example) -> Self:
        """The operator of a worked example."""
        return cls(**example.fields)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: operators do not change")

    def replace(self, **fields: Any) -> Self:
        """Return a copy with some fields changed. Raises OperatorError (L001, L003)."""
        new = self._with()
        for name, value in fields.items():
            if name not in self.fields:
                raise OperatorError("L001", f"{name} is not a field", field=name)
            new.__dict__[name] = self.fields[name].read(value)
        return new

    def undoing(self, op: Any, size: Shape) -> Self:
        """Return a copy that undoes the operator ``op``, whose input has the shape ``size``.

        Graphs call it for an operator with ``undoes``, before all else."""
        raise NotImplementedError

    def _with(self, **attributes: Any) -> Self:
        """Return a copy with attributes set that are no fields."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, **attributes)
        return new

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

    def count_connections(self, *inputs: Any, **sizes: Any) -> int:
        """The inputs that outputs read, and their biases, as LeCun et al. (1998) count them."""
        macs = self.macs(*inputs, **sizes)
        return macs + self.elementwise(*inputs, **sizes).get("additions", 0) if macs else 0

    def window(self, *inputs: Any, **sizes: Any) -> Reach:
        """Which input positions an output position reads, the same for each input that is read."""
        return SAME

    def axes(self, *inputs: Any) -> list[Axis]:
        """The sliding window along each dimension of what ``slides_over`` names, else nothing."""
        return []

    def mixes_channels(self, x: Shape) -> bool:
        """Whether outputs read several channels of an input of shape ``x``, which joins them."""
        return False

    @property
    def averages_padding(self) -> bool:
        """Whether the zeros of the padding count in the means that it takes."""
        return False

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
