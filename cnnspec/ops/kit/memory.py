"""What PyTorch allocates and saves when it runs an operator, declared function by function.

``Operator.memory`` returns the functions that the operator's module runs, in order, each as a
``Function``. From them analyses/memory plans every allocation and release of a pass, to the byte.

A worked example: ``torch.nn.Conv2d(6, 4, 3, padding=1)`` on a batch of N x 6 x 16 x 16 floats.

- Forward, PyTorch allocates the output: 4*16*16 elements per example. It is contiguous, or
  channels_last where the input is.
- Autograd saves the input for backward, but not the output. It saves the weight too, which is
  alive anyway and is not counted.
- Backward, PyTorch allocates the gradient of the input, 6*16*16 elements per example, and those of
  weight and bias, which stay alive.

That is ``Function(prod(y), saves=(0,), parameters=("weight", "bias"))``: by default, a function
reads input 0, and its gradient is a new tensor. A ReLU saves its output instead, ``saves=(OUTPUT,)``.
An addition saves nothing, and hands the incoming gradient itself to each input:
``Function(prod(y), inputs=(0, 1), gradient=INCOMING)``.

To measure a new operator, print the planned and the real allocations side by side:

    python -m tests.memory_of conv 'out_channels = 4, kernel_size = 3, padding = 1'

Then add the operator to ALONE in tests/pytorch/test_memory.py and to FIELDS in
tests/pytorch/dags.py, and compare it alone, and in random networks with all the others:

    python -m pytest tests/pytorch/test_memory.py -k conv
    python -m pytest -m long tests/pytorch/test_dags.py

Sizes are elements per example, unless a field says that they do not grow with the batch. All facts
are measured with PyTorch 2.13 on a CPU."""

from collections.abc import Sequence
from math import prod

from cnnspec.ops.kit.windows import Axis
from cnnspec.records import Record
from cnnspec.units import Shape

OUTPUT = -1  # in Function.saves: the function's own output
PREVIOUS = -1  # in Function.inputs: the output of the function before; -2 is that before it, ...

# Function.gradient: what backward returns for an input.
NEW = "new"  # a new tensor
INCOMING = "incoming"  # the incoming gradient itself if it has the input's size, else a new tensor
VIEW = "view"  # a view of the incoming gradient
STRIDED_VIEW = "strided view"  # a view that is not contiguous, such as expand gives
RESHAPED = "reshaped"  # a view of a contiguous gradient, a copy of any other
PRODUCT = "product"  # the product with the other factor, summed where the input was broadcast
MATMUL = "matmul"  # the matrix product with the other factor
DIFFERENCE = "difference"  # of a - b: the incoming gradient itself for a, its negative for b

# The layouts of a tensor, as torch calls them. In a STRIDED_BATCH each example is contiguous, but
# not adjacent to the next.
CONTIGUOUS, CHANNELS_LAST, STRIDED, STRIDED_BATCH = 0, 1, 2, 3
# The layout that each of these gets when movedim makes the channels the last dimension, or undoes
# that and makes them the first.
LAYOUTS_AFTER_MOVE = {
    "last": (STRIDED, CONTIGUOUS, STRIDED, STRIDED),
    "first": (CHANNELS_LAST, STRIDED, CONTIGUOUS, STRIDED),
}

# Layout.strided: where the output is not contiguous.
BETWEEN_EXAMPLES = 1  # each example is contiguous, so a batch of one is, too
WITHIN_EXAMPLES = 2

# Layout.copies: what a kernel that needs contiguous tensors copies, for as long as it runs.
COPIES_STRIDED = "strided"  # strided inputs and gradients; saved inputs and indices into the
# gradient's memory format
COPIES_ALL = "all"  # as COPIES_STRIDED, and channels_last tensors too
COPIES_GRADIENT = "gradient"  # strided inputs; backward only the gradient, into the input's format
COPIES_GRADIENT_ONLY = "gradient only"  # the gradient, if the input is contiguous and it is not


