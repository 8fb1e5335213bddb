"""Record a model by running it: each operation, what it reads, and where it was called."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, ExecutionStep
from cnnspec.pytorch.precision import using_default_dtype
from cnnspec.pytorch.recording.call_recorder import CallRecorder, Watch


def record_model(
    model: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    run: Callable[..., Any] | None = None,
    watch: Watch | None = None,
    gradients: bool = False,
    marks: bool = False,
) -> tuple[Recording, list[torch.Tensor]]:
    """Run a model on batches, record its calls, and return these and the tensors it returns.

    ``run(model, *inputs)`` runs the model (default: call it), and ``watch`` sees the output of each
    call. Dropout is recorded but does nothing, or with ``marks`` what :func:`mark_dropped` does.
    With ``gradients`` the outputs can be traced back to the parameters by autograd. An exception of
    the model goes through.
    """
    inputs = tuple(x.clone() for x in inputs)
    recorder = CallRecorder(model, inputs, watch, marks)
    with (
        torch.set_grad_enabled(gradients),
        using_default_dtype(inputs),
        recorder.following_modules(),
        recorder.recording(),
    ):
        result = run(model, *inputs) if run else model(*inputs)
    return recorder.finish(result)


def record_built_module(
    graph: Graph,
    built: BuiltModule,
    inputs: tuple[torch.Tensor, ...],
    watch: Watch | None = None,
    gradients: bool = False,
    marks: bool = False,
) -> tuple[Recording, list[torch.Tensor]]:
    """Do what :func:`record_model` does; the place of a call is the name of its node."""
    inputs = tuple(x.clone() for x in inputs)
    recorder = CallRecorder(built, inputs, watch, marks)

    def call(step: ExecutionStep, read: list[torch.Tensor]) -> Any:
        recorder.places.append(graph.nodes[step.node].name)
        try:
            return step.module(*read)
        finally:
            recorder.places.pop()

    with torch.set_grad_enabled(gradients), recorder.recording():
        result = built.run(inputs, call)
    return recorder.finish(result)
