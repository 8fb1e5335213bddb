"""What an operator is: the properties by which the rest of the package treats it.

The package knows no operator by its name. A new operator sets the properties that differ from its
base class, and rules, sizes, tables, drawing, memory, recording and the schema follow."""

from typing import ClassVar


class OperatorTraits:
    """The properties of an operator's class, the same for all its settings."""

    title: ClassVar[str]  # the operator's type, as tables print it
    # Its name in a chain of layers, such as "Conv{kernel}-{channels}"; "" means the title.
    short_title: ClassVar[str] = ""
    # Its name in the row of a layer that includes it, as bn in conv+bn+relu; "" means its own name.
    abbreviation: ClassVar[str] = ""
    # The meanings of symbols in its derivation that differ from those in kit/derivation.py.
    symbols: ClassVar[dict[str, str]] = {}
    # The activation that the operator includes, as tables print it.
    activation_title: ClassVar[str] = ""
    # "layer", "norm", "activation", "regulariser" (acts in training only), "join", "loss", or
    # "shape" (it only gives the elements another shape).
    role: ClassVar[str] = "layer"
    arity: ClassVar[tuple[int, int]] = (1, 1)  # the least and the largest number of inputs
    size_only: ClassVar[tuple[int, ...]] = ()  # the inputs whose values are not read, only the size
    undoes: ClassVar[str] = ""  # the operator that the last input must be; this one reverses it

    # "input" or "output" if a window slides over it; ``axes`` then gives the window.
    slides_over: ClassVar[str] = ""
    # What a pooling reduces to one value: "window" (a sliding window), "map" (the whole map, or a
    # part whose size follows from the map's size), or "channels".
    pools: ClassVar[str] = ""
    # The layout of ``weight`` if the outputs are weighted sums of inputs: "out-in" (out, in/groups,
    # *kernel), "in-out" (in, out/groups, *kernel), or "table" (connections, *kernel).
    weight_layout: ClassVar[str] = ""
    # Whether each output reads all inputs through weights of its own (fully connected).
    is_dense: ClassVar[bool] = False
    # False if its parameters are only factors or terms, which papers do not count as a layer.
    counts_as_layer: ClassVar[bool] = True

    # Whether at inference each output is one input times a constant plus a constant.
    is_affine: ClassVar[bool] = False
    # Whether at inference the outputs are the inputs, perhaps in another shape or order.
    keeps_values: ClassVar[bool] = False
    # Whether applying it twice is the same as applying it once.
    is_idempotent: ClassVar[bool] = False
    # For a norm: whether it uses each channel's statistics, in training those of the batch and at
    # inference recorded ones.
    uses_batch_statistics: ClassVar[bool] = False
    # Whether in training it zeroes elements with probability ``p`` and scales up the others.
    drops_elements: ClassVar[bool] = False
    # The outputs at which it starts to be another function: 0 and 6 of a ReLU6. Where no output
    # reaches one of them, values do not show that the operator has this limit.
    value_limits: ClassVar[tuple[float, ...]] = ()
    # Whether a change of any setting changes the outputs, of all sizes and for almost all inputs.
    values_show_settings: ClassVar[bool] = False
    # What its own padding can be: numbers, and PyTorch's modes "reflection" and "replication". A
    # recorded pad with one of these before it is shown as its padding.
    pads_with: ClassVar[tuple[float | str, ...]] = ()
    # For a join: whether the order of the inputs does not matter.
    is_commutative: ClassVar[bool] = False
    # For a join: whether an input is a gate if it depends on the whole map: then it scales what the
    # others read, and adds no positions to it.
    takes_gates: ClassVar[bool] = False

    # What PyTorch's autocast does on a CPU, as measured: it "casts" inputs and weight to bfloat16,
    # "follows" the type of the input, or keeps "statistics" in float32; "" if not measured.
    autocast: ClassVar[str] = ""
    # The operations of PyTorch (aten) that a recorded model's call graph shows as this operator.
    recorded_from: ClassVar[tuple[str, ...]] = ()
    # The operator of ONNX that gives the output for the same inputs; others have write_onnx.
    onnx_type: ClassVar[str] = ""
    # The layer of Keras, or its function in keras.ops, that gives the output for the same inputs.
    keras_layer: ClassVar[str] = ""
    keras_op: ClassVar[str] = ""
    # Whether PyTorch runs several operations for it. A recording shows these, not the operator, and
    # what other tools count depends on how a model is written.
    is_composite: ClassVar[bool] = False
