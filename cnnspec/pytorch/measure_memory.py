"""Measure the memory of a built module's passes on the CPU: saved tensors by hooks, and peaks.

A kernel's workspace depends on the machine, and is measured apart."""

from typing import Any
from weakref import WeakSet

import torch
from torch import nn
from torch.nn import functional

from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, module_path
from cnnspec.pytorch.profile_memory import (
    ProfiledAllocation,
    drop_workspace,
    peak_bytes,
    record_allocations,
)
from cnnspec.records import Record


class MeasuredMemory(Record):
    """Measured bytes; peaks are above parameters, buffers, input, target and optimizer state.

    ``raw`` peaks include the workspace of kernels."""

    saved: int
    inference: int
    training: int
    raw_inference: int
    raw_training: int
    gradients: int
    state: int


class SavedTensor:
    """A tensor that autograd saves."""

    def __init__(self, tensor: torch.Tensor):
        self.tensor = tensor


def measure_memory(
    graph: Graph,
    built: BuiltModule,
    batch: int,
    loss: str,
    optimizer: str = "none",
    frozen: frozenset[str] = frozenset(),
) -> MeasuredMemory:
    """Measure a built module's passes, and train it by that.

    It runs with one thread, as each thread has some workspace of its own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return MemoryMeter(graph, built, batch, loss, optimizer, frozen).measure()
    finally:
        torch.set_num_threads(threads)


class MemoryMeter:
    """A built module with frozen layers, inputs and targets of zeros, a loss and an optimizer."""

    def __init__(
        self,
        graph: Graph,
        built: BuiltModule,
        batch: int,
        loss: str,
        optimizer: str = "none",
        frozen: frozenset[str] = frozenset(),
        device: str = "cpu",
    ):
        self.built = built
        dtype = next((p.dtype for p in built.parameters()), torch.get_default_dtype())
        self.inputs = [
            torch.zeros(batch, *n.output, dtype=dtype, device=device) for n in graph.inputs
        ]
        self.loss = functional.cross_entropy if loss == "cross_entropy" else functional.mse_loss
        for node in graph.layers(training=True):
            if node.name in frozen:
                for name in node.op.parameters(*node.shapes):
                    parameter = built.get_parameter(".".join([*module_path(node.name), name]))
                    parameter.requires_grad_(False)
        shapes = {n.index: n.output for n in graph.nodes}
        self.targets = [
            make_target((batch, *shapes[i]), loss, dtype).to(device) for i in built.results[True]
        ]
        self.optimizer = make_optimizer(
            optimizer, [p for p in built.parameters() if p.requires_grad]
        )

    def infer(self) -> Any:
        """Run a forward pass without gradients."""
        with torch.no_grad():
            return self.built(*self.inputs)

    def train_step(self) -> Any:
        """Run a step of training; outputs and loss are alive until its end."""
        outputs = list_outputs(self.built, self.inputs)
        total: torch.Tensor | None = None  # no name may hold a single loss any longer
        for output, target in zip(outputs, self.targets, strict=True):
            if output.requires_grad:
                total = (
                    self.loss(output, target)
                    if total is None
                    else total + self.loss(output, target)
                )
        if total is not None:
            total.backward()  # type: ignore[no-untyped-call]
        if self.optimizer:
            self.optimizer.step()

    def measure(self) -> MeasuredMemory:
        """Measure inference, a step of training, and what its forward pass saves."""
        self.built.eval()
        inference = record_allocations(self.infer)
        training = self.record_training()
        gradients = sum(p.grad.nbytes for p in self.built.parameters() if p.grad is not None)
        self.built.zero_grad(set_to_none=True)
        return MeasuredMemory(
            saved=measure_saved_bytes(self.built, self.inputs),
            inference=peak_bytes(drop_workspace(inference)),
            training=peak_bytes(drop_workspace(training)),
            raw_inference=peak_bytes(inference),
            raw_training=peak_bytes(training),
            gradients=gradients,
            state=self.state_bytes(),
        )

    def record_training(self) -> list[ProfiledAllocation]:
        """Record the allocations of a step of training, and leave its gradients."""
        self.built.train()
        if self.optimizer:
            self.train_step()  # makes its state
            self.built.zero_grad(set_to_none=True)
        return record_allocations(self.train_step)

    def state_bytes(self) -> int:
        """Return the bytes of the optimizer's state."""
        states = self.optimizer.state.values() if self.optimizer else ()
        tensors = [v for state in states for v in state.values() if isinstance(v, torch.Tensor)]
        return sum(tensor.nbytes for tensor in tensors)


def make_optimizer(optimizer: str, parameters: list[nn.Parameter]) -> torch.optim.Optimizer | None:
    """Make an optimizer that takes one tensor after the other; None if there are no parameters.

    Its steps change the parameters as little as possible."""
    if not parameters:
        return None
    if optimizer in ("sgd", "momentum"):
        momentum = 0.9 if optimizer == "momentum" else 0
        return torch.optim.SGD(parameters, 1e-9, momentum, foreach=False)
    classes = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    return classes[optimizer](parameters, 1e-9, foreach=False) if optimizer in classes else None


def list_outputs(built: BuiltModule, inputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """Run a built module and return its outputs as a list."""
    outputs = built(*inputs)
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def make_target(shape: tuple[int, ...], loss: str, dtype: torch.dtype) -> torch.Tensor:
    """Make a target for an output of a shape: zeros, or for cross entropy the first class."""
    if loss == "cross_entropy":
        return torch.zeros(shape[0], dtype=torch.long)
    return torch.zeros(shape, dtype=dtype)


def measure_saved_bytes(built: BuiltModule, inputs: list[torch.Tensor]) -> int:
    """Measure what autograd has saved after a forward pass: the bytes of each storage, once.

    Parameters and buffers are not counted. Autograd holds the result of ``pack`` for as long as it
    needs the tensor."""
    own = {t.untyped_storage()._cdata for t in [*built.parameters(), *built.buffers()]}
    alive: WeakSet[SavedTensor] = WeakSet()

    def pack(tensor: torch.Tensor) -> SavedTensor:
        alive.add(saved := SavedTensor(tensor.detach()))
        return saved

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda saved: saved.tensor):
        outputs = list_outputs(built, inputs)
    storages = {s._cdata: s.nbytes() for s in (k.tensor.untyped_storage() for k in alive)}
    del outputs
    return sum(size for data, size in storages.items() if data not in own)
