"""Checks a written PyTorch file against the module of its graph: same tensors, same outputs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import nn

from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, describe_exception
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.real_values import relative_difference
from cnnspec.records import Record
from cnnspec.units import Shape

TOLERANCE = 1e-9  # of float64
BATCH = 2  # batch normalization in training needs several values a channel


class ExportCheck(Record):
    """What a comparison found: the differences in words, and the largest one of the outputs."""

    tensors: int
    largest: float
    differences: tuple[str, ...]


def check_export(graph: Graph, source: str, function: str, seed: int = 2016) -> ExportCheck:
    """Run a written file, give its model the weights of the graph's module, and compare both.

    Both run in inference and in training in float64, from the same state of the random numbers.
    """
    written = load_source(source, function)().double()
    built = build_module(graph, dtype=torch.float64)
    torch.manual_seed(seed)
    draw_tensors(built)
    ours, theirs = state_of(built), state_of(written)
    differences = [
        f"{name}: {describe(ours.get(name))} in the spec, {describe(theirs.get(name))} in the file"
        for name in dict.fromkeys([*ours, *theirs])
        if describe(ours.get(name)) != describe(theirs.get(name))
    ]
    if differences:
        return ExportCheck(len(ours), float("nan"), tuple(differences))
    written.load_state_dict(built.state_dict())
    largest = 0.0
    for training in (False, True):
        mode, batch = ("training", BATCH) if training else ("inference", 1)
        inputs = [torch.rand(batch, *node.output, dtype=torch.float64) for node in graph.inputs]
        results = [run(model, inputs, training, seed) for model in (built, written)]
        if len(results[0]) != len(results[1]):
            differences.append(f"{mode}: {len(results[0])} and {len(results[1])} outputs")
            continue
        names = [f"{mode}, output {i}" for i in range(len(results[0]))]
        off, found = compare_outputs(names, results[0], results[1], TOLERANCE)
        largest = max(largest, off)
        differences += found
    theirs = state_of(written)
    for name, tensor in state_of(built).items():
        if (
            tensor.is_floating_point()
            and not relative_difference(tensor, theirs[name]) <= TOLERANCE
        ):
            differences.append(f"{name}: not the same after training")
    return ExportCheck(len(ours), largest, tuple(differences))


def compare_outputs(
    names: Iterable[str],
    ours: Iterable[torch.Tensor],
    theirs: Iterable[torch.Tensor],
    tolerance: float,
) -> tuple[float, list[str]]:
    """Return the largest relative difference of two lists of outputs, and those above a tolerance.

    An output of another shape is infinitely different."""
    largest = 0.0
    differences = []
    for name, a, b in zip(names, ours, theirs, strict=True):
        off = relative_difference(a, b)
        largest = max(largest, off)
        if not off <= tolerance:
            differences.append(f"{name}: a relative difference of {off:.3g}")
    return largest, differences


def load_source(source: str, function: str) -> Any:
    """Return a function of a written file. Raises RequestError for a file that does not run."""
    module = ModuleType("exported_network")
    with running_source():
        exec(compile(source, "<exported network>", "exec"), vars(module))
    return getattr(module, function)


@contextmanager
def running_source() -> Iterator[None]:
    """Raise RequestError for what the code of a written file raises inside."""
    try:
        yield
    except Exception as error:
        raise RequestError(f"the written file does not run: {describe_exception(error)}") from None


def state_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the tensors of a model by name."""
    return dict(model.state_dict())


def describe(tensor: torch.Tensor | None) -> str | Shape:
    """Return the shape of a tensor, or what is said where there is none."""
    return "nothing" if tensor is None else tuple(tensor.shape)


def draw_tensors(model: nn.Module) -> None:
    """Draw the tensors that have a constant value at first, such as running statistics."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.is_floating_point() and tensor.dim() <= 1:
                tensor.mul_(torch.rand_like(tensor) + 0.5).add_(0.1 * torch.rand_like(tensor))


def run(
    model: nn.Module, inputs: list[torch.Tensor], training: bool, seed: int
) -> tuple[torch.Tensor, ...]:
    """Run a model on copies of inputs, from a given state of the random numbers."""
    torch.manual_seed(seed)
    model.train(training)
    with torch.no_grad():
        found = model(*(x.clone() for x in inputs))
    return found if isinstance(found, tuple) else (found,)
