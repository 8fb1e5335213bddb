"""Makes ONNX files for tests: of PyTorch models, and node by node."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnspec.units import Shape


def export_onnx(path: Path, model: nn.Module, *shapes: Shape, **more: Any) -> str:
    """Write a model as an ONNX file as PyTorch's older exporter does, and return its path.

    Its batch normalization stays as it is unless ``folded`` is set."""
    folded = more.pop("folded", False)
    inputs = tuple(torch.zeros(1, *shape) for shape in shapes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(), inputs, str(path), dynamo=False, do_constant_folding=folded, **more
        )
    return str(path)


def write_onnx(
    path: Path,
    nodes: Sequence[Any],
    shape: Shape,
    weights: dict[str, Shape] | None = None,
    numbers: dict[str, Any] | None = None,
    opset: int = 18,
) -> str:
    """Write an ONNX file of nodes that read "x" and write "y"; its weights are ones."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    tensors = [
        numpy_helper.from_array(np.ones(sizes, "float32"), name)
        for name, sizes in (weights or {}).items()
    ]
    tensors += [
        numpy_helper.from_array(np.asarray(values), name)
        for name, values in (numbers or {}).items()
    ]
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 10
    onnx.save(model, path)
    return str(path)
