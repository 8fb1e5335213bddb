"""The base class of operators: what every operator offers to the rest of the package.

Shapes are without the batch, channels first: ``(C, H, W)``, ``(C, L)``, ``(C, D, H, W)``, or
``(n,)`` for a vector. Methods get the input shapes as positional arguments and, where they need it,
the output as ``y``."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.fields import Field, OperatorError, field_errors
from cnnspec.ops.kit.traits import OperatorTraits
from cnnspec.ops.kit.windows import SAME, Axis, Reach
from cnnspec.problems import RequestError
from cnnspec.records import Record
from cnnspec.units import Shape

if TYPE_CHECKING:
    from cnnspec.ops.kit.memory import Functions


class Example(Record):
    """A worked example with the numbers that ``source`` gives; tests, pages and ``explain`` use it.

    ``work`` is the element-wise work, counted by hand: for each value of the output, the steps of
    the formula. ``undone`` are the fields, and the shape of the input, of the operator that it
    undoes."""

    source: str
    inputs: tuple[Shape, ...]
    fields: dict[str, Any]
    output: Shape
    params: int = 0
    buffers: int = 0
    macs: int = 0
    work: dict[str, int] | None = None
    undone: tuple[dict[str, Any], Shape] | None = None


class BackwardMacs(Record):
    """The multiply-accumulates of the gradients of a layer's inputs, and of its parameters."""

    inputs: int = 0
    parameters: int = 0


