"""Quick runs on the meta device: shapes of outputs without PyTorch's slow shape functions."""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# With one of these arguments the output is not determined by the inputs' shapes and dtypes.
OUTPUT_ARGUMENTS = {"out", "dtype", "memory_format"}
BATCH_NORMS = {
    "native_batch_norm",
    "_native_batch_norm_legit",
    "_native_batch_norm_legit_no_training",
}

# In inference mode PyTorch does not split these.
NORMS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
# Run step by step, each takes some operations for every position.
RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}


class QuickShapes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Return empty tensors at once for element-wise operations, normalization and means on "meta".

    PyTorch computes these shapes in Python, 1 to 10 ms each, and imports its compiler for it, which
    takes longer than all the rest. Enter this mode before modes that watch operations, so that they
    still see them.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: to skip this mode, torch would import its compiler."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        plain = all(t.is_meta and t.is_floating_point() for t in tensors)
        if not tensors or not plain or kwargs.keys() & OUTPUT_ARGUMENTS:
            return func(*args, **kwargs)
        name = func._schema.name.removeprefix("aten::")
        if name in RECURRENT and len(args) == 9 and not isinstance(args[3], torch.Tensor):
            return empty_recurrent(*args)
        if torch.Tag.pointwise in func.tags and len(func._schema.returns) == 1:
            return args[0] if name.endswith("_") else empty_broadcast(tensors)
        if name in NORMS:
            return torch.empty_like(args[0])
        if name in BATCH_NORMS:
            x = args[0]
            return torch.empty_like(x), x.new_empty(x.shape[1]), x.new_empty(x.shape[1])
        if name == "native_layer_norm":
            kept = args[0].shape[: args[0].dim() - len(args[1])]
            return torch.empty_like(args[0]), *(args[0].new_empty(kept) for _ in range(2))
        if func is torch.ops.aten.addmm.default:
            return args[0].new_empty(len(args[1]), args[2].shape[1])
        if func is torch.ops.aten.mean.dim:
            return empty_mean(*args, **kwargs)
        return func(*args, **kwargs)


def empty_mean(
    x: torch.Tensor, dims: list[int] | None, keepdim: bool = False, **kwargs: Any
) -> torch.Tensor:
    """Return an empty tensor of the shape of a mean over ``dims`` (all where None)."""
    reduced = {d % x.dim() for d in dims or range(x.dim())}
    shape = [1 if d in reduced else n for d, n in enumerate(x.shape) if keepdim or d not in reduced]
    return x.new_empty(shape)


def empty_recurrent(
    x: torch.Tensor, states: Any, params: Any, has_biases: bool, layers: int, *flags: Any
) -> tuple[torch.Tensor, ...]:
    """Return empty tensors of the shapes that torch.lstm, torch.gru or torch.rnn_tanh gives."""
    first = states if isinstance(states, torch.Tensor) else states[0]
    output = x.new_empty(*x.shape[:-1], first.shape[0] // layers * first.shape[-1])
    after = [first] if isinstance(states, torch.Tensor) else states
    return output, *[torch.empty_like(s) for s in after]


def empty_broadcast(tensors: list[torch.Tensor]) -> torch.Tensor:
    """Return an empty tensor of the shape to which the tensors broadcast."""
    shapes = {tuple(t.shape) for t in tensors}
    largest = max(tensors, key=torch.Tensor.dim)
    if len(shapes) == 1:
        return torch.empty_like(largest)
    return largest.new_empty(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]
