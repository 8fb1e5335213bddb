"""What PyTorch allocates and keeps when it runs an operator: the words in which operators declare it.

An operator runs as one function of PyTorch's or as several; each makes a value of what it reads, keeps what its
backward pass will need, and gives gradients to what it read. Sizes are elements an example. Facts are measured with
PyTorch 2.13 on a CPU.
"""

from math import prod
from typing import Any

from cnnspec.records import Record
from cnnspec.units import Shape

OUTPUT = -1  # among what a function keeps
LAST = -1    # among what a function reads: what the function before it gave

# What a function gives to a value that it read: a tensor of its own; the very gradient that it got; a view of that;
# such a view that does not lie in one piece; the product with the other factor; or, to the second, the negative.
NEW, SAME, VIEW, TURNED, PRODUCT, DIFFERENCE = "new", "same", "view", "turned", "product", "difference"


class Function(Record):
    """One function of PyTorch's.

    Forward: ``size`` is the elements of its output, which, if it ``shares``, lies in the storage of what it reads
    first: a view, or the same worked on in place. It does not lie in one piece where it is ``turned``: 1 between
    examples, 2 within one. ``reads`` are inputs of
    the operator by their index, or, counted back from LAST, what functions before it gave. Its output is held while
    as many functions as ``lives`` follow.

    Kept for the backward pass are ``keeps``, by their place in ``reads``, or OUTPUT; ``extra`` further elements;
    ``indices``, 64-bit integers; ``statistics``, two vectors of 32-bit numbers, as long for any batch; ``rows``, two
    such for each example; and a ``number`` of Python's, of 8 bytes.

    Backward: ``gradient`` is what it gives to each value that it read, summed up where that was repeated. It
    ``copies`` a value or a gradient that does not lie in one piece, needs ``whole`` elements for a gradient that does,
    and ``scratch`` elements for any. ``trained`` are the operator's parameters that get their gradients from it.
    Where one is read ``transposed``, two gradients that meet are added up in a third tensor.
    Where it ``divides`` by a number, 8 bytes and an element are there for that, forward and backward.
    """

    size: int
    keeps: tuple[int, ...] = ()
    reads: tuple[int, ...] = (0,)
    gradient: str = NEW
    shares: bool = False
    lives: int = 1
    extra: int = 0
    indices: int = 0
    statistics: int = 0
    rows: int = 0
    number: bool = False
    copies: bool = False
    whole: int = 0
    scratch: int = 0
    divides: bool = False
    turned: int = 0
    transposed: bool = False
    trained: tuple[str, ...] = ()


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


def pairwise(y: Shape, inputs: int, keeps: tuple[int, ...], gradient: str) -> Functions:
    """The first two inputs joined, then what comes of it with the next, and so on."""
    reads = [(LAST if i > 1 else 0, i) for i in range(1, inputs)]
    return tuple([Function(prod(y), keeps, pair, gradient) for pair in reads])


def view(y: Shape, gradient: str = VIEW) -> Functions:
    """The same storage, read otherwise."""
    return (Function(prod(y), (), gradient=gradient, shares=True),)


def slices(x: Shape, y: Shape) -> Functions:
    """A slice along each dimension that becomes smaller; the gradient of each is as large as what it read."""
    sizes = [(*y[:i + 1], *x[i + 1:]) for i in range(len(x)) if x[i] != y[i]]
    return tuple([Function(prod(s), (), (LAST if i else 0,), shares=True, turned=1 if s[1:] == x[1:] else 2)
                  for i, s in enumerate(sizes)])
