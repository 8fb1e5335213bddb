"""Compare the gradients of a model with those of the built module that has the same weights.

Values do not show a gradient that a model stops, turns or scales, nor autocast in float64.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn

from cnnspec.analyses.verdict import FAILED, LIMITED, Check, Difference, make_check
from cnnspec.costs import compute_costs
from cnnspec.graph.model import Graph
from cnnspec.problems import describe_exception
from cnnspec.pytorch.compare_draws import DrawComparison, adapt_precision
from cnnspec.pytorch.devices import available_bytes
from cnnspec.pytorch.draws import Batch, ModelUnderTest
from cnnspec.pytorch.random_weights import in_mode
from cnnspec.pytorch.real_values import as_real
from cnnspec.pytorch.recording.recorder import record_built_module, record_model
from cnnspec.pytorch.recording.source_lines import AutocastDetector
from cnnspec.pytorch.tensor_pairs import base_name, fit_shape, take_rows
from cnnspec.pytorch.transplant_weights import transplant_weights
from cnnspec.units import format_bytes, format_plural

NOISE = 1e-4  # of the largest gradient of all: gradients of zero are compared with this
COPIES = 4  # of all activations in float64: kept, their gradients, and what operators keep
Gradients = dict[str, torch.Tensor | None]


def compare_gradients(
    graph: Graph, tested: ModelUnderTest, compared: DrawComparison, seed: int
) -> Check:
    """Compare the gradients of all parameters and inputs, of a random projection of the outputs.

    Both run once more, in training mode without dropout, with the inputs of a draw.
    """
    name, pairs = tested.name, compared.pairs
    tested = adapt_precision(tested, compared.alignments)
    shortage = describe_gradient_shortage(graph, tested.device)
    if shortage:
        return Check("gradients", name, LIMITED, detail=f"not compared: {shortage}")
    transplant_weights(pairs, [], compared.built, tested.model, name)
    inputs, heads = compared.draw.inputs, len(graph.outputs)
    detector = AutocastDetector(tested.device)
    try:
        with detector:
            theirs = compute_gradients(
                tested.model,
                inputs,
                lambda batch: record_model(tested.model, batch, tested.run, gradients=True)[1],
                heads,
                seed,
            )
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        cause = "the backward pass of this model"
        found = [Difference("backward", "gradients", "computed", describe_exception(error), cause)]
        return Check("gradients", name, FAILED, differences=tuple(found))
    built = compared.built
    ours = compute_gradients(
        built,
        inputs,
        lambda batch: record_built_module(graph, built, batch, gradients=True)[1],
        heads,
        seed,
    )
    named = [*pairs, *((f"input {i}", f"input {i}") for i in range(len(inputs)))]
    both = [(a, b) for a, b in named if base_name(a) in ours and base_name(b) in theirs]
    found = list(gradient_differences(both, ours, theirs, tested.precision.gradients))
    if detector.source is not None:
        where = detector.source or "forward"
        text = f"autocast, in {where}"
        found.insert(0, Difference(where, "precision", "no autocast", text, "autocast in forward"))
    compared_text = format_plural(len(both), "gradient")
    return make_check("gradients", name, compared_text, found[:1], count_more(len(found) - 1))


def count_more(count: int) -> str:
    return f"and {count:,} more" if count > 0 else ""


def describe_gradient_shortage(graph: Graph, device: str) -> str:
    """Say why a backward pass in float64 does not fit in the free memory; "" where it fits."""
    costs = compute_costs(graph.layers(training=True))
    values = sum(c.activation_size + c.elementwise.get("exponentials", 0) for c in costs)
    need, free = 8 * 2 * COPIES * values, available_bytes(device)
    if need <= free:
        return ""
    return f"a backward pass needs about {format_bytes(need)}, and {format_bytes(free)} are free"


def compute_gradients(
    model: nn.Module,
    inputs: Batch,
    run: Callable[[Batch], list[torch.Tensor]],
    heads: int,
    seed: int,
) -> Gradients:
    """Return the gradients of parameters and inputs by name; None where there is none.

    ``heads`` outputs are projected on random directions."""
    leaves = tuple(x.detach().clone().requires_grad_() for x in inputs)
    parameters = dict(model.named_parameters())
    generator = torch.Generator().manual_seed(seed)
    with in_mode(model, True), collecting_gradients(parameters), torch.enable_grad():
        outputs = run(leaves)[:heads]
        loss = torch.zeros((), dtype=torch.float64, device=leaves[0].device if leaves else None)
        for x in outputs:
            real = as_real(x)
            direction = torch.randn(real.shape, generator=generator, dtype=torch.float64)
            finite = real.masked_fill(~real.isfinite(), 0.0)
            loss = loss + (finite * direction.to(real.device)).sum()
        if loss.requires_grad:
            loss.backward()  # type: ignore[no-untyped-call]
        found: Gradients = {name: p.grad for name, p in parameters.items()}
    return found | {f"input {i}": x.grad for i, x in enumerate(leaves)}


@contextmanager
def collecting_gradients(parameters: dict[str, nn.Parameter]) -> Iterator[None]:
    """Let all parameters collect gradients, also frozen ones, and restore them after."""
    before = [(p, p.requires_grad, p.grad) for p in parameters.values()]
    for p in parameters.values():
        if p.is_floating_point():
            p.requires_grad_(True)
        p.grad = None
    try:
        yield
    finally:
        for p, required, grad in before:
            p.requires_grad_(required)
            p.grad = grad


def gradient_differences(
    pairs: list[tuple[str, str]], ours: Gradients, theirs: Gradients, tolerance: float
) -> Iterator[Difference]:
    """Yield the tensors whose gradients differ, in the order of the pairs."""
    largest = max(
        (g.abs().max().item() for g in ours.values() if g is not None and g.numel()), default=0.0
    )
    for name, other in pairs:
        a, b = take_rows(ours, name), take_rows(theirs, other)
        if not has_values(a) and not has_values(b):
            continue
        shape = tuple((a if a is not None else b).shape)  # type: ignore[union-attr]
        left = as_real(a) if a is not None else torch.zeros(shape, dtype=torch.float64)
        right = None if b is None else fit_shape(as_real(b), shape)
        right = torch.zeros_like(left) if right is None else right
        scale = max(left.abs().max().item(), right.abs().max().item(), NOISE * largest)
        off = (left.to(right.device) - right).abs().max().item() / (scale or 1.0)
        if not off <= tolerance:
            yield Difference(
                name,
                "gradient",
                f"relative difference of at most {tolerance:g}" if a is not None else None,
                f"relative difference of {off:.3g}" if b is not None else None,
                "the model stops, turns or changes a gradient",
            )


def has_values(gradient: torch.Tensor | None) -> bool:
    return gradient is not None and bool(gradient.numel())
