"""MACs by fvcore, the second counter: it counts convolutions and linear layers in a traced run of
the twin."""

import warnings
from typing import Any

from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import BuiltModule, module_path
from cnnspec.pytorch.measure_costs import zero_inputs

COUNTED = {"conv", "linear"}
OTHERS = {
    "matmul",
    "bmm",
    "einsum",
    "baddbmm",
    "mm",
}  # products that it does not count as torch does


def fvcore_macs(graph: Graph, twin: BuiltModule) -> dict[str, int]:
    """The MACs of one example for every node that has parameters of its own and does only what
    fvcore counts.

    Nodes that share parameters are counted with the one that has them. The twin runs in evaluation
    mode on the device where it is, which cannot be "meta". Raises RequestError without fvcore."""
    try:
        from fvcore.nn import FlopCountAnalysis
    except ImportError:
        raise RequestError("counting twice needs fvcore: pip install 'cnnspec[verify]'") from None
    was_training = twin.training
    twin.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analysis: Any = FlopCountAnalysis(twin, zero_inputs(graph, twin, 1)).tracer_warnings("none")
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        counts = analysis.by_module_and_operator()
    twin.train(was_training)
    found = {}
    for node in graph.layers():
        count = counts.get(".".join(module_path(node.name)), {})
        if not node.shares and COUNTED & count.keys() and not OTHERS & count.keys():
            found[node.name] = sum(count[k] for k in COUNTED & count.keys())
    return found
