"""What the ``build`` of operators shares: torch's classes by their dimensions, and modules for what
torch.nn lacks.

torch is always handed in, so that nothing here imports it.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.windows import Axis


def make_module(
    torch: Any,
    name: str,
    forward: Callable[..., Any],
    parameters: dict[str, Any] | None = None,
    buffers: dict[str, Any] | None = None,
) -> Any:
    """A module of class ``name`` with tensors, whose values are its initialisation; ``forward``
    gets it first."""
    built = type(name, (torch.nn.Module,), {"forward": forward})()
    for key, value in (parameters or {}).items():
        built.register_parameter(key, torch.nn.Parameter(value))
    for key, value in (buffers or {}).items():
        built.register_buffer(key, value)
    return built


def make_stateless_module(torch: Any, name: str, function: Callable[..., Any]) -> Any:
    """A module of class ``name`` that is a function of its inputs."""
    return make_module(torch, name, lambda _, *xs: function(*xs))


def with_forward(cls: Any, forward: Callable[..., Any]) -> Any:
    """A module class of torch's under its own name, with another ``forward``, which may call the
    class's."""
    return type(cls.__name__, (cls,), {"forward": forward})


def require_at_most_3_dimensions(kind: str, n: int) -> None:
    """Raises OperatorError (D001) where there are more spatial dimensions than PyTorch goes to."""
    if n > 3:
        raise OperatorError(
            "D001",
            f"PyTorch has {kind} in 1 to 3 spatial dimensions, but $0 has {n}",
            "such a network can be analysed, but not built",
        )


def class_for_dimensions(torch: Any, kind: str, n: int) -> Any:
    """torch's class for ``n`` spatial dimensions: Conv2d, MaxPool1d, ... Raises OperatorError
    (D001) for more than 3."""
    require_at_most_3_dimensions(kind, n)
    return getattr(torch.nn, f"{kind}{n}d")


def make_padding_function(
    torch: Any, pads: Sequence[tuple[int, int]], value: float = 0.0
) -> Callable[[Any], Any]:
    """The function that adds ``value`` before and after each spatial dimension; nothing where there
    is none to add."""
    flat = [size for pair in reversed(pads) for size in pair]
    if not any(flat):
        return lambda x: x
    return lambda x: torch.nn.functional.pad(x, flat, value=value)


def view_per_channel(values: Any, x: Any) -> Any:
    """A value for each channel, in the shape in which it meets the channels of a batch of maps."""
    return values.view(-1, *(1 for _ in x.shape[2:]))


def has_equal_padding(axes: Sequence[Axis]) -> bool:
    """Whether both sides get the same padding, as torch's own padding wants it."""
    return all(a.before == a.after for a in axes)


def sliding_class(
    torch: Any, kind: str, axes: Sequence[Axis], value: float = 0.0
) -> tuple[Any, dict[str, Any]]:
    """torch's class for windows along ``axes``, and its arguments.

    Where the padding differs between the sides, the class pads its input by itself.
    """
    cls = class_for_dimensions(torch, kind, len(axes))
    window = {"kernel_size": tuple(a.kernel for a in axes), "stride": tuple(a.stride for a in axes)}
    if has_equal_padding(axes):
        return cls, window | {"padding": tuple(a.before for a in axes)}
    pad = make_padding_function(torch, [(a.before, a.after) for a in axes], value)
    return with_forward(cls, lambda module, x: cls.forward(module, pad(x))), window


def make_window_sum_function(torch: Any, axes: Sequence[Axis]) -> Callable[[Any], Any]:
    """The function that adds up each window along ``axes``."""
    pad = make_padding_function(torch, [(a.before, a.after) for a in axes])
    kernel = [a.kernel for a in axes]
    mean = class_for_dimensions(torch, "AvgPool", len(axes))(kernel, [a.stride for a in axes])
    return lambda x: mean(pad(x)) * prod(kernel)


def cut_into_blocks(x: Any, sizes: Sequence[int]) -> Any:
    """The blocks of ``sizes`` of a batch of maps: (B, C, W, ...) becomes (B, C, W/size, ..., size,
    ...)."""
    n = len(sizes)
    pairs = [part for w, size in zip(x.shape[2:], sizes, strict=True) for part in (w // size, size)]
    return x.reshape(*x.shape[:2], *pairs).permute(
        0, 1, *range(2, 2 + 2 * n, 2), *range(3, 3 + 2 * n, 2)
    )


def join_blocks(blocks: Any) -> Any:
    """The maps of which ``blocks`` were cut: (B, C, W/size, ..., size, ...) becomes (B, C, W,
    ...)."""
    n = (blocks.dim() - 2) // 2
    sizes = [blocks.shape[2 + i] * blocks.shape[2 + n + i] for i in range(n)]
    order = [axis for i in range(n) for axis in (2 + i, 2 + n + i)]
    return blocks.permute(0, 1, *order).reshape(*blocks.shape[:2], *sizes)