class Layout(Record):
    """How a function's output, and the gradients that it returns, are laid out in memory."""

    strided: int = 0  # BETWEEN_EXAMPLES or WITHIN_EXAMPLES
    channels: str = ""  # the dimension that the channels are moved to: "last" or "first"
    view_if: tuple[int, ...] = ()  # the output is a view of these layouts, a copy of all others
    contiguous: bool = False  # output and gradients are contiguous, whatever the inputs are
    one_position: bool = False  # the output is contiguous and channels_last at once
    copies: str = ""


class Saved(Record):
    """What autograd saves for backward besides inputs and the output."""

    elements: int = 0  # in place only where an input needs a gradient
    constants: int = 0  # elements, as many for any batch
    indices: int = 0  # of 64 bits
    indices_for_gradient: bool = False  # there are indices only where a gradient is wanted
    channel_statistics: int = 0  # elements of a batch norm's mean, and as many of its deviation
    example_statistics: int = 0  # elements of each example's mean, and as many of its deviation
    scalar: bool = False  # a Python number as a tensor of 8 bytes
    pool_indices: bool = False  # the indices of the pool that the operator undoes


NOTHING_SAVED = Saved()


class Backward(Record):
    """What backward allocates besides gradients, and frees at once; and how it handles weights."""

    elements: int = 0
    constants: int = 0  # elements, as many for any batch; none if all the parameters are frozen
    bytes: int = 0  # per example, such as the masks of comparisons
    indices: int = 0  # of 64 bits, as many for any batch
    peak: int = 0  # elements alive at once, with the gradients of the inputs
    adds_out_of_place: bool = False  # a shared weight's gradients are added into a third tensor
    weight_as_input_from: int = 0  # the batch from which a weight's gradient has the input's
    # memory format, and is copied if that is channels_last; 0 is never


class Function(Record):
    """One function of PyTorch's: what it allocates, what it saves, what its backward needs."""

    # Forward:
    size: int  # of the output
    saves: tuple[int, ...] = ()  # positions in ``inputs``, or OUTPUT, that are saved for backward;
    # a product saves a factor only if the other one needs a gradient
    inputs: tuple[int, ...] = (0,)  # of the operator, or, counted back from PREVIOUS, outputs
    gradient: str = NEW
    parameters: tuple[str, ...] = ()  # of the operator, whose gradients backward allocates; the
    # weight first
    aliases: bool = False  # the output uses the first input's storage: a view, or in place
    held_for: int = 1  # as many functions follow before the output is released
    without_batch: bool = False  # the output is as large for any batch
    int64: bool = False  # the output's dtype is int64
    divides: bool = False  # by a Python number: 8 bytes and an element, forward and backward
    unbinds: bool = False  # the output is read in parts, whose gradients backward stacks

    saved: Saved = NOTHING_SAVED
    backward: Backward = Backward()
    layout: Layout = Layout()


Functions = tuple[Function, ...]
NO_FUNCTIONS: Functions = ()
UNTIL_END = 10**6  # Function.held_for: until the operator's last function is over


def saves_input(y: Shape) -> Functions:
    """Declare one function that saves its input."""
    return (Function(prod(y), saves=(0,)),)


def saves_output(y: Shape, inplace: bool = False) -> Functions:
    """Declare one function that saves its output, which is the changed input if ``inplace``."""
    return (Function(prod(y), saves=(OUTPUT,), aliases=inplace),)


def saves_input_or_copy(y: Shape, inplace: bool) -> Functions:
    """Declare one function that saves its input, or, in place, a copy of it."""
    if inplace:
        return (Function(prod(y), aliases=True, saved=Saved(elements=prod(y))),)
    return saves_input(y)


def view_of(y: Shape, gradient: str = VIEW, inputs: tuple[int, ...] = (0,)) -> Function:
    """Declare a reshape: a view unless the input is strided within its examples."""
    layout = Layout(view_if=(CONTIGUOUS, STRIDED_BATCH))
    return Function(prod(y), (), inputs, gradient, aliases=True, layout=layout)


