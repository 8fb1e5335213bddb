"""The classes of attention in exported files; each computes what its operator's build does."""

ATTENTION = '''class Attention(nn.Module):
    """Multi-head attention among the positions of a map, or of each window of it."""

    def __init__(
        self,
        channels: int,
        heads: int,
        window: tuple[int, ...],
        qkv_bias: bool = True,
        relative_position: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.heads, self.window, self.dropout = heads, window, dropout
        self.qkv = nn.Linear(channels, 3 * channels, qkv_bias)
        self.proj = nn.Linear(channels, channels)
        axes = ["h", "w"] if len(window) == 2 else [str(i) for i in range(len(window))]
        self.tables = [f"rel_pos_{axis}" for axis in axes] if relative_position else []
        for name, size in zip(self.tables, window):
            table = torch.zeros(2 * size - 1, channels // heads)
            self.register_parameter(name, nn.Parameter(table))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, sizes = len(self.window), x.shape[2:]
        counts = [-(-size // m) for size, m in zip(sizes, self.window)]
        pads = [c * m - size for c, m, size in zip(counts, self.window, sizes)]
        x = F.pad(x, [side for pad in reversed(pads) for side in (0, pad)])
        blocks = [part for pair in zip(counts, self.window) for part in pair]
        x = x.reshape(*x.shape[:2], *blocks)  # batch, channels, count, size, ...
        order = [0, *range(2, 2 + 2 * n, 2), *range(3, 3 + 2 * n, 2), 1]
        rows = self.attend(x.permute(order).flatten(0, n).flatten(1, -2))
        x = rows.reshape(x.shape[0], *counts, *self.window, -1)
        order = [axis for i in range(n) for axis in (1 + i, 1 + n + i)]
        x = x.permute(0, 1 + 2 * n, *order)
        x = x.reshape(*x.shape[:2], *[c * m for c, m in zip(counts, self.window)])
        return x[(..., *[slice(size) for size in sizes])]

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        """Attend within windows: x has the shape windows x positions x channels."""
        qkv = self.qkv(x).unflatten(-1, (3, self.heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        weights = (q * q.shape[-1] ** -0.5) @ k.mT
        for axis, name in enumerate(self.tables):
            weights = self.add_positions(q, weights, axis, self.get_parameter(name))
        weights = F.dropout(weights.softmax(-1), self.dropout, self.training)
        return self.proj((weights @ v).transpose(1, 2).flatten(2))

    def add_positions(
        self, q: torch.Tensor, weights: torch.Tensor, axis: int, table: torch.Tensor
    ) -> torch.Tensor:
        """Add the products of q and the vectors of relative positions."""
        m, before, after = (
            self.window[axis],
            self.window[:axis],
            self.window[axis + 1 :],
        )
        parts = (math.prod(before), m, math.prod(after))
        places = torch.arange(m, device=q.device)
        vectors = table[places[:, None] - places + m - 1]
        products = torch.einsum("bhamcd,mkd->bhamck", q.unflatten(2, parts), vectors)
        products = products.flatten(2, 4)[:, :, :, None, :, None]
        return (weights.unflatten(3, parts) + products).flatten(3)
'''

