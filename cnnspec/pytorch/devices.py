"""The devices that a built module runs on: choice, memory, and quick runs on meta."""

import os
from math import prod
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from cnnspec.analyses.verdict import DEVICES
from cnnspec.costs import compute_costs
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, visible
from cnnspec.units import format_bytes


def check_device(device: str) -> None:
    """Raise RequestError for a name that is not one of :data:`DEVICES`."""
    if device not in DEVICES:
        raise RequestError(f"a device is one of {', '.join(DEVICES)}, not {visible(device, 60)!r}")


def choose_device(device: str) -> str:
    """Return the device to use: "auto" is CUDA where there is one, else the CPU.

    Raises RequestError for "cuda" where there is none.
    """
    cuda = torch.cuda.is_available()
    if device == "cuda" and not cuda:
        raise RequestError("there is no CUDA device here; --device auto runs on the CPU then")
    if device == "auto":
        return "cuda" if cuda else "cpu"
    return device


def device_title(device: str) -> str:
    """Return the name of a device as reports show it."""
    if device == "cuda":
        return f"CUDA ({torch.cuda.get_device_name()})"
    return {"cpu": "CPU", "meta": "meta device"}[device]


def available_bytes(device: str) -> int:
    """Return the free memory of a device in bytes."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            found = dict(line.split(":", 1) for line in lines)
        return int(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def needed_bytes(graph: Graph, copies: int, batch: int, size: int) -> int:
    """Estimate the bytes that a run takes, with ``copies`` of the weights.

    An element has ``size`` bytes. Three times the largest tensor covers the tensors that are alive
    at the same time. Attention weights are not the output of a node, but the calculation counts one
    exponential for each of them.
    """
    found = compute_costs(graph.layers(training=True))
    weights = sum(prod(shape) for cost in found for shape in cost.tensors.values())
    largest = max(
        (max(c.activation_size, c.elementwise.get("exponentials", 0)) for c in found), default=0
    )
    return size * (copies * weights + 3 * batch * largest)


def describe_shortage(
    graph: Graph, device: str, copies: int, batch: int, size: int, share: float = 1.0
) -> str:
    """Say why a run does not fit in ``share`` of a device's free memory; "" where it fits."""
    need, free = needed_bytes(graph, copies, batch, size), int(available_bytes(device) * share)
    if need <= free:
        return ""
    return f"it needs about {format_bytes(need)}, and {format_bytes(free)} are free"


# With one of these arguments the output is not determined by the inputs' shapes and dtypes.
OUTPUT_ARGUMENTS = {"out", "dtype", "memory_format"}
BATCH_NORMS = {
    "native_batch_norm",
    "_native_batch_norm_legit",
    "_native_batch_norm_legit_no_training",
}


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
        if torch.Tag.pointwise in func.tags and len(func._schema.returns) == 1:
            return args[0] if name.endswith("_") else empty_broadcast(tensors)
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


def empty_broadcast(tensors: list[torch.Tensor]) -> torch.Tensor:
    """Return an empty tensor of the shape to which the tensors broadcast."""
    shapes = {tuple(t.shape) for t in tensors}
    largest = max(tensors, key=torch.Tensor.dim)
    if len(shapes) == 1:
        return torch.empty_like(largest)
    return largest.new_empty(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]
