"""What PyTorch allocates and keeps when it runs an operator: the words in which operators declare
it.

An operator runs as one function of PyTorch's or as several; each makes a value of what it reads,
keeps what its backward pass will need, and gives gradients to what it read. Sizes are elements an
example, unless they say that they are the same ``for any batch``. Facts are measured with PyTorch
2.13 on a CPU."""

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit.windows import Axis
from cnnspec.records import Record
from cnnspec.units import Shape

OUTPUT = -1  # among what a function keeps
LAST = -1  # among what a function reads: what the function before it gave

# What a function gives to a value that it read:
NEW = "new"  # a tensor of its own
SAME = "same"  # the very gradient that it got, where that has the size; else a new one
VIEW = "view"  # a view of the gradient that it got
TURNED = "turned"  # such a view, which does not lie in one piece
FOLDED = "folded"  # a view; but a copy of a gradient that does not lie in one piece
PRODUCT = "product"  # the product with the other factor, summed up where that was repeated
MATRIX = "matrix"  # a matrix product with the other factor
DIFFERENCE = "difference"  # the very gradient to the first, the negative to the second

# How a value lies in its storage: in one piece, in one piece with the channels last, otherwise, or
# each example in one piece, apart from the next; and what becomes of each when the channels are
# moved out to the end, and back.
DENSE, LAST_CHANNELS, LOOSE, APART = 0, 1, 2, 3
MOVES = {"out": (LOOSE, DENSE, LOOSE, LOOSE), "back": (LAST_CHANNELS, LOOSE, DENSE, LOOSE)}


class Function(Record):
    """One function of PyTorch's: what it gives, what it keeps, and what its backward pass needs for
    a while."""

    size: int  # elements of what it gives
    keeps: tuple[
        int, ...
    ] = ()  # for its backward pass, by the place in reads, or OUTPUT; of factors, only those
    # by which another one's gradient is found
    reads: tuple[int, ...] = (
        0,
    )  # inputs of the operator, or, counted back from LAST, what functions before it gave
    gradient: str = NEW  # to each of them; those that were repeated get its sum
    shares: bool = (
        False  # it gives what lies in the storage of the first that it reads: a view, or in place
    )
    lives: int = 1  # as many functions follow while what it gives is held

    fixed: bool = False  # what it gives is as large for any batch
    whole_numbers: bool = False  # and consists of 64-bit numbers
    turned: int = 0  # it does not lie in one piece: 1 between examples, 2 within one
    moves: str = ""  # channels "out" to the end, or "back"
    reshapes: tuple[int, ...] = ()  # how what it shares must lie, or it is copied
    plain: bool = False  # it gives values and gradients in one piece, however what it reads lies
    parts: bool = False  # it is read in parts, whose gradients are held side by side

    extra: int = 0  # kept besides: elements
    constants: int = 0  # elements, as many for any batch
    indices: int = 0  # 64-bit numbers
    lazy: bool = False  # of which there are none where no gradient is wanted
    statistics: int = (
        0  # a batch norm's two vectors, as long for any batch, and what it needs for a while
    )
    rows: int = 0  # two vectors for each example
    number: bool = False  # a number of Python's, of 8 bytes
    unpools: bool = False  # the indices of the pool that the operator undoes

    trained: tuple[
        str, ...
    ] = ()  # the operator's parameters that get their gradients from it, the factor first
    transposed: bool = (
        False  # one of which is read so, that two gradients of it are added up in a third tensor
    )
    relaid: int = (
        0  # whose gradient lies as what it read, from this batch on, and is copied where that
    )
    # has its channels last
    divides: bool = False  # 8 bytes and an element are there for a number, forward and backward
    copies: bool = (
        False  # it copies values and gradients that do not lie in one piece, or as each other
    )
    straight: bool = False  # it copies what lies with the channels last, too
    only_gradient: int = 0  # backward but the gradient: at all, or only where it is LOOSE
    single: bool = (
        False  # what it gives is at one position: with channels last or not, it lies in one piece
    )
    scratch: int = 0  # needed backward for any
    fixed_scratch: int = (
        0  # as many for any batch, where parameters get gradients, if there are any
    )
    masks: int = 0  # needed backward: values of one byte
    places: int = 0  # 64-bit numbers, as many for any batch
    most: int = 0  # held backward at once, the gradients of what it read among them


Functions = tuple[Function, ...]
NOTHING: Functions = ()


def keeping_input(y: Shape, **more: Any) -> Functions:
    """One function that keeps what it reads."""
    return (Function(prod(y), (0,), **more),)


