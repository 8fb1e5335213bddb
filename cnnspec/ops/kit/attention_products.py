"""Attention of given queries, keys and values: how it runs in PyTorch.

attention_memory.py declares its functions in the same order."""

from collections.abc import Callable
from typing import Any

from cnnspec.ops.kit import modules
from cnnspec.ops.kit.bias_table import SYMMETRIC
from cnnspec.ops.kit.windows import Phases, Reach, Window
from cnnspec.records import Record
from cnnspec.units import Shape


def attend(
    inputs: tuple[Any, Any, Any],
    heads: int,
    scale: float,
    biases: Any,
    drop: Callable[[Any], Any],
) -> Any:
    """Attend from q to k and v, each B x C x positions; ``biases`` are added to the products."""
    q, k, v = (x.contiguous().unflatten(1, (heads, -1)) for x in inputs)
    weights = (q * scale).mT @ k
    for bias in biases:
        weights = weights + bias
    weights = drop(weights.softmax(-1))
    return (weights @ v.mT).mT.flatten(1, 2).contiguous()


class Windows(Record):
    """The windows of a map of ``positions``: ``sizes`` of them see each other, or all if None.

    They are ``dilation`` apart, and the windows are moved by ``shift``."""

    positions: Shape
    sizes: Shape | None
    dilation: int = 1
    shift: int = 0

    @property
    def parts(self) -> tuple[int, ...]:
        """The sizes of each dimension's parts: windows, positions of one, and places between."""
        sizes, d = self.sizes or self.positions, self.dilation
        each = zip(self.positions, sizes, strict=True)
        return tuple([part for w, m in each for part in (w // (m * d), m, d)])

    @property
    def order(self) -> tuple[int, ...]:
        """The order of B x C x parts in which windows come first, then channels and positions."""
        starts = range(2, 2 + len(self.parts), 3)
        return (0, *starts, *(i + 2 for i in starts), 1, *(i + 1 for i in starts))

    @property
    def reach(self) -> Reach:
        """What each dimension reads: the positions of its window, which starts at shift."""
        return tuple([self.reads(m * self.dilation) for m in self.sizes or self.positions])

    def reads(self, m: int) -> Window:
        start = self.shift % m
        return Window(m, m, Phases(m, lambda r: range(first := start - m * (r < start), first + m)))


def make_forward(
    torch: Any, heads: int, scale: float, windows: Windows, learns_bias: str, dropout: float
) -> Any:
    """Return the forward function of a module and of batches of queries, keys and values.

    ``learns_bias`` is "" for none, "relative", or "symmetric" where both sides share one.
    ``dropout`` is the probability with which a weight is dropped in training."""
    positions, sizes = windows.positions, windows.sizes

    def forward(module: Any, q: Any, k: Any, v: Any, *given: Any) -> Any:
        biases = list(given)
        if sizes is None:
            rows = [x.flatten(2) for x in (q, k, v)]
        else:
            rows = [to_windows(torch, x, windows) for x in (q, k, v)]
        if learns_bias:
            table = module.relative_position_bias_table
            if learns_bias == SYMMETRIC:
                among = (sizes or positions, sizes or tuple(k.shape[2:]))
                biases.append(look_up_symmetric_biases(torch, table, *among))
            else:
                biases.append(look_up_biases(torch, table, sizes or positions))
        if windows.shift and sizes:
            mask = mask_strangers(torch, windows, sizes, q)
            biases.append(mask.repeat(len(q), 1, 1)[:, None])
        drop = modules.make_dropout(torch, dropout, module.training)
        y = attend((rows[0], rows[1], rows[2]), heads, scale, biases, drop)
        if sizes is None:
            return y.unflatten(2, positions)
        return from_windows(torch, y, windows, sizes)

    return forward


def to_windows(torch: Any, x: Any, windows: Windows) -> Any:
    """Cut B x C x H x ... into windows: (B * windows) x C x positions."""
    n = len(windows.positions)
    if windows.shift:
        x = torch.roll(x, (-windows.shift,) * n, tuple(range(2, 2 + n)))
    blocks = x.reshape(*x.shape[:2], *windows.parts).permute(windows.order)
    return blocks.flatten(0, 2 * n).flatten(2).contiguous()


def from_windows(torch: Any, y: Any, windows: Windows, sizes: Shape) -> Any:
    """Join windows to maps again, and undo the shift."""
    n, shift = len(sizes), windows.shift
    lead = [windows.parts[i - 2] for i in windows.order[1 : 1 + 2 * n]]
    blocks = y.unflatten(2, sizes).unflatten(0, (-1, *lead))
    back = sorted(range(2 + 3 * n), key=windows.order.__getitem__)
    x = blocks.permute(back)
    x = x.reshape(*x.shape[:2], *windows.positions)
    return torch.roll(x, (shift,) * n, tuple(range(2, 2 + n))) if shift else x


def look_up_biases(torch: Any, table: Any, sizes: Shape) -> Any:
    """Return the biases of a window, heads x positions x positions, from those of distances."""
    index: Any = 0
    for axis, m in enumerate(sizes):
        places = number_places(torch, table, sizes, axis)
        index = index * (2 * m - 1) + places[:, None] - places + m - 1
    return table[index.flatten()].view(*index.shape, -1).permute(2, 0, 1)


def look_up_symmetric_biases(torch: Any, table: Any, queries: Shape, keys: Shape) -> Any:
    """Return the biases of a window, heads x queries x keys, that are the same on both sides.

    Where there are fewer queries, they are at every second key, and so on."""
    index: Any = 0
    for axis, (n, m) in enumerate(zip(queries, keys, strict=True)):
        rows = number_places(torch, table, queries, axis) * -(-m // n)
        index = (rows[:, None] - number_places(torch, table, keys, axis)).abs_() + index * m
    return table[index.flatten()].view(*index.shape, -1).permute(2, 0, 1)


def number_places(torch: Any, table: Any, sizes: Shape, axis: int) -> Any:
    """Return the place along an axis of each position of a map."""
    others = [m if i == axis else 1 for i, m in enumerate(sizes)]
    places = torch.arange(sizes[axis], device=table.device)
    return places.view(others).expand(sizes).flatten()


def mask_strangers(torch: Any, windows: Windows, sizes: Shape, like: Any) -> Any:
    """Return -100 for positions of a shifted window that are no neighbours in the map, else 0.

    The mask is windows x positions x positions, as the one of Swin."""
    positions, shift = windows.positions, windows.shift
    region: Any = torch.zeros(positions, device=like.device, dtype=like.dtype)
    for axis, (w, m) in enumerate(zip(positions, sizes, strict=True)):
        place = torch.arange(w, device=like.device)
        part = (place >= w - m).to(like.dtype) + (place >= w - shift).to(like.dtype)
        shape = [1 if i != axis else w for i in range(len(positions))]
        region = region * 3 + part.view(shape)
    rows = to_windows(torch, region[None, None], windows.replace(shift=0))[:, 0]
    return (rows[:, None] != rows[:, :, None]).to(like.dtype) * -100