DOT_PRODUCT_ATTENTION = '''class DotProductAttention(nn.Module):
    """Attention of given queries, keys and values, perhaps in shifted windows."""

    def __init__(
        self,
        heads: int,
        scale: float,
        window: tuple[int, ...],
        dilation: int = 1,
        shift: int = 0,
        learns_bias: str = "",
        keys: tuple[int, ...] = (),
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout, self.dilation = dropout, dilation
        self.heads, self.scale, self.window, self.shift = heads, scale, window, shift
        self.learns_bias, self.keys = learns_bias, keys
        if learns_bias:
            symmetric = learns_bias == "symmetric"
            distances = math.prod(keys if symmetric else [2 * m - 1 for m in window])
            table = torch.randn(distances, heads) * 0.02
            self.relative_position_bias_table = nn.Parameter(table)

    def forward(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *given: torch.Tensor
    ) -> torch.Tensor:
        sizes = q.shape[2:]
        d = self.dilation
        counts = [size // (m * d) for size, m in zip(sizes, self.window)]
        biases = list(given)
        if self.learns_bias:
            biases.append(self.look_up_biases())
        if self.shift:
            mask = self.mask_strangers(q)
            biases.append(mask.repeat(q.shape[0], 1, 1)[:, None])
        whole = d == 1 and math.prod(counts) == 1
        rows = [x.flatten(2) if whole else self.to_windows(x) for x in (q, k, v)]
        q, k, v = [x.unflatten(1, (self.heads, -1)) for x in rows]
        weights = (q * self.scale).mT @ k
        for bias in biases:
            weights = weights + bias
        weights = F.dropout(weights.softmax(-1), self.dropout, self.training)
        y = (weights @ v.mT).mT.flatten(1, 2)
        if whole:
            return y.unflatten(2, sizes)
        n = len(counts)
        y = y.unflatten(2, self.window).unflatten(0, (-1, *counts, *[d] * n))
        order = [axis for i in range(n) for axis in (1 + i, 2 + 2 * n + i, 1 + n + i)]
        y = y.permute(0, 1 + 2 * n, *order)
        y = y.reshape(*y.shape[:2], *sizes)
        return self.roll(y, self.shift)

    def roll(self, x: torch.Tensor, shift: int) -> torch.Tensor:
        """Move maps around their borders."""
        n = len(self.window)
        return torch.roll(x, (shift,) * n, tuple(range(2, 2 + n))) if shift else x

    def to_windows(self, x: torch.Tensor, moved: bool = True) -> torch.Tensor:
        """Cut maps into windows: (batch * windows) x channels x positions."""
        x, d = self.roll(x, -self.shift if moved else 0), self.dilation
        pairs = zip(x.shape[2:], self.window)
        parts = [part for w, m in pairs for part in (w // (m * d), m, d)]
        x, first = x.reshape(*x.shape[:2], *parts), range(2, 2 + len(parts), 3)
        order = [0, *first, *[i + 2 for i in first], 1, *[i + 1 for i in first]]
        return x.permute(order).flatten(0, 2 * len(first)).flatten(2)

    def look_up_biases(self) -> torch.Tensor:
        """Return the biases of a window: heads x positions x positions."""
        table = self.relative_position_bias_table
        index = torch.zeros(1, 1, dtype=torch.long, device=table.device)
        for axis, (n, m) in enumerate(zip(self.window, self.keys)):
            rows = self.number_places(self.window, axis)[:, None]
            if self.learns_bias == "symmetric":
                apart = rows * -(-m // n) - self.number_places(self.keys, axis)
                index = index * m + apart.abs()
            else:
                index = index * (2 * m - 1) + rows - rows.T + m - 1
        return table[index.flatten()].view(*index.shape, -1).permute(2, 0, 1)

    def number_places(self, sizes: tuple[int, ...], axis: int) -> torch.Tensor:
        """Return the place along an axis of each position of a map."""
        shape = [m if i == axis else 1 for i, m in enumerate(sizes)]
        device = self.relative_position_bias_table.device
        places = torch.arange(sizes[axis], device=device).view(shape)
        return places.expand(sizes).flatten()

    def mask_strangers(self, x: torch.Tensor) -> torch.Tensor:
        """Return -100 for positions of a window that are no neighbours in the map."""
        sizes = x.shape[2:]
        region = torch.zeros(sizes, device=x.device, dtype=x.dtype)
        for axis, (w, m) in enumerate(zip(sizes, self.window)):
            place = torch.arange(w, device=x.device)
            part = (place >= w - m).to(x.dtype) + (place >= w - self.shift).to(x.dtype)
            shape = [w if i == axis else 1 for i in range(len(sizes))]
            region = region * 3 + part.view(shape)
        rows = self.to_windows(region[None, None], moved=False)[:, 0]
        return (rows[:, None] != rows[:, :, None]).to(x.dtype) * -100
'''
