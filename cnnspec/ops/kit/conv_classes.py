"""The modules of an exported file for convolutions that torch.nn does not have."""

PARAMETERS = """        self,
        shape: tuple[int, ...],
        stride: tuple[int, ...],
        pads: tuple[int, ...],
        mode: str,
        dilation: tuple[int, ...],
        groups: int,
        bias: bool,"""
FIELDS = """        self.bias = nn.Parameter(torch.zeros(shape[0])) if bias else None
        self.stride, self.pads, self.mode = stride, pads, mode"""
CONVOLVE = """        if any(self.pads):
            x = F.pad(x, self.pads, mode=self.mode)
        convolve = (F.conv1d, F.conv2d, F.conv3d)[x.dim() - 3]
        return convolve(
            x, {weight}, self.bias, self.stride, 0, self.dilation, self.groups
        )"""

STANDARDIZED_CONV = f'''class StandardizedConv(nn.Module):
    """A convolution that standardizes each kernel's weights before it uses them."""

    def __init__(
{PARAMETERS}
        eps: float,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape))
{FIELDS}
        self.dilation, self.groups, self.eps = dilation, groups, eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = self.weight.flatten(1).unsqueeze(0)
        rows = F.batch_norm(rows, None, None, training=True, eps=self.eps)
        weight = rows.view_as(self.weight)
{CONVOLVE.format(weight="weight")}
'''

FIXED_CONV = f'''class FixedConv(nn.Module):
    """A convolution whose weights are a buffer, which is not trained."""

    def __init__(
{PARAMETERS}
    ) -> None:
        super().__init__()
        self.register_buffer("weight", torch.randn(shape))
{FIELDS}
        self.dilation, self.groups = dilation, groups

    def forward(self, x: torch.Tensor) -> torch.Tensor:
{CONVOLVE.format(weight="self.weight")}
'''

CONV_TABLE = '''class ConvTable(nn.Module):
    """A convolution whose output maps read only the input maps that a table lists."""

    def __init__(
        self,
        connections: Sequence[Sequence[int]],
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: tuple[int, ...],
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.reads = [channel for row in connections for channel in row]
        self.writes = [i for i, row in enumerate(connections) for _ in row]
        self.channels, self.stride, self.padding = len(connections), stride, padding
        bounds = [(len(row) * math.prod(kernel_size)) ** -0.5 for row in connections]
        rows = zip(connections, bounds)
        weights = [
            torch.empty(len(row), 1, *kernel_size).uniform_(-b, b) for row, b in rows
        ]
        self.weight = nn.Parameter(torch.cat(weights).squeeze(1))
        limits = torch.tensor(bounds)
        self.bias = (
            nn.Parameter(limits * (2 * torch.rand(len(bounds)) - 1)) if bias else None
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        convolution = (F.conv1d, F.conv2d, F.conv3d)[x.dim() - 3]
        x = F.pad(x, self.padding)[:, self.reads]
        weight = self.weight.unsqueeze(1)
        maps = convolution(x, weight, stride=self.stride, groups=len(self.reads))
        sums = maps.new_zeros(x.shape[0], self.channels, *maps.shape[2:])
        sums = sums.index_add(1, torch.tensor(self.writes, device=x.device), maps)
        if self.bias is None:
            return sums
        return sums + self.bias.view(-1, *[1] * (x.dim() - 2))
'''
