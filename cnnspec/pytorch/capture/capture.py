"""Capture a model: run it in inference and in training, and return the flat calls of both runs.

The model runs on the meta device, where tensors have shapes but no values, in a copy whose tensors
are there. A model that makes tensors of its own on the CPU, or reads values, runs on the CPU."""

import copy
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.flat_calls import FlatRun
from cnnspec.problems import RequestError, describe_exception
from cnnspec.pytorch.capture.check_inputs import check_inputs
from cnnspec.pytorch.capture.forbid_network import NO_DOWNLOADS, forbid_network
from cnnspec.pytorch.capture.operation_recorder import OperationRecorder
from cnnspec.pytorch.quick_shapes import QuickShapes
from cnnspec.pytorch.random_weights import SkipInitialization, in_mode, restoring_tensors
from cnnspec.pytorch.recording.fixed_numbers import (
    MOST_VALUES,
    list_fixed_buffers,
    shortest_decimals,
)
from cnnspec.records import Record
from cnnspec.units import Shape, format_shape

BATCH = 2  # batch norm cannot train on one value a channel
RUNNING = "running the model"  # in messages


class Capture(Record):
    """The flat calls of a model in inference and in training, and its tensors with their shapes.

    ``initial`` are the values of the parameters whose elements are equal, such as scales."""

    inference: FlatRun
    training: FlatRun
    parameters: dict[str, Shape]
    buffers: dict[str, Shape]
    inputs: tuple[Shape, ...]
    initial: dict[str, float] = {}


def capture_model(model: nn.Module, inputs: tuple[Shape, ...]) -> Capture:
    """Capture a model on inputs of these shapes, without the batch.

    Raises RequestError where the model cannot be run."""
    check_inputs(model, len(inputs))
    materialize_lazy(model, inputs)
    runs = run_on_meta(model, inputs) or run_on_cpu(model, inputs)
    fixed = read_fixed_buffers(model)
    runs = runs[0].replace(fixed=fixed), runs[1].replace(fixed=fixed)
    parameters = {name: tuple(p.shape) for name, p in model.named_parameters()}
    buffers = {name: tuple(b.shape) for name, b in model.named_buffers()}
    return Capture(*runs, parameters, buffers, inputs, find_equal_elements(model))


def materialize_lazy(model: nn.Module, inputs: tuple[Shape, ...]) -> None:
    """Run a model with lazy parameters once, which gives them their shapes."""
    if any(nn.parameter.is_lazy(p) for p in model.parameters()):
        with torch.no_grad(), in_mode(model, False), SkipInitialization():
            try:
                with forbid_network(RUNNING, NO_DOWNLOADS):
                    model(*[torch.zeros(BATCH, *shape) for shape in inputs])
            except RequestError:
                raise
            except (RuntimeError, ValueError, TypeError) as error:
                shown = " and ".join(map(format_shape, inputs))
                raise RequestError(
                    f"the model cannot be run on an input of {shown}: {describe_exception(error)}"
                ) from None


def read_fixed_buffers(model: nn.Module) -> dict[str, tuple[float, ...]]:
    """Return the values of the buffers that have one, or one for each channel, such as a mean."""
    found = {}
    for name in list_fixed_buffers(model):
        buffer = model.get_buffer(name).detach()
        vector = 0 < buffer.numel() == max(buffer.shape, default=1) <= MOST_VALUES
        if vector and not buffer.is_meta:
            found[name] = tuple(shortest_decimals(buffer.double()).flatten().tolist())
    return found


def find_equal_elements(model: nn.Module) -> dict[str, float]:
    """Return the value of each vector of parameters whose elements are equal."""
    found = {}
    for name, parameter in model.named_parameters():
        p = parameter.detach()
        if p.numel() and p.numel() == max(p.shape, default=1) and not p.is_meta:
            first = p.flatten()[0]
            if bool((p == first).all()):
                found[name] = float(f"{float(first):.7g}")
    return found


def run_on_meta(model: nn.Module, inputs: tuple[Shape, ...]) -> tuple[FlatRun, FlatRun] | None:
    """Return the runs in inference and in training on the meta device, or None if it fails."""
    try:
        copied = copy_to_meta(model)
        batches = tuple([torch.empty(BATCH, *shape, device="meta") for shape in inputs])
        with QuickShapes():
            return record_run(copied, batches, False), record_run(copied, batches, True)
    except KeyboardInterrupt:
        raise
    except BaseException:  # whatever the model raises; the CPU shows whether it is its fault
        return None


def run_on_cpu(model: nn.Module, inputs: tuple[Shape, ...]) -> tuple[FlatRun, FlatRun]:
    """Return the runs in inference and in training on the CPU. Raises RequestError."""
    batches = tuple([torch.rand(BATCH, *shape) for shape in inputs])
    found = []
    with restoring_tensors(model):
        for training in (False, True):
            try:
                found.append(record_run(model, batches, training))
            except (KeyboardInterrupt, RequestError):
                raise
            except BaseException as error:  # SystemExit too
                shown = " and ".join(map(format_shape, inputs))
                mode = "training" if training else "inference"
                raise RequestError(
                    f"the model cannot be run in {mode} on an input of {shown}:"
                    f" {describe_exception(error)}; set another size with --input C,H,W"
                ) from None
    return found[0], found[1]


def record_run(model: nn.Module, inputs: tuple[torch.Tensor, ...], training: bool) -> FlatRun:
    """Run a model on batches and return its flat calls. What the model raises goes through."""
    with torch.inference_mode(), in_mode(model, training):
        batches = tuple([x.clone() for x in inputs])
        recorder = OperationRecorder(model, batches)
        with forbid_network(RUNNING, NO_DOWNLOADS), recorder.recording():
            result = model(*batches)
        return recorder.finish(result)


def copy_to_meta(model: nn.Module) -> nn.Module:
    """Copy a model without the values of its tensors. Tensors that are shared stay shared."""
    memo: dict[int, Any] = {}
    for tensor in [*model.parameters(), *model.buffers()]:
        made: Any = torch.empty_like(tensor, device="meta")
        if isinstance(tensor, nn.Parameter):
            made = nn.Parameter(made, tensor.requires_grad)
        memo[id(tensor)] = made
    with SkipInitialization():
        return copy.deepcopy(model, memo)
