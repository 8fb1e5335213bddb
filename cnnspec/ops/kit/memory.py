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
reads input 0, and its gradient is a new tensor. A ReLU saves its output: ``saves=(OUTPUT,)``. An
addition saves nothing, and returns the incoming gradient itself for each input:
``Function(prod(y), inputs=(0, 1), gradient=INCOMING)``.

To measure a new operator, print the planned and the real allocations side by side:

    python -m tests.memory_of conv 'out_channels = 4, kernel_size = 3, padding = 1'

Then compare its examples, and random networks with it and all the others (their fields are drawn
by tests/pytorch/drawn_fields.py):

    python -m pytest -m "long or not long" tests/pytorch/test_memory_of_examples.py -k conv
    python -m pytest -m long tests/pytorch/test_dags.py

Sizes are elements per example, unless a field says that they do not grow with the batch. All facts
are measured with PyTorch 2.13 on a CPU."""

from math import prod

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
QUOTIENT = "quotient"  # of a / b: a new tensor for each; four for a while, if b wants one
SELECTED = "selected"  # of a maximum: a new tensor for each; a half of it and two masks for a while
SCATTERED = "scattered"  # a new tensor with the input's layout, into which the gradient is copied

# The layouts of a tensor, as torch calls them. In a STRIDED_BATCH each example is contiguous, but
# not adjacent to the next; in STRIDED_CHANNELS, each channel. MOVED is a contiguous tensor after
# a movedim that made the channels the last dimension.
CONTIGUOUS, CHANNELS_LAST, STRIDED, STRIDED_BATCH, STRIDED_CHANNELS, MOVED = range(6)
STRIDED_LAYOUTS = (STRIDED, STRIDED_BATCH, STRIDED_CHANNELS, MOVED)
# The layout that each of these gets when movedim makes the channels the last dimension, or undoes
# that and makes them the first.
LAYOUTS_AFTER_MOVE = {
    "last": (MOVED, CONTIGUOUS, STRIDED, STRIDED, STRIDED, STRIDED),
    "first": (CHANNELS_LAST, STRIDED, STRIDED, STRIDED, STRIDED, CONTIGUOUS),
}

# Layout.strided: where the output is not contiguous.
BETWEEN_EXAMPLES = 1  # each example is contiguous, so a batch of one is, too
WITHIN_EXAMPLES = 2
BETWEEN_CHANNELS = 3  # each channel is contiguous

# Layout.copies: what a kernel that needs contiguous tensors copies, for as long as it runs.
# Forward, all but the last copy strided inputs. Backward, they copy:
COPIES_STRIDED = "strided"  # a strided gradient; what was saved, into the gradient's format
COPIES_ALL = "all"  # the gradient and what was saved, unless contiguous
COPIES_GRADIENT = "gradient"  # the gradient, into the input's format
COPIES_GRADIENT_ONLY = "gradient only"  # the gradient, if the input is contiguous and it is not


class Layout(Record):
    """How a function's output, and the gradients that it returns, are laid out in memory."""

    # BETWEEN_EXAMPLES, WITHIN_EXAMPLES or BETWEEN_CHANNELS.
    strided: int = 0
    # The dimension to which movedim moves the channels: "last" or "first".
    channels: str = ""
    # The gradient of a batch of one example is strided.
    strided_gradient_of_one: bool = False
    # If ``aliases``: the input's layouts of which the output is a view. It is a copy of all others.
    view_if: tuple[int, ...] = ()
    keeps_last: bool = True  # a view of one example in channels_last is channels_last, not strided
    # Output and gradients are contiguous whatever the inputs are.
    contiguous: bool = False
    # The output has one position per channel, so it is contiguous and channels_last at once.
    one_position: bool = False
    # Output and gradients are MOVED where what is read is; by default they are contiguous.
    keeps_moved: bool = False
    # A gradient has the layout of the input, or of the incoming gradient. By default, it has that
    # of the input if it has another size than the incoming one, or if there are parameters.
    gradient_as_input: bool = False
    gradient_as_incoming: bool = False
    # COPIES_STRIDED, COPIES_ALL, COPIES_GRADIENT or COPIES_GRADIENT_ONLY.
    copies: str = ""


class Saved(Record):
    """What autograd saves for backward besides inputs and output."""

    # In place, they are allocated only where a gradient is wanted.
    elements: int = 0
    # Elements that do not grow with the batch.
    constants: int = 0
    # int64 numbers; if ``indices_for_gradient``, only where a gradient is wanted.
    indices: int = 0
    indices_for_gradient: bool = False
    # Elements of a batch norm's mean, which do not grow with the batch; as many of its deviation.
    channel_statistics: int = 0
    # Elements of each example's mean, as many of its deviation.
    example_statistics: int = 0
    # A Python number, as a tensor of 8 bytes.
    scalar: bool = False
    # The indices of the pool that the operator undoes.
    pool_indices: bool = False


