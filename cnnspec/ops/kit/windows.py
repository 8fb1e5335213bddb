"""Sliding windows: their arithmetic, and which input positions an output position reads."""

from collections.abc import Callable, Iterator
from math import gcd
from operator import eq
from typing import Any, NoReturn

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.list_fields import Padding, PerAxis
from cnnspec.records import Record
from cnnspec.units import Shape


class Phases:
    """The offsets of ``n`` phases, computed on demand: a spec can make n as large as 2**31.

    It is no ``collections.abc.Sequence``, because defining such a class takes as long as importing
    a module."""

    def __init__(self, n: int, at: Callable[[int], range]):
        self.n, self.at = n, at

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, r: int) -> range:
        if not 0 <= r < self.n:
            raise IndexError(r)
        return self.at(r)

    def __iter__(self) -> Iterator[range]:
        return map(self.at, range(self.n))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Phases | tuple)
            and len(self) == len(other)
            and all(map(eq, self, other))
        )

    __hash__ = None  # type: ignore[assignment]


class Window(Record):
    """What one dimension of an operator reads, on an input without borders.

    The output position ``period*t + r`` reads the input positions ``advance*t + o`` for each ``o``
    in ``offsets[r]``; without offsets it reads nothing. A convolution has the period 1, the advance
    S, and the offsets -P, -P + D, ..."""

    period: int
    advance: int
    offsets: tuple[range, ...] | Phases


def single_offset(offset: int) -> range:
    """Return a range with one offset."""
    return range(offset, offset + 1)


class SimpleReach(Record):
    """A reach that needs no arithmetic: the ``SAME`` position or the ``WHOLE`` input."""

    name: str


SAME = SimpleReach("same")
WHOLE = SimpleReach("whole")
Reach = SimpleReach | tuple[Window, ...]


class Axis(Record):
    """One spatial dimension of a sliding window: its input size W, kernel K, stride S, dilation D.

    ``before`` and ``after`` are the padding on each side."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def extent(self) -> int:
        """The number of positions from the window's first to its last: D*(K - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def padded(self) -> int:
        return self.size + self.before + self.after

    @property
    def positions(self) -> int:
        """The number of windows that fit: floor((W - (D*(K - 1) + 1) + before + after)/S) + 1."""
        return (self.padded - self.extent) // self.stride + 1

    @property
    def window(self) -> Window:
        first = -self.before
        return Window(1, self.stride, (range(first, first + self.extent, self.dilation),))

    @property
    def transposed(self) -> Window:
        """The window of the transposed operator: y reads each x with y = x*S - P + D*j, j < K."""
        common = gcd(self.dilation, self.stride)
        turn, step = (
            self.stride // common,
            self.dilation // common,
        )  # of j and of x, from a window with y to the next
        inverse = pow(step, -1, turn)

        def reads(r: int) -> range:
            y = r + self.before
            first = y // common * inverse % turn
            if y % common or first >= self.kernel:
                return range(0)
            lowest = first + (self.kernel - 1 - first) // turn * turn
            x = [(y - self.dilation * j) // self.stride for j in (lowest, first)]
            return range(x[0], x[1] + 1, step)

        return Window(self.stride, 1, Phases(self.stride, reads))


def per_dimension(field: str, value: PerAxis, n: int) -> tuple[int, ...]:
    """Return ``value`` for each of ``n`` dimensions.

    Raises OperatorError (D001) for a list of another length."""
    if isinstance(value, int):
        return (value,) * n
    if len(value) != n:
        raise OperatorError(
            "D001",
            f"{field} has {len(value)} values, but $0 has {n} spatial dimension{'s' * (n > 1)}",
            f"give one number for all, or {n}",
            field=field,
        )
    return value


def sides_per_dimension(padding: Padding, n: int) -> list[tuple[int, int]]:
    """Return a padding in numbers as (before, after) for each of ``n`` dimensions.

    Raises OperatorError (D001) for a list of another length."""
    sides: Any = (padding,) * n if isinstance(padding, int) else padding
    return [
        side if isinstance(side, tuple) else (side, side)
        for side in per_dimension("padding", sides, n)
    ]


def make_axes(
    x: Shape,
    kernel_size: PerAxis,
    stride: PerAxis,
    padding: Padding,
    dilation: PerAxis = 1,
    ceil: bool = False,
) -> list[Axis]:
    """Return the sliding window along each spatial dimension of ``x``.

    With ``ceil``, a window may reach beyond the padded input by less than a stride. Raises
    OperatorError (D001, D002)."""
    sizes = x[1:]
    n = len(sizes)
    kernels = per_dimension("kernel_size", kernel_size, n)
    strides = per_dimension("stride", stride, n)
    dilations = per_dimension("dilation", dilation, n)
    if isinstance(padding, tuple) and len(padding) != n:
        per_dimension("padding", padding, n)
    result = []
    for i, (w, k, s, d) in enumerate(zip(sizes, kernels, strides, dilations, strict=True)):
        axis = Axis(
            w,
            k,
            s,
            d,
            *padding_sides(padding[i] if isinstance(padding, tuple) else padding, w, k, s, d),
        )
        if axis.extent > axis.padded + (s - 1) * ceil:
            raise_too_small(axis)
        result.append(axis)
    return result


def padding_sides(padding: Any, w: int, k: int, s: int, d: int) -> tuple[int, int]:
    """Return the zeros (before, after) that a padding adds along a dimension."""
    match padding:
        case "valid":
            return 0, 0
        case "half":
            return (d * (k - 1) + 1) // 2, (d * (k - 1) + 1) // 2
        case "same":
            total = max((-(-w // s) - 1) * s + d * (k - 1) + 1 - w, 0)
            return total // 2, total - total // 2
        case (before, after):
            return before, after
    return padding, padding


def raise_too_small(axis: Axis) -> NoReturn:
    """Raise the OperatorError (D002) for a window that is larger than its padded input."""
    each = -(-(axis.extent - axis.size) // 2)
    pad = f" + {axis.before} + {axis.after} of padding" if axis.before or axis.after else ""
    spread = "" if axis.dilation == 1 else f" (kernel {axis.kernel}, dilation {axis.dilation})"
    raise OperatorError(
        "D002",
        f"a window of {axis.extent}{spread} does not fit into {axis.size}{pad}: the output would be"
        " empty",
        f"a kernel_size of at most {(axis.padded - 1) // axis.dilation + 1}, padding = {each}, "
        f"or a larger input ($0 gives {axis.size})",
        field="kernel_size",
    )
