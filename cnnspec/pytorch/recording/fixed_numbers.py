"""Read the numbers that a model does not learn: the mean and deviation of (x - mean) / std.

They are Python numbers, or tensors of one value or of one for each channel: buffers, or made as the
model runs. A call with such a tensor is recorded like a call with a number.
"""

from typing import Any

import torch
from torch import nn

from cnnspec.analyses.alignment.call_graph import CONSTANT, Edge
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.recording.operations import Part, Split, read_operation
from cnnspec.pytorch.recording.readers import Fields, Number

ARITHMETIC = "add", "sub", "mul", "div"
COMMUTATIVE = "add", "mul"
MOST_VALUES = 65_536
DIGITS = range(6, 10)  # that tell a float32 from all others


class FixedNumbers:
    """The fixed numbers of a model: of a built module those that its spec gives, else buffers.

    Buffers of frozen batch norms do not count: they are compared like weights.
    """

    def __init__(self, model: nn.Module):
        self.given = model.fixed_numbers if isinstance(model, BuiltModule) else None
        self.names = {*self.given} if self.given is not None else {*list_fixed_buffers(model)}

    def read(
        self, name: str, given: Fields, origins: list[Any], outputs: list[torch.Tensor]
    ) -> Split | None:
        """Return an operation of two tensors as one with a number; None where neither is one.

        ``name`` is PyTorch's name, ``given`` are the arguments by name, ``origins`` those of both
        tensors.
        """
        base, output = name.removesuffix("_"), outputs[0]
        if base not in ARITHMETIC or given.get("alpha", 1) != 1 or given.get("rounding_mode"):
            return None
        x, other = given["self"], given["other"]
        of_x, names = origins
        if base in COMMUTATIVE and not is_value(of_x):
            x, other, of_x, names = other, x, names, of_x
        if not is_value(of_x) or is_value(names) or x.shape != output.shape:
            return None
        names = () if names == CONSTANT else names
        number = self.read_number(other, names, output)
        if number is None:
            return None
        kind, fields = read_operation(name, {**given, "self": x, "other": number}, output)
        return Split([Part(kind, fields, [x], outputs, names)])

    def read_number(
        self, tensor: torch.Tensor, names: tuple[str, ...], output: torch.Tensor
    ) -> Number | None:
        """Return the numbers of a tensor that comes from buffers: one, or one for each channel.

        None where it holds other numbers, and where they are not known.
        """
        if not self.names.issuperset(names) or tensor.numel() > MOST_VALUES:
            return None
        if not is_per_channel(tensor, output):
            return None
        if self.given is not None:
            found = self.given[names[0]] if len(names) == 1 else None
        elif tensor.is_meta or not tensor.is_floating_point():
            return None
        else:
            found = tuple(tensor.flatten().tolist())
        return found[0] if found and len({*found}) == 1 else found


def is_value(origin: Any) -> bool:
    return isinstance(origin, Edge) and origin != CONSTANT


def is_per_channel(tensor: torch.Tensor, output: torch.Tensor) -> bool:
    """Return whether a tensor has one value, or one for each channel of the output.

    The channels may be the last dimension. Where that holds other positions, values show it.
    """
    shape = (1,) * (output.dim() - tensor.dim()) + tuple(tensor.shape)
    longer = [d for d, n in enumerate(shape) if n > 1]
    return not longer or longer in ([1], [len(shape) - 1])


def list_fixed_buffers(model: nn.Module) -> list[str]:
    """Return the names of the buffers of floats that no norm takes as its statistics."""
    return [
        f"{path}.{name}".lstrip(".")
        for path, module in model.named_modules()
        if not isinstance(getattr(module, "running_var", None), torch.Tensor)
        for name, buffer in module.named_buffers(recurse=False)
        if buffer.is_floating_point()
    ]


def convert_exactly(model: nn.Module, device: str, dtype: torch.dtype) -> nn.Module:
    """Move a model to a device and a dtype; in double precision, with the decimals as written.

    A buffer of 0.485 in single precision holds 0.48500001, and becomes 0.485.
    """
    names = list_fixed_buffers(model) if dtype == torch.float64 else []
    single = [n for n in names if model.get_buffer(n).dtype == torch.float32]
    model = model.to(device, dtype)
    for name in single:
        buffer = model.get_buffer(name)
        buffer.copy_(shortest_decimals(buffer))
    return model


def shortest_decimals(values: torch.Tensor) -> torch.Tensor:
    """Return the shortest decimal numbers, as float64, that single precision rounds to ``values``.

    Numbers of another order of magnitude than 1e-9 to 1e9 stay as they are.
    """
    found, open_ = values.clone(), (values.abs() > 1e-9) & (values.abs() < 1e9)
    magnitude = values.abs().masked_fill(~open_, 1.0).log10().floor()
    for digits in DIGITS:
        scale = 10.0 ** (digits - 1 - magnitude)
        rounded = torch.where(scale >= 1, (values * scale).round() / scale, values)
        same = open_ & (rounded.float().double() == values)
        found = torch.where(same, rounded, found)
        open_ = open_ & ~same
    return found
