"""What a pass through a twin really needs in memory, on the CPU: saved tensors by hooks, peaks by
PyTorch's profiler.

The profiler sees every allocation and release. What a kernel of a convolution, a matrix product or
an interpolation allocates and releases by itself is its workspace: it depends on the machine, and
is set apart."""

from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakSet

import torch
from torch import nn
from torch._C._profiler import _EventType
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, module_path

KERNELS = ("aten::conv", "aten::mm", "aten::bmm", "aten::addmm", "aten::upsample")


class Measured(NamedTuple):
    """Bytes above parameters, buffers, input, target and the optimizer's state, which is apart.

    ``raw`` peaks count the workspace of kernels too.
    """

    saved: int
    inference: int
    training: int
    raw_inference: int
    raw_training: int
    gradients: int
    state: int


class Allocation(NamedTuple):
    """So many bytes more or fewer at an address, by the operations that were running, the outermost
    first."""

    bytes: int
    address: int
    running: tuple[tuple[int, str], ...]


class Kept:
    """A tensor that autograd keeps."""

    def __init__(self, tensor: torch.Tensor):
        self.tensor = tensor


def measured(
    graph: Graph,
    twin: BuiltModule,
    batch: int,
    loss: str,
    optimizer: str = "none",
    frozen: frozenset[str] = frozenset(),
) -> Measured:
    """Measure a twin's passes, with one thread, as some workspace is each thread's own; the twin is
    trained by it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return Meter(graph, twin, batch, loss, optimizer, frozen).measured()
    finally:
        torch.set_num_threads(threads)


class Meter:
    """A twin in training, with frozen layers, inputs and targets of zeros, and an optimizer."""

    def __init__(
        self,
        graph: Graph,
        twin: BuiltModule,
        batch: int,
        loss: str,
        optimizer: str,
        frozen: frozenset[str],
        device: str = "cpu",
    ):
        self.twin = twin
        dtype = next((p.dtype for p in twin.parameters()), torch.get_default_dtype())
        self.inputs = [
            torch.zeros(batch, *n.output, dtype=dtype, device=device) for n in graph.inputs
        ]
        self.lost = functional.cross_entropy if loss == "cross_entropy" else functional.mse_loss
        for node in graph.layers(training=True):
            if node.name in frozen:
                for name in node.op.parameters(*node.shapes):
                    twin.get_parameter(".".join([*module_path(node.name), name])).requires_grad_(
                        False
                    )
        given = {n.index: n.output for n in graph.nodes}
        self.targets = [
            target((batch, *given[i]), loss, dtype).to(device) for i in twin.results[True]
        ]
        self.optimizer = made(optimizer, [p for p in twin.parameters() if p.requires_grad])

    def infer(self) -> Any:
        with torch.no_grad():
            return self.twin(*self.inputs)

    def step(self) -> Any:
        """A step of training; outputs and loss are alive until its end."""
        given = outputs(self.twin, self.inputs)
        loss: torch.Tensor | None = None
        for y, true in zip(given, self.targets, strict=True):
            if y.requires_grad:
                loss = self.lost(y, true) if loss is None else loss + self.lost(y, true)
        if loss is not None:
            loss.backward()  # type: ignore[no-untyped-call]
        if self.optimizer:
            self.optimizer.step()

    def measured(self) -> Measured:
        self.twin.eval()
        inference = allocations(self.infer)
        training = self.trained()
        gradients = sum(p.grad.nbytes for p in self.twin.parameters() if p.grad is not None)
        self.twin.zero_grad(set_to_none=True)
        return Measured(
            saved(self.twin, self.inputs),
            peak(without_workspace(inference)),
            peak(without_workspace(training)),
            peak(inference),
            peak(training),
            gradients,
            self.state(),
        )

    def trained(self) -> list[Allocation]:
        """The allocations of a step of training, of which the gradients are left."""
        self.twin.train()
        if self.optimizer:
            self.step()  # its state is there now
            self.twin.zero_grad(set_to_none=True)
        return allocations(self.step)

    def state(self) -> int:
        """The bytes that the optimizer keeps."""
        kept = self.optimizer.state.values() if self.optimizer else ()
        return sum(
            v.nbytes for tensors in kept for v in tensors.values() if isinstance(v, torch.Tensor)
        )


def made(optimizer: str, parameters: list[nn.Parameter]) -> torch.optim.Optimizer | None:
    """An optimizer that takes one tensor after the other, and changes next to nothing; none for no
    parameters."""
    if not parameters:
        return None
    if optimizer in ("sgd", "momentum"):
        return torch.optim.SGD(
            parameters, 1e-9, 0.9 if optimizer == "momentum" else 0, foreach=False
        )
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return kinds[optimizer](parameters, 1e-9, foreach=False) if optimizer in kinds else None


def outputs(twin: BuiltModule, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    given = twin(*inputs)
    return list(given) if isinstance(given, tuple) else [given]


def target(shape: tuple[int, ...], loss: str, dtype: torch.dtype) -> torch.Tensor:
    """Zeros, or the first class, for an output of a shape."""
    return (
        torch.zeros(shape[0], dtype=torch.long)
        if loss == "cross_entropy"
        else torch.zeros(shape, dtype=dtype)
    )


def saved(twin: BuiltModule, inputs: list[torch.Tensor]) -> int:
    """The bytes that autograd keeps when a forward pass is over: each storage once, parameters and
    buffers not counted.

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
    """All allocations and releases while ``run`` runs, in order; its result is alive until the
    end."""
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
