"""Show why a mutant that passes all checks is the same function as the original."""

import torch

from cnnspec.graph.model import Graph, Node
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.random_weights import draw_weights, in_mode
from tests.faults.mutate import ACTIVATIONS, Mutant

MONOTONE = {"relu", "relu6", "sigmoid", "hardsigmoid", "tanh", "elu", "leaky_relu"}
assert set(ACTIVATIONS) >= MONOTONE


def explain_equivalence(graph: Graph, changed: Graph, mutant: Mutant) -> str:
    """Return why both give the same; "" where no reason is known, or the values of both differ."""
    if not give_same_values(graph, changed):
        return ""
    before = next(n for n in graph.nodes if n.name == mutant.name)
    after = next((n for n in changed.nodes if n.name == mutant.name), None)
    if mutant.kind == "dilation" and getattr(before.op, "kernel_size", 0) in (1, (1, 1)):
        return "a window of one element has nothing to spread"
    if mutant.kind == "stride of a pool" and after is not None and have_same_windows(before, after):
        return "the stride is the size of the window, whether it is said or not"
    if mutant.kind == "ceil mode" and after is not None and before.output == after.output:
        return f"the windows fit: {before.inputs[0].output[1:]} gives {after.output[1:]} either way"
    if mutant.kind == "swapped layers" and after is not None:
        two = {
            before.kind,
            next(n.kind for n in graph.nodes if n.name in mutant.touched and before in n.inputs),
        }
        if "maxpool" in two and two & MONOTONE:
            return "a maximum and a monotone function can be swapped"
        if "channel_shuffle" in two and two & {"relu"}:
            return "what works on each element can be swapped with an order of channels"
    return ""


def have_same_windows(a: Node, b: Node) -> bool:
    """Return whether two nodes read the same positions."""
    return bool(a.op.window(*a.shapes, y=a.output) == b.op.window(*b.shapes, y=b.output))


def give_same_values(graph: Graph, changed: Graph) -> bool:
    """Return whether both give the same with the same weights, for three inputs and both modes."""
    modules = [build_module(g, "cpu", torch.float64) for g in (graph, changed)]
    for module in modules:
        draw_weights(module, torch.Generator().manual_seed(3))
    tensors = [list(t.named_parameters()) for t in modules]
    if sorted((n, p.shape) for n, p in tensors[0]) != sorted((n, p.shape) for n, p in tensors[1]):
        return False
    modules[1].load_state_dict(modules[0].state_dict())
    for i in range(3):
        x = torch.randn(
            2,
            *graph.inputs[0].output,
            generator=torch.Generator().manual_seed(i),
            dtype=torch.float64,
        )
        for training in (True, False):
            results = []
            for module in modules:
                with in_mode(module, training), torch.random.fork_rng(), torch.no_grad():
                    torch.manual_seed(i)
                    y = module(x)
                    results.append(y[0] if isinstance(y, tuple) else y)
            if not torch.allclose(results[0], results[1], rtol=1e-12, atol=0):
                return False
    return True
