"""Checks a written Keras file against the module of its graph: same weights, same outputs."""

import os
from collections.abc import Sequence
from math import prod
from typing import Any

import torch

from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module, module_path
from cnnspec.pytorch.check_export import (
    ExportCheck,
    compare_outputs,
    draw_tensors,
    load_source,
    run,
    running_source,
)

TOLERANCE = 1e-4  # of float32: relative to the largest value of an output
BATCH = 2


def import_keras() -> Any:
    """Return the package keras, with PyTorch as backend if none is chosen.

    Raises RequestError where Keras 3 or its backend is missing."""
    chosen = os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        import keras
    except ImportError as error:
        missing = "Keras" if error.name == "keras" else f"Keras's backend {chosen}"
        raise RequestError(
            f"the check of an export to Keras needs {missing}: pip install 'cnnspec[keras]', or"
            " --no-check"
        ) from None
    if not keras.__version__.startswith("3."):
        raise RequestError(f"the check of an export needs Keras 3, not {keras.__version__}")
    return keras


def check_keras(
    graph: Graph,
    source: str,
    function: str,
    weights: Sequence[tuple[str, Node, Any]],
    seed: int = 2016,
) -> ExportCheck:
    """Run a written file, give its model the weights of the graph's module, and compare outputs.

    ``weights`` has for each weight the name of its layer in Keras, its node, and a KerasWeight.
    Both run in inference in float32. Raises RequestError without Keras."""
    keras = import_keras()
    torch.manual_seed(seed)
    built = build_module(graph)
    draw_tensors(built)
    built.to(torch.float32)  # which restores the numbers that the spec gives
    state = {name: tensor.detach() for name, tensor in built.state_dict().items()}
    inputs = [torch.rand(BATCH, *node.output) for node in graph.inputs]
    wanted = run(built, inputs, False, seed)
    model = run_source(source, function)
    given: set[int] = set()
    differences: list[str] = []
    for layer, node, weight in weights:
        variable = getattr(model.get_layer(layer), weight.attribute)
        tensor = state[".".join([*module_path(node.name), weight.tensor])].cpu()
        tensor = tensor if weight.order is None else tensor.permute(weight.order)
        given.add(id(variable))
        shape = tuple(variable.shape)
        if tensor.numel() != prod(shape):
            known = f"{tuple(tensor.shape)} in the spec, {shape} in the file"
            return ExportCheck(len(weights), float("nan"), (f"{variable.path}: {known}",))
        variable.assign(tensor.reshape(shape).numpy())
    differences += [
        f"{v.path}: no tensor of the spec"
        for v in model.weights
        if id(v) not in given and not v.path.endswith("seed_generator_state")
    ]
    with torch.no_grad():
        given_maps = [move_channels(x, last=True).numpy() for x in inputs]
        found = model(given_maps[0] if len(inputs) == 1 else given_maps, training=False)
    results = found if isinstance(found, list | tuple) else [found]
    arrays = [torch.tensor(keras.ops.convert_to_numpy(x)) for x in results]
    moved = [move_channels(array, last=False) for array in arrays]
    names = [node.name for node in graph.outputs]
    largest, off = compare_outputs(names, wanted, moved, TOLERANCE)
    return ExportCheck(len(weights), largest, (*differences, *off))


def run_source(source: str, function: str) -> Any:
    """Return the model of a written file. Raises RequestError for a file that does not run."""
    build_model = load_source(source, function)
    with running_source():
        return build_model()


def move_channels(x: torch.Tensor, last: bool) -> torch.Tensor:
    """Move the channels of a batch of maps to the end, or back."""
    if x.dim() < 3:
        return x
    return (x.movedim(1, -1) if last else x.movedim(-1, 1)).contiguous()
