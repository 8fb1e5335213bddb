"""What a pass through a twin really needs in memory, on the CPU: saved tensors by hooks, peaks by PyTorch's profiler.

The profiler sees every allocation and release. What a kernel of a convolution, a matrix product or an interpolation
allocates and releases by itself is its workspace: it depends on the machine, and is set apart.
"""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, NamedTuple
from weakref import WeakSet

import torch
from torch._C._profiler import _EventType
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from cnnspec.graph.model import Graph
from cnnspec.twin.executor import Twin

KERNELS = ("aten::conv", "aten::mm", "aten::bmm", "aten::addmm", "aten::upsample")


class Measured(NamedTuple):
    """Bytes above parameters, buffers, input and target; ``raw`` peaks count the workspace of kernels too."""

    saved: int
    inference: int
    training: int
    raw_inference: int
    raw_training: int


class Allocation(NamedTuple):
    """So many bytes more or fewer at an address, by the operations that were running, the outermost first."""

    bytes: int
    address: int
    running: tuple[tuple[int, str], ...]


class Kept:
    """A tensor that autograd keeps."""

    def __init__(self, tensor: torch.Tensor):
        self.tensor = tensor


def measured(graph: Graph, twin: Twin, batch: int, loss: str) -> Measured:
    """Measure a twin's passes. Its parameters' gradients are those of the pass afterwards."""
    inputs = [torch.zeros(batch, *n.output, dtype=next(twin.parameters()).dtype) for n in graph.inputs]
    targets = [target(output, loss) for output in outputs(twin.train(), inputs)]

    def infer() -> Any:
        with torch.no_grad():
            return twin(*inputs)

    def step() -> None:
        given = outputs(twin, inputs)
        lost = functional.cross_entropy if loss == "cross_entropy" else functional.mse_loss
        reduce(add, (lost(y, t) for y, t in zip(given, targets, strict=True))).backward()  # type: ignore[no-untyped-call]

    twin.eval()
    inference = allocations(infer)
    twin.train()
    step()  # what is allocated but once is there now
    twin.zero_grad(set_to_none=True)
    training = allocations(step)
    twin.zero_grad(set_to_none=True)
    return Measured(saved(twin, inputs), peak(without_workspace(inference)), peak(without_workspace(training)),
                    peak(inference), peak(training))


def outputs(twin: Twin, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    given = twin(*inputs)
    return list(given) if isinstance(given, tuple) else [given]


def target(output: torch.Tensor, loss: str) -> torch.Tensor:
    return torch.zeros(len(output), dtype=torch.long) if loss == "cross_entropy" else torch.zeros_like(output)


def saved(twin: Twin, inputs: list[torch.Tensor]) -> int:
    """The bytes that autograd keeps when a forward pass is over: each storage once, parameters and buffers not counted.

    Autograd holds what ``pack`` gives as long as it needs the tensor.
    """
    own = {t.untyped_storage()._cdata for t in [*twin.parameters(), *twin.buffers()]}
    kept: WeakSet[Kept] = WeakSet()

    def pack(t: torch.Tensor) -> Kept:
        kept.add(found := Kept(t.detach()))
        return found

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda found: found.tensor):
        given = outputs(twin, inputs)
    storages = {s._cdata: s.nbytes() for s in (k.tensor.untyped_storage() for k in kept)}
    del given
    return sum(size for data, size in storages.items() if data not in own)


def allocations(run: Callable[[], Any]) -> list[Allocation]:
    """All allocations and releases while ``run`` runs, in order; its result is alive until the end."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        result = run()
    found: list[tuple[int, Allocation]] = []

    def walk(event: Any, running: tuple[tuple[int, str], ...]) -> None:
        if event.tag == _EventType.Allocation:
            extra = event.extra_fields
            found.append((event.start_time_ns, Allocation(extra.alloc_size, extra.ptr, running)))
        for child in event.children:
            walk(child, (*running, (event.id, event.name)))

    for event in profiler.profiler.kineto_results.experimental_event_tree():
        walk(event, ())
    del result
    return [a for _, a in sorted(found, key=lambda pair: pair[0])]


def without_workspace(events: list[Allocation]) -> list[Allocation]:
    """The events without what one kernel allocates and releases by itself."""
    left: dict[int, int] = {}
    gone: set[int] = set()
    for i, event in enumerate(events):
        if event.bytes > 0:
            left[event.address] = i
        elif event.address in left:
            j = left.pop(event.address)
            if workspace(events[j], event):
                gone |= {i, j}
    return [event for i, event in enumerate(events) if i not in gone]


def workspace(made: Allocation, released: Allocation) -> bool:
    """Whether both ends of an allocation lie within one run of a kernel."""
    return any(name.startswith(KERNELS) for _, name in set(made.running) & set(released.running))


def peak(events: list[Allocation]) -> int:
    """The most bytes alive at once."""
    alive = most = 0
    for event in events:
        alive += event.bytes
        most = max(most, alive)
    return most
