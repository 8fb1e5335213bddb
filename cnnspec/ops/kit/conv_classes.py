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