class Backward(Record):
    """What backward allocates besides gradients and frees at its end; how it handles the weight."""

    elements: int = 0
    # Elements where the first input needs a gradient.
    gradient_elements: int = 0
    # Elements that do not grow with the batch; none if all the function's parameters are frozen.
    constants: int = 0
    constants_from: int = 1  # and none for a smaller batch
    # Bytes per example, such as the masks of comparisons.
    bytes: int = 0
    # int64 numbers that do not grow with the batch.
    indices: int = 0
    # Elements that are alive at once, including the gradients of the inputs.
    peak: int = 0
    # The gradients of a weight that layers share are added into a third tensor.
    adds_out_of_place: bool = False
    # From this batch on, the weight's gradient has the input's memory format, and is copied if that
    # is channels_last. 0 means never.
    weight_as_input_from: int = 0


NOTHING_SAVED, NO_SCRATCH, DEFAULT_LAYOUT = Saved(), Backward(), Layout()


class Function(Record):
    """One PyTorch function: what it allocates, what it saves, and what its backward needs."""

    # The elements of the output; if ``without_batch``, they do not grow with the batch.
    size: int
    # What is saved for backward: positions in ``inputs``, or OUTPUT. A function whose gradient is
    # PRODUCT or MATMUL saves a factor only if the other one needs a gradient.
    saves: tuple[int, ...] = ()
    # The operator's inputs from 0 on, and outputs of functions back from PREVIOUS.
    inputs: tuple[int, ...] = (0,)
    # What backward returns for the inputs: NEW, INCOMING, VIEW, ...
    gradient: str = NEW
    # The operator's parameters to which backward gives gradients, the weight first.
    parameters: tuple[str, ...] = ()
    # The output uses the storage of the first input: it is a view, or the function is in place.
    aliases: bool = False
    inplace: bool = False
    # The number of functions that run until the output is released.
    held_for: int = 1
    without_batch: bool = False
    # The output's dtype is int64.
    int64: bool = False
    # It divides by a Python number: 8 bytes and an element for a while, forward and backward.
    divides: bool = False
    # The output is read in parts; backward stacks the gradients of the parts.
    unbinds: bool = False
    # Output and gradient are what is read, resized in a storage that never becomes smaller.
    resizes: bool = False

    saved: Saved = NOTHING_SAVED
    backward: Backward = NO_SCRATCH
    layout: Layout = DEFAULT_LAYOUT


Functions = tuple[Function, ...]
NO_FUNCTIONS: Functions = ()


def saves_input(y: Shape) -> Functions:
    """Declare one function that saves its input."""
    return (Function(prod(y), saves=(0,)),)


def saves_output(y: Shape, inplace: bool = False) -> Functions:
    """Declare one function that saves its output, which is the changed input if ``inplace``."""
    return (Function(prod(y), saves=(OUTPUT,), aliases=inplace, inplace=inplace),)


def saves_input_or_copy(y: Shape, inplace: bool) -> Functions:
    """Declare one function that saves its input, or, in place, a copy of it."""
    if inplace:
        saved = Saved(elements=prod(y))
        return (Function(prod(y), aliases=True, inplace=True, saved=saved),)
    return saves_input(y)


def view_of(y: Shape, inputs: tuple[int, ...] = (0,)) -> Function:
    """Declare a reshape: a view unless the input is strided within its examples."""
    layout = Layout(view_if=(CONTIGUOUS, STRIDED_BATCH))
    return Function(prod(y), (), inputs, VIEW, aliases=True, layout=layout)


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


def slices_of(x: Shape, y: Shape, steps: bool = False) -> Functions:
    """Declare a slice along each dimension that becomes smaller; backward pads in new tensors.

    With ``steps``, the slices of positions leave out some in between."""
    if x == y:
        return (Function(prod(y), gradient=INCOMING, aliases=True),)
    functions: list[Function] = []
    for i in [i for i in range(len(x)) if x[i] != y[i]]:
        shape = (*y[: i + 1], *x[i + 1 :])
        strided = BETWEEN_EXAMPLES if prod(x[:i]) == 1 else WITHIN_EXAMPLES
        if strided == WITHIN_EXAMPLES and prod(x[1:i]) == 1 and not steps:
            strided = BETWEEN_CHANNELS
        layout, inputs = Layout(strided=strided), (PREVIOUS if functions else 0,)
        functions.append(Function(prod(shape), (), inputs, aliases=True, layout=layout))
    return tuple(functions)


def reads_previous(functions: Functions) -> Functions:
    """Let the first of some functions read the output of one that is put before them."""
    return (functions[0].replace(inputs=(PREVIOUS,)), *functions[1:])
