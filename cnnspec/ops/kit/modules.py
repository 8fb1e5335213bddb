"""Helpers for ``build``: PyTorch's classes by dimensions, and modules that torch.nn does not have.

Nothing here imports torch; the caller passes it."""

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
    """Return a module of a new class ``name`` with the given tensors as initial values.

    ``forward`` is called with the module and its inputs."""
    built = type(name, (torch.nn.Module,), {"forward": forward})()
    for key, value in (parameters or {}).items():
        built.register_parameter(key, torch.nn.Parameter(value))
    for key, value in (buffers or {}).items():
        built.register_buffer(key, value)
    return built


def make_stateless_module(torch: Any, name: str, function: Callable[..., Any]) -> Any:
    """Return a module of a new class ``name`` that computes ``function`` of its inputs."""
    return make_module(torch, name, lambda _, *xs: function(*xs))


def with_forward(cls: Any, forward: Callable[..., Any]) -> Any:
    """Return a subclass of a PyTorch class with the same name and another ``forward``."""
    return type(cls.__name__, (cls,), {"forward": forward})


def with_buffer(module: Any, name: str) -> Any:
    """Make a parameter of a module a buffer with the same values, and return the module."""
    values = getattr(module, name).detach()
    delattr(module, name)
    module.register_buffer(name, values)
    return module


def require_at_most_3_dimensions(kind: str, n: int) -> None:
    """Raise OperatorError (D001) for more spatial dimensions than PyTorch supports."""
    if n > 3:
        raise OperatorError(
            "D001",
            f"PyTorch has {kind} in 1 to 3 spatial dimensions, but $0 has {n}",
            "such a network can be analysed, but not built",
        )


def class_for_dimensions(torch: Any, kind: str, n: int) -> Any:
    """Return PyTorch's class for ``n`` spatial dimensions: Conv2d, MaxPool1d, ...

    Raises OperatorError (D001) for more than 3."""
    require_at_most_3_dimensions(kind, n)
    return getattr(torch.nn, f"{kind}{n}d")


def make_padding_function(
    torch: Any, pads: Sequence[tuple[int, int]], value: float = 0.0, mode: str = "zeros"
) -> Callable[[Any], Any]:
    """Return the function that adds positions before and after each spatial dimension.

    They hold ``value``, unless a ``mode`` of PyTorch says otherwise."""
    flat = [size for pair in reversed(pads) for size in pair]
    if not any(flat):
        return lambda x: x
    how = {"value": value} if mode == "zeros" else {"mode": mode}
    return lambda x: torch.nn.functional.pad(x, flat, **how)


def make_dropout(torch: Any, p: float, training: bool) -> Callable[[Any], Any]:
    """Return the function that drops elements with probability p in training."""
    if not p:
        return lambda x: x
    return lambda x: torch.nn.functional.dropout(x, p, training)


def view_per_channel(values: Any, x: Any) -> Any:
    """View a vector of one value per channel so that it broadcasts over a batch of maps."""
    return values.view(-1, *(1 for _ in x.shape[2:]))


def has_equal_padding(axes: Sequence[Axis]) -> bool:
    """Tell whether both sides get the same padding, as PyTorch's own padding requires."""
    return all(a.before == a.after for a in axes)


def sliding_class(
    torch: Any, kind: str, axes: Sequence[Axis], value: float = 0.0, mode: str = "zeros"
) -> tuple[Any, dict[str, Any]]:
    """Return PyTorch's class for windows along ``axes``, and its arguments.

    If the padding differs between the sides, the class is a subclass that pads its input first."""
    cls = class_for_dimensions(torch, kind, len(axes))
    window = {"kernel_size": tuple(a.kernel for a in axes), "stride": tuple(a.stride for a in axes)}
    if has_equal_padding(axes):
        pads = mode != "zeros" and any(a.before for a in axes)
        modes = {"padding_mode": mode} if pads else {}
        return cls, window | {"padding": tuple(a.before for a in axes)} | modes
    pad = make_padding_function(torch, [(a.before, a.after) for a in axes], value, mode)
    return with_forward(cls, lambda module, x: cls.forward(module, pad(x))), window


def standardizing_class(torch: Any, cls: Any, eps: float) -> Any:
    """Return a subclass of a convolution that standardizes each kernel's weights before use."""

    class Standardizing(cls):  # type: ignore[misc]
        def _conv_forward(self, x: Any, weight: Any, bias: Any) -> Any:
            rows = weight.flatten(1).unsqueeze(0)
            rows = torch.nn.functional.batch_norm(rows, None, None, training=True, eps=eps)
            return super()._conv_forward(x, rows.view_as(weight), bias)

    Standardizing.__name__ = cls.__name__
    return Standardizing


def make_window_sum_function(torch: Any, axes: Sequence[Axis]) -> Callable[[Any], Any]:
    """Return the function that adds up each window along ``axes``."""
    pad = make_padding_function(torch, [(a.before, a.after) for a in axes])
    kernel = [a.kernel for a in axes]
    mean = class_for_dimensions(torch, "AvgPool", len(axes))(kernel, [a.stride for a in axes])
    return lambda x: mean(pad(x)) * prod(kernel)


def cut_into_blocks(x: Any, sizes: Sequence[int]) -> Any:
    """Cut maps into blocks: (B, C, W, ...) becomes (B, C, W/size, ..., size, ...)."""
    n = len(sizes)
    pairs = [part for w, size in zip(x.shape[2:], sizes, strict=True) for part in (w // size, size)]
    return x.reshape(*x.shape[:2], *pairs).permute(
        0, 1, *range(2, 2 + 2 * n, 2), *range(3, 3 + 2 * n, 2)
    )


def join_blocks(blocks: Any) -> Any:
    """Join blocks to maps: (B, C, W/size, ..., size, ...) becomes (B, C, W, ...)."""
    n = (blocks.dim() - 2) // 2
    sizes = [blocks.shape[2 + i] * blocks.shape[2 + n + i] for i in range(n)]
    order = [axis for i in range(n) for axis in (2 + i, 2 + n + i)]
    return blocks.permute(0, 1, *order).reshape(*blocks.shape[:2], *sizes)