def as_contiguous(x: Shape, *layouts: int) -> Function:
    """Declare ``contiguous()`` of the first input, which does not copy these ``layouts`` either."""
    layout = Layout(view_if=(CONTIGUOUS, *layouts))
    return Function(prod(x), gradient=INCOMING, aliases=True, layout=layout)


def softmax_functions(y: Shape) -> Functions:
    """Declare a softmax or log-softmax over the channels."""
    layout = Layout(copies=COPIES_GRADIENT, contiguous=True)
    softmax = Function(prod(y), saves=(OUTPUT,), inputs=(PREVIOUS,), layout=layout)
    return as_contiguous(y), softmax


def join_pairwise(y: Shape, inputs: int, saves: tuple[int, ...], gradient: str) -> Functions:
    """Declare functions that join the first two inputs, the result with the next, and so on."""
    pairs = [(PREVIOUS if i > 1 else 0, i) for i in range(1, inputs)]
    return tuple([Function(prod(y), saves, pair, gradient) for pair in pairs])


def slices_of(x: Shape, y: Shape) -> Functions:
    """Declare a slice along each dimension that becomes smaller; backward pads in new tensors."""
    if x == y:
        return (Function(prod(y), gradient=INCOMING, aliases=True),)
    functions: list[Function] = []
    for i in [i for i in range(len(x)) if x[i] != y[i]]:
        shape = (*y[: i + 1], *x[i + 1 :])
        layout = Layout(strided=BETWEEN_EXAMPLES if shape[1:] == x[1:] else WITHIN_EXAMPLES)
        inputs = (PREVIOUS if functions else 0,)
        functions.append(Function(prod(shape), (), inputs, aliases=True, layout=layout))
    return tuple(functions)


def reads_previous(functions: Functions) -> Functions:
    """Let the first of some functions read the output of one that is put before them."""
    return (functions[0].replace(inputs=(PREVIOUS,)), *functions[1:])


def window_sums(x: Shape, y: Shape, axes: Sequence[Axis]) -> Functions:
    """Declare ``building.window_sums``: pad if needed, average each window, multiply by its size."""
    padded = prod((x[0], *(a.padded for a in axes)))
    pad = (Function(padded),) if padded != prod(x) else ()
    inputs = (PREVIOUS if pad else 0,)
    means = Function(prod(y), (0,), inputs, layout=Layout(copies=COPIES_STRIDED))
    return (*pad, means, Function(prod(y), inputs=(PREVIOUS,), saved=Saved(scalar=True)))


def find_weight_as_input_from(x: Shape, weight: Shape, groups: int) -> int:
    """Return ``Backward.weight_as_input_from`` of a convolution.

    With one input channel or a 1x1 kernel, the two memory formats are the same. With one group, a
    3-D kernel that is small has a backward of its own for a single example."""
    kernel = weight[2:]
    if len(kernel) == 1 or weight[1] == 1 or prod(kernel) == 1:
        return 0
    small = len(kernel) == 3 and groups == 1 and min(kernel[1:]) <= 3 and prod(x[:3]) <= 20480
    return 2 if small else 1


class Result(int):
    """The output of a function in a FunctionSequence, by its position there."""


class FunctionSequence:
    """Functions in order, whose inputs are given as Results; each is held until it is freed."""

    def __init__(self) -> None:
        self.functions: list[Function] = []

    def add(self, function: Function, *inputs: int) -> Result:
        """Append a function of ``inputs``: indices of the operator's inputs, or Results."""
        position = len(self.functions)
        back = tuple([i - position if isinstance(i, Result) else i for i in inputs])
        self.functions.append(function.replace(inputs=back, held_for=UNTIL_END))
        return Result(position)

    def free(self, *values: int) -> None:
        """Release Results after the last function so far; inputs of the operator are left out."""
        for value in values:
            if isinstance(value, Result):
                held_for = max(len(self.functions) - 1 - value, 1)
                self.functions[value] = self.functions[value].replace(held_for=held_for)

    def finish(self, value: int, functions: Functions) -> Functions:
        """Append functions, the first of which reads ``value``, and return the whole sequence."""
        for function in functions:
            value = self.add(function, value)
        return tuple(self.functions)