def keeping_output(y: Shape, inplace: bool = False) -> Functions:
    """One function of elements that keeps what it gives; in place it gives what it read."""
    return (Function(prod(y), (OUTPUT,), shares=inplace),)


def keeping_nothing(y: Shape, gradient: str = NEW, **more: Any) -> Functions:
    """One function whose gradient needs no values."""
    return (Function(prod(y), (), gradient=gradient, **more),)


def keeping_input_or_copy(y: Shape, inplace: bool) -> Functions:
    """One function that keeps what it reads, or, in place, a copy of it."""
    return (Function(prod(y), () if inplace else (0,), shares=inplace, extra=inplace * prod(y)),)


def in_one_piece(y: Shape, *more: int) -> Function:
    """The first input, which is copied unless it lies in one piece, or as ``more`` says."""
    return Function(prod(y), (), gradient=SAME, shares=True, reshapes=(DENSE, *more))


def pairwise(y: Shape, inputs: int, keeps: tuple[int, ...], gradient: str) -> Functions:
    """The first two inputs joined, then what comes of it with the next, and so on."""
    reads = [(LAST if i > 1 else 0, i) for i in range(1, inputs)]
    return tuple([Function(prod(y), keeps, pair, gradient) for pair in reads])


def view(y: Shape, gradient: str = VIEW) -> Functions:
    """The same storage, read otherwise."""
    return (Function(prod(y), (), gradient=gradient, shares=True, reshapes=(DENSE, APART)),)


def slices(x: Shape, y: Shape) -> Functions:
    """A slice along each dimension that becomes smaller, or the same under another name.

    The gradient of each is as large as what it read.
    """
    if x == y:
        return (Function(prod(y), gradient=SAME, shares=True),)
    sizes = [(*y[: i + 1], *x[i + 1 :]) for i in range(len(x)) if x[i] != y[i]]
    return tuple(
        [
            Function(
                prod(s), (), (LAST if i else 0,), shares=True, turned=1 if s[1:] == x[1:] else 2
            )
            for i, s in enumerate(sizes)
        ]
    )


def after(functions: Functions) -> Functions:
    """Functions, of which the first reads an input, with another before them that does."""
    return (functions[0].replace(reads=(LAST,)), *functions[1:])


def relaid(x: Shape, weight: Shape, groups: int) -> int:
    """From which batch on a convolution gives its weight a gradient that lies as its input; 0 where
    that is no matter.

    With one channel or one position all lie alike. Small 3-D kernels have a way of their own for
    one example."""
    kernel = weight[2:]
    if len(kernel) == 1 or weight[1] == 1 or prod(kernel) == 1:
        return 0
    return (
        2
        if len(kernel) == 3 and groups == 1 and min(kernel[1:]) <= 3 and prod(x[:3]) <= 20480
        else 1
    )


def window_sums(x: Shape, y: Shape, axes: Sequence[Axis]) -> Functions:
    """What ``building.window_sums`` does: a padded copy, where there is padding, means, and their
    size as a factor."""
    padded = prod((x[0], *(a.padded for a in axes)))
    means = (Function(prod(y), (0,), copies=True),)
    pad = (Function(padded),) if padded != prod(x) else ()
    return (*pad, *(after(means) if pad else means), Function(prod(y), reads=(LAST,), number=True))


class Made(int):
    """What a function of a course gave, by the function's place there."""


class Course:
    """Functions written down one after the other. What is not freed is held until all have run."""

    def __init__(self) -> None:
        self.functions: list[Function] = []

    def run(self, size: int, *reads: int, **more: Any) -> Made:
        """One function more; it ``reads`` inputs of the operator by index, or what others Made."""
        at = len(self.functions)
        behind = tuple([r - at if isinstance(r, Made) else r for r in reads])
        self.functions.append(Function(size, reads=behind, lives=10**6, **more))
        return Made(at)

    def free(self, *made: int) -> None:
        """What is not needed any more; an input is not this operator's to free."""
        for place in made:
            if isinstance(place, Made):
                lives = max(len(self.functions) - 1 - place, 1)
                self.functions[place] = self.functions[place].replace(lives=lives)

    def then(self, value: int, functions: Functions) -> Functions:
        """The whole course, and then functions of a value, which dies with the first of them."""
        for i, function in enumerate(functions):
            self.run(
                function.size,
                Made(len(self.functions) - 1) if i else value,
                **{k: v for k, v in vars(function).items() if k not in ("size", "reads", "lives")},
            )
        return tuple(self.functions)
