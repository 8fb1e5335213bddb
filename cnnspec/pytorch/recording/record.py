"""Recording a model by running it: which operations it runs on what, and where each was called."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, ExecutionStep
from cnnspec.pytorch.recording.dropouts import Dropouts, paths
from cnnspec.pytorch.recording.recorder import Recorder, Watch


def record_model(
    model: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    run: Callable[..., Any] | None = None,
    watch: Watch | None = None,
) -> tuple[Recording, list[torch.Tensor]]:
    """What a model does with ``inputs`` (batches), and the tensors that it gives.

    ``run`` is called in the model's place, with the model and the inputs, of which it may do what
    it likes; ``watch`` gets the index of each call and the tensor that it gave. Dropout is recorded
    but does nothing. Nothing gets gradients. Whatever the model raises goes through."""
    inputs = tuple(x.clone() for x in inputs)
    recorder = Recorder(model, inputs, watch)
    with (
        torch.no_grad(),
        recorder.following_modules(),
        paths(recorder.chance),
        Dropouts(recorder.chance),
        recorder,
    ):
        result = run(model, *inputs) if run else model(*inputs)
    return recorder.recorded(result)


def record_built_module(
    graph: Graph, twin: BuiltModule, inputs: tuple[torch.Tensor, ...], watch: Watch | None = None
) -> tuple[Recording, list[torch.Tensor]]:
    """The same of a twin; its calls are placed at the nodes of its graph."""
    inputs = tuple(x.clone() for x in inputs)
    recorder = Recorder(twin, inputs, watch)

    def call(step: ExecutionStep, read: list[torch.Tensor]) -> Any:
        with recorder.at(graph.nodes[step.node].name):
            return step.module(*read)

    with torch.no_grad(), paths(recorder.chance), Dropouts(recorder.chance), recorder:
        result = twin.run(inputs, call)
    return recorder.recorded(result)