class Operator(OperatorTraits):
    """The base class of all operators.

    The docstring of an operator's module gives the formula and its source, the class variables of
    OperatorTraits what the operator is. Operators do not change after they are made; ``replace``
    returns a changed copy. Methods get the shapes of the inputs as positional arguments and, if
    they need it, the shape of the output as ``y``."""

    fields: ClassVar[dict[str, Field]] = {}
    defaults: ClassVar[dict[str, Any]] = {}
    examples: ClassVar[tuple[Example, ...]] = ()

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        cls.fields = {**cls.fields, **own}
        cls.defaults = {name: f.default for name, f in cls.fields.items() if not f.required}

    def __init__(self, **values: Any):
        """Set the fields. Raises OperatorError (L001, L002, L003) if they are not right."""
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
        """Make the operator of a worked example."""
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

        Graphs call it for an operator with ``undoes`` before any other method."""
        raise NotImplementedError

    def _with(self, **attributes: Any) -> Self:
        """Return a copy with attributes set that are not fields."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__, **attributes)
        return new

    def with_norm_in_weights(self) -> Self | None:
        """Return the operator whose weights and biases include a batch norm after it, or None."""
        return self.replace(bias=True) if self.weight_layout and "bias" in self.fields else None

    def output(self, *inputs: Any, **sizes: Any) -> Shape:
        """Return the shape of the output. Raises OperatorError if the inputs do not fit."""
        raise NotImplementedError

    def parameters(self, *inputs: Any, **sizes: Any) -> dict[str, Shape]:
        """Return the shapes of the trained tensors, by name."""
        return {}

    def buffers(self, *inputs: Any, **sizes: Any) -> dict[str, Shape]:
        """Return the shapes of the tensors that are stored but not trained, by name."""
        return {}

    @property
    def fixed_buffers(self) -> dict[str, tuple[float, ...]]:
        """The values of the buffers that its fields give, by name."""
        return {}

    def weight_shape(self, *inputs: Any, **sizes: Any) -> Shape:
        """Return the shape of the weight, trained or not, of an operator with ``weight_layout``."""
        return (self.parameters(*inputs, **sizes) | self.buffers(*inputs, **sizes))["weight"]

    @property
    def trained_layout(self) -> str:
        """``weight_layout``, or "" if the weight is not trained."""
        return self.weight_layout

    def macs(self, *inputs: Any, **sizes: Any) -> int:
        """Return the multiply-accumulates of one example, without biases."""
        return 0

    def backward_macs(self, *inputs: Any, **given: Any) -> BackwardMacs:
        """Return the multiply-accumulates of the backward pass of one example, without biases.

        Keywords: ``y``; ``needed``, for each input whether its gradient is; ``trained``, whether
        the parameters are. By default each gradient takes as many as the output."""
        macs = self.macs(*inputs, y=given["y"])
        weights = any(len(shape) > 1 for shape in self.parameters(*inputs).values())  # not biases
        return BackwardMacs(macs * any(given["needed"]), macs * (given["trained"] and weights))

    def elementwise(self, *inputs: Any, **sizes: Any) -> dict[str, int]:
        """Return the other arithmetic of one example, by kind: comparisons, additions, ..."""
        return {}

    def count_connections(self, *inputs: Any, **sizes: Any) -> int:
        """Count the inputs that outputs read, and the biases, as LeCun et al. (1998) do."""
        macs = self.macs(*inputs, **sizes)
        return macs + self.elementwise(*inputs, **sizes).get("additions", 0) if macs else 0

    def window(self, *inputs: Any, **sizes: Any) -> Reach:
        """Say which input positions an output position reads; it is the same for all inputs."""
        return SAME

    def axes(self, *inputs: Any) -> list[Axis]:
        """Return the sliding window along each dimension of what ``slides_over`` names."""
        return []

    def mixes_channels(self, x: Shape) -> bool:
        """Tell whether an output reads several channels of an input of shape ``x``."""
        return False

    @property
    def averages_padding(self) -> bool:
        """Whether it takes means in which the zeros of the padding count."""
        return False

    def derivation(self, *inputs: Any, **sizes: Any) -> list[Step]:
        """Return the formulas of the output's size, the parameters and the multiply-accumulates."""
        raise NotImplementedError

    def memory(self, *inputs: Any, **sizes: Any) -> "Functions":
        """Return PyTorch's functions with what they allocate and save, in ``training`` mode or not.

        Raises UnknownMemoryError if this was not measured."""
        raise UnknownMemoryError(type(self).__module__.rpartition(".")[2])

    def build(self, torch: Any, *inputs: Any, **sizes: Any) -> Any:
        """Return a torch.nn.Module that computes the output from the inputs, in batches.

        Its parameters and buffers have the names and shapes that ``parameters`` and ``buffers``
        give. The caller passes ``torch``. Raises OperatorError if PyTorch has no such operator."""
        raise NotImplementedError

    def build_as_written(self, torch: Any, *inputs: Any, **sizes: Any) -> Any:
        """Return the module that an exported file makes: perhaps fewer calls than ``build``."""
        return self.build(torch, *inputs, **sizes)

    def write_onnx(self, onnx: Any, *inputs: Any, **sizes: Any) -> Any:
        """Return the value that nodes of ONNX compute from the values of the inputs.

        The methods of ``onnx`` write nodes: they have the names of ONNX's operators, take values,
        numbers and lists, and return values. ``onnx.parameter`` returns one of the operator's
        tensors. A value has a ``shape``, as inputs have. Raises OperatorError where the operator
        is not written in ONNX."""
        if not self.onnx_type:
            raise OperatorError("L003", "it is not written in ONNX")
        return getattr(onnx, self.onnx_type)(*inputs)

    def write_keras(self, keras: Any, *inputs: Any, **sizes: Any) -> Any:
        """Return the value that calls of Keras compute from the values of the inputs.

        ``keras`` is a KerasWriter; values have a ``shape``, as inputs have, but Keras has the
        channels last. Raises OperatorError where the operator is not written in Keras."""
        if self.keras_layer:
            return keras.layer(self.keras_layer, [*inputs] if len(inputs) > 1 else inputs[0])
        if not self.keras_op:
            raise OperatorError("L003", "it is not written in Keras")
        return keras.op(self.keras_op, *inputs)

    @property
    def python_class(self) -> str:
        """The source of the module that an exported file needs for it, or "".

        It is needed where ``build`` runs more than modules and expressions of PyTorch. Its
        arguments are ``python_arguments``."""
        return ""

    def python_arguments(self, *inputs: Any, **sizes: Any) -> dict[str, Any]:
        """Return the arguments of ``python_class`` by name ("" for the first, by its position)."""
        return {}


class UnknownMemoryError(RequestError):
    """Raised for an operator, or a setting of one, whose memory is not known.

    ``saves_output`` says whether backward needs the output, which is then not to be overwritten."""

    def __init__(self, what: str, reason: str = "it was not measured", saves_output: bool = False):
        super().__init__(
            f"the memory of {what} is not known, so that of this network is unknown: {reason}"
        )
        self.saves_output = saves_output
