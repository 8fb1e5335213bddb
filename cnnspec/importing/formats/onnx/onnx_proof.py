"""Prove the spec of an ONNX file: run both with the same weights, and compare the outputs.

All weights are drawn at random, so that none is zero or one. ONNX Runtime runs the file where it is
installed, else onnx's reference evaluator does."""

import operator
from typing import Any

from cnnspec.analyses.verdict import IMPOSSIBLE, LIMITED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.importing.formats.onnx.onnx_trace import WeightUse
from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.problems import visible
from cnnspec.units import Shape, format_plural

SEED = 2016
TOLERANCE = 1e-3  # of float32, relative to the largest value of an output
NEEDED = "the outputs are not compared: pip install 'cnnspec[onnx]'"


def prove_onnx(
    path: str,
    graph: Graph,
    imported: ImportedGraph,
    uses: dict[str, list[WeightUse]],
    shapes: dict[str, Shape],
    batch: int,
) -> list[Check]:
    """Return the check of the outputs.

    ``uses`` are by parameter the nodes of the file that read it, and ``shapes`` the shapes with
    which the spec does. Raises ImportError without PyTorch."""
    import torch

    from cnnspec.pytorch.built_module import build_module
    from cnnspec.pytorch.random_weights import draw_weights, in_mode

    against = f"{visible(path)}"
    try:
        import onnx
    except ImportError:
        return [Check("values", against, LIMITED, detail=NEEDED)]
    built = build_module(graph, "cpu", torch.float32)
    generator = torch.Generator().manual_seed(SEED)
    draw_weights(built, generator)
    drawn = draw_tensors(built, graph, imported, generator)
    inputs = [torch.randn(batch, *n.output, generator=generator) for n in graph.inputs]
    with torch.no_grad(), in_mode(built, False):
        ours = built(*inputs)
    ours = [ours] if isinstance(ours, torch.Tensor) else list(ours)
    try:
        model = onnx.load(path)
        put_weights(onnx, model, drawn, uses, shapes)
        runner, theirs = run_onnx(model, [x.numpy() for x in inputs])
    except Exception as error:  # whatever the library raises for a file
        reason = visible(str(error).strip().split("\n")[0] or type(error).__name__, 200)
        return [Check("values", against, IMPOSSIBLE, detail=f"it cannot be run: {reason}")]
    found = []
    for node, a, b in zip(graph.outputs, ours, theirs, strict=True):
        other = torch.from_numpy(b.copy())
        if tuple(a.shape) != tuple(other.shape):
            shape = tuple(other.shape)[1:]
            found.append(Difference(node.name, "output", node.output, shape, "another shape"))
            continue
        scale = float(other.abs().max()) or 1.0
        off = float((a - other).abs().max()) / scale
        if not off <= TOLERANCE:
            found.append(Difference(node.name, "values", 0.0, off, "another calculation"))
    compared = f"{format_plural(len(ours), 'output')}, random weights, run by {runner}"
    detail = f"float32, tolerance {TOLERANCE:g} of the largest value"
    return [make_check("values", against, compared, found, detail)]


def draw_tensors(
    built: Any, graph: Graph, imported: ImportedGraph, generator: Any
) -> dict[str, Any]:
    """Return the drawn tensors by the names of the file, those of batch norm's statistics too."""
    modules = {step.node: step.module for step in built.plans[False]}
    found: dict[str, Any] = {}
    for node, source in zip(graph.nodes, imported.nodes, strict=True):
        if not source.weights or node.index not in modules:
            continue
        tensors = []
        for name in built.tensor_shapes[node.index]:  # without those of a norm registered inside
            tensor = operator.attrgetter(name)(modules[node.index]).detach()
            if name.endswith("running_mean"):
                tensor.normal_(0, 0.2, generator=generator)
            elif name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            tensors.append(tensor)
        found |= dict(zip(source.weights, tensors, strict=True))
    return found


def put_weights(
    onnx: Any,
    model: Any,
    drawn: dict[str, Any],
    uses: dict[str, list[WeightUse]],
    shapes: dict[str, Shape],
) -> None:
    """Let the nodes of a file read other tensors in place of its own."""
    nodes = model.graph.node
    for number, (name, tensor) in enumerate(drawn.items()):
        value = tensor.reshape(shapes[name])
        for use in uses[name]:
            fresh = f"cnnspec_{number}_{'transposed' if use.transposed else 'plain'}"
            nodes[use.node].input[use.slot] = fresh
        for transposed in {use.transposed for use in uses[name]}:
            fresh = f"cnnspec_{number}_{'transposed' if transposed else 'plain'}"
            array = (value.t().contiguous() if transposed else value).numpy()
            model.graph.initializer.append(onnx.numpy_helper.from_array(array, fresh))
    read = {name for node in nodes for name in node.input}
    kept = [t for t in model.graph.initializer if t.name in read]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def run_onnx(model: Any, arrays: list[Any]) -> tuple[str, Any]:
    """Run a file on arrays. Returns what ran it, and the outputs. Raises what that raises."""
    fixed = {t.name for t in model.graph.initializer}
    names = [i.name for i in model.graph.input if i.name not in fixed]
    feeds = dict(zip(names, arrays, strict=True))
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        return "onnx's reference evaluator", ReferenceEvaluator(model).run(None, feeds)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return f"ONNX Runtime {onnxruntime.__version__}", session.run(None, feeds)
