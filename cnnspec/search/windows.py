"""Windows that turn one size into another: the arithmetic of a convolution or pool, backwards.

floor((W + 2P - D*(K - 1) - 1)/S) + 1 for a convolution or a pool, and (W - 1)*S - 2P + D*(K - 1)
+ 1 + A for a transposed convolution (Dumoulin & Visin 2016, A guide to convolution arithmetic)."""

from collections.abc import Iterator, Sequence
from itertools import product

from cnnspec.analyses.input_sizes import count_unread
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import RequestError
from cnnspec.records import Record

OPERATORS = ("conv", "pool", "conv_transpose")
KERNELS, DILATIONS = range(1, 12), (1,)  # what is tried where nothing is given
MOST_STRIDE, MOST_WINDOWS = 64, 200_000


class WindowRanges(Record):
    """The values to try; None means the default, which depends on the sizes and the kernel."""

    kernels: Sequence[int] | None = None
    strides: Sequence[int] | None = None
    paddings: Sequence[int] | None = None
    dilations: Sequence[int] | None = None


class SolvedWindow(Record):
    """A window on an input: kernel K, stride S, padding P on both sides, dilation D.

    ``output`` is the size it gives, ``unread`` the number of positions at the end of the input that
    no window reads, and ``output_padding`` what a transposed convolution adds at the end."""

    operator: str
    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    output: int
    unread: int = 0
    output_padding: int = 0

    @property
    def skips(self) -> bool:
        """Whether the stride skips positions between two windows."""
        extent = self.dilation * (self.kernel - 1) + 1
        return self.operator != "conv_transpose" and self.stride > extent

    @property
    def formula(self) -> str:
        """The formula of the output's size with the numbers."""
        w, k, s, p, d = self.size, self.kernel, self.stride, self.padding, self.dilation
        extent = str(k) if d == 1 else f"({d}*({k} - 1) + 1)"
        if self.operator == "conv_transpose":
            more = f" + {self.output_padding}" if self.output_padding else ""
            return f"({w} - 1)*{s} - 2*{p} + {extent}{more} = {self.output}"
        return f"floor(({w} - {extent} + 2*{p})/{s}) + 1 = {self.output}"


def find_windows(
    operator: str, size: int, output: int, ranges: WindowRanges
) -> tuple[list[SolvedWindow], bool]:
    """Return the windows that give a size, simplest first; else those that come nearest, and False.

    Raises RequestError for too many combinations."""
    exact: list[SolvedWindow] = []
    nearest: list[SolvedWindow] = []
    for window in iterate_windows(operator, size, output, ranges):
        if window.output == output:
            exact.append(window)
        elif not exact:
            distance = abs(window.output - output)
            least = abs(nearest[0].output - output) if nearest else distance + 1
            if distance <= least:
                nearest = [window] if distance < least else [*nearest, window]
    return sorted(exact or nearest, key=simplicity), bool(exact)


def describe_ranges(operator: str, size: int, output: int, ranges: WindowRanges) -> str:
    """Say which values are tried: ``kernel 1..11, stride 1..9, padding 0..K/2, dilation 1``."""
    strides = ranges.strides or default_strides(operator, size, output)
    parts = [
        f"kernel {describe_values(ranges.kernels or KERNELS)}",
        f"stride {describe_values(strides)}",
        f"padding {describe_values(ranges.paddings) if ranges.paddings else '0..K/2'}",
        f"dilation {describe_values(ranges.dilations or DILATIONS)}",
    ]
    return ", ".join(parts)


def describe_values(values: Sequence[int]) -> str:
    """Return values as a range, or as a list where they have gaps."""
    if len(values) > 2 and list(values) == list(range(values[0], values[-1] + 1)):
        return f"{values[0]}..{values[-1]}"
    return ", ".join(map(str, values[:20])) + (", ..." if len(values) > 20 else "")


def simplicity(window: SolvedWindow) -> tuple[object, ...]:
    """Return the sort key of windows: those that read all and are symmetric come first."""
    same = 2 * window.padding == window.dilation * (window.kernel - 1)
    tiles = window.kernel == window.stride and not window.padding
    return (
        window.unread > 0 or window.skips,
        window.dilation,
        window.output_padding,
        not (same or tiles),
        window.kernel,
        window.stride,
        window.padding,
    )


def iterate_windows(
    operator: str, size: int, output: int, ranges: WindowRanges
) -> Iterator[SolvedWindow]:
    """Iterate over the windows in the ranges that fit the input."""
    kernels = ranges.kernels or KERNELS
    strides = ranges.strides or default_strides(operator, size, output)
    dilations = ranges.dilations or DILATIONS
    paddings = ranges.paddings
    most = max(kernels) * max(dilations) if paddings is None else len(paddings)
    if len(kernels) * len(strides) * len(dilations) * most > MOST_WINDOWS:
        raise RequestError("these ranges have too many combinations; give smaller ones")
    for kernel, stride, dilation in product(kernels, strides, dilations):
        for padding in (
            default_paddings(operator, kernel, dilation) if paddings is None else paddings
        ):
            yield from make_windows(operator, size, output, kernel, stride, padding, dilation)


def default_strides(operator: str, size: int, output: int) -> Sequence[int]:
    """Return the strides that can bridge two sizes: up to their ratio, rounded up, and one more."""
    large, small = (output, size) if operator == "conv_transpose" else (size, output)
    return range(1, min(MOST_STRIDE, -(-large // small) + 1) + 1)


def default_paddings(operator: str, kernel: int, dilation: int) -> Sequence[int]:
    """Return the paddings from 0 to half the window; PyTorch's pools take no more."""
    extent = dilation * (kernel - 1) + 1
    return range((kernel if operator == "pool" else extent) // 2 + 1)


def make_windows(
    operator: str, size: int, output: int, kernel: int, stride: int, padding: int, dilation: int
) -> Iterator[SolvedWindow]:
    """Make the window of these settings, if it fits the input and has an output."""
    axis = Axis(size, kernel, stride, dilation, padding, padding)
    given = (operator, size, kernel, stride, padding, dilation)
    if operator == "conv_transpose":
        bare = (size - 1) * stride - 2 * padding + axis.extent
        added = output - bare if 0 < output - bare < stride else 0
        if bare + added > 0:
            yield SolvedWindow(*given, bare + added, output_padding=added)
    elif axis.padded >= axis.extent and (operator == "conv" or 2 * padding <= kernel):
        positions = axis.positions
        yield SolvedWindow(*given, positions, count_unread(axis, positions))
