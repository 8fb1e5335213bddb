"""Makes the weights of an ONNX model, and checks it against the module of its graph."""

import copy
from typing import Any

import torch
from torch import nn

from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, visible
from cnnspec.pytorch.built_module import build_module, module_path
from cnnspec.pytorch.check_export import ExportCheck, compare_outputs, draw_tensors, run

TOLERANCE = 1e-4  # of float32: relative to the largest value of an output


class OnnxWeights:
    """The weights of a graph's module: initial ones drawn from a seed, or those of a file."""

    def __init__(self, graph: Graph, seed: int = 0, drawn: bool = False, file: str = ""):
        """Make the module. With ``drawn``, no tensor has a constant value, as a check wants it.

        Raises RequestError for a file that has no state_dict of the network."""
        torch.manual_seed(seed)
        self.module = build_module(graph)
        if drawn:
            draw_tensors(self.module)
        if file:
            load_weights(self.module, file)
        self.module.eval()

    def tensor(self, layer: str, name: str) -> Any:
        """Return the array of a layer's tensor."""
        key = ".".join([*module_path(layer), name])
        return self.module.state_dict()[key].detach().numpy()


def load_weights(module: nn.Module, file: str) -> None:
    """Load a file with a state_dict into a module. Raises RequestError where it does not fit."""
    try:
        module.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:  # torch.load raises errors of many kinds for a wrong file
        reason = " ".join(str(error).split())[:300]
        raise RequestError(f"{visible(file)} has no state_dict of the network: {reason}") from None


def check_onnx(graph: Graph, weights: OnnxWeights, model: Any, batch: int = 1) -> ExportCheck:
    """Run an ONNX model and the module with the same weights, and compare the outputs."""
    torch.manual_seed(2016)
    inputs = [torch.rand(batch, *node.output) for node in graph.inputs]
    wanted = run(weights.module, inputs, False, 2016)
    given = {node.name: x.numpy() for node, x in zip(graph.inputs, inputs, strict=True)}
    found = [torch.from_numpy(copy.copy(array)) for array in run_onnx(model, given)]
    names = [node.name for node in graph.outputs]
    largest, differences = compare_outputs(names, wanted, found, TOLERANCE)
    return ExportCheck(len(model.graph.initializer), largest, tuple(differences))


def run_onnx(model: Any, inputs: dict[str, Any]) -> list[Any]:
    """Run a model with onnxruntime, or with onnx's reference evaluator where that is missing."""
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        return list(ReferenceEvaluator(model).run(None, inputs))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, inputs))
