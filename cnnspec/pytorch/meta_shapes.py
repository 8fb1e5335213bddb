"""Running on the meta device quickly: the shapes of what most layers give are known without
PyTorch's help."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

GIVEN = {
    "out",
    "dtype",
    "memory_format",
}  # arguments that say more about the output than the inputs do


class QuickShapes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """On the meta device, elementwise operations, batch normalization and means give empty tensors
    at once.

    PyTorch works these out in Python, 1 to 10 ms each, and imports its compiler for it, which takes
    longer than all the rest. To be entered before modes that watch, so that these see the
    operations."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """To be skipped by torch's compiler, it would be imported."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        if (
            tensors
            and not kwargs.keys() & GIVEN
            and all(t.is_meta and t.is_floating_point() for t in tensors)
        ):
            name = func._schema.name.removeprefix("aten::")
            if torch.Tag.pointwise in func.tags and len(func._schema.returns) == 1:
                return args[0] if name.endswith("_") else pointwise(tensors)
            if name in (
                "native_batch_norm",
                "_native_batch_norm_legit",
                "_native_batch_norm_legit_no_training",
            ):
                x = args[0]
                return torch.empty_like(x), x.new_empty(x.shape[1]), x.new_empty(x.shape[1])
            if name == "native_layer_norm":
                kept = args[0].shape[: args[0].dim() - len(args[1])]
                return torch.empty_like(args[0]), *(args[0].new_empty(kept) for _ in range(2))
            if func is torch.ops.aten.addmm.default:
                return args[0].new_empty(len(args[1]), args[2].shape[1])
            if func is torch.ops.aten.mean.dim:
                return averaged(*args, **kwargs)
        return func(*args, **kwargs)


def averaged(
    x: torch.Tensor, dims: list[int] | None, keepdim: bool = False, **kwargs: Any
) -> torch.Tensor:
    """An empty tensor of the shape of a mean."""
    gone = {d % x.dim() for d in dims or range(x.dim())}
    kept = [(1 if d in gone else n) for d, n in enumerate(x.shape) if keepdim or d not in gone]
    return x.new_empty(kept)


def pointwise(tensors: list[torch.Tensor]) -> torch.Tensor:
    """An empty tensor of the shape to which others broadcast."""
    shapes = {tuple(t.shape) for t in tensors}
    largest = max(tensors, key=torch.Tensor.dim)
    if len(shapes) == 1:
        return torch.empty_like(largest)
    return largest.new_empty(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]
