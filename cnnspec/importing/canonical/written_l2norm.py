"""Name the L2 norm of channels with a weight for each, as in SSD, in the calls of a run.

It is weight * x / max(norm of x, 1e-12), as ``torch.nn.functional.normalize`` computes it."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, FlatRun, Value, Weight
from cnnspec.importing.canonical.graph_builder import ImportBuilder
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.views import Rule, list_dims
from cnnspec.importing.canonical.written_calls import WrittenCalls, fits

NAME = "written_l2norm"
EPS = 1e-12  # of the operator, and PyTorch's default


def name_written_l2norms(run: FlatRun) -> FlatRun:
    """Return a run with one call for each L2 norm with weights."""
    if not any(call.name == "linalg_vector_norm" for call in run.calls):
        return run
    written, calls = WrittenCalls(run), list(run.calls)
    for i, call in enumerate(run.calls):
        written.inner = set()
        try:
            arguments = read_l2norm(written, call)
        except LookupError:
            continue
        if written.ends_at(i):
            written.replace(calls, i, call.replace(name=NAME, arguments=arguments))
    return run.replace(calls=tuple(calls))


def read_l2norm(written: WrittenCalls, call: FlatCall) -> dict[str, Any]:
    """Return the arguments of the norm that a product ends. Raises LookupError."""
    if call.name != "mul":
        raise LookupError
    sides = call.arguments["self"], call.arguments["other"]
    weights = [side for side in sides if isinstance(side, Weight)]
    values = [side for side in sides if isinstance(side, Value)]
    if len(weights) != 1 or len(values) != 1:
        raise LookupError
    quotient = written.made_by(values[0], "div").arguments
    x, divisor = quotient["self"], quotient["other"]
    maker = written.maker(divisor)
    if maker is not None and maker.name in ("expand", "expand_as"):
        divisor = written.made_by(divisor, "expand", "expand_as").arguments["self"]
    limit = written.made_by(divisor, "clamp_min", "clamp").arguments
    norm = written.made_by(limit["self"], "linalg_vector_norm").arguments
    rank = len(x.shape)
    dims = list_dims(norm.get("dim"), rank)
    plain = (
        norm["self"] == x
        and (norm.get("ord", 2), norm.get("keepdim"), limit.get("max")) == (2, True, None)
        and limit.get("min") == EPS
        and len(dims) == 1
        and dims[0] > 0
        and not quotient.get("rounding_mode")
        and fits(weights[0], rank, dims[0])
    )
    if not plain:
        raise LookupError
    return {"self": x, "dim": dims[0], "weight": weights[0]}


def normalize_length(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate an L2 norm with weights."""
    given = call.arguments
    x = builder.layout(given["self"])
    builder.require_batch(x)
    x = builder.by_channels(x, given["dim"])
    fields = {"scale": builder.initial.get(given["weight"].names[0], 20.0)}
    return TensorLayout(builder.append("l2norm", fields, (x.node,), (given["weight"],)), x.dims)


RULES: dict[str, Rule] = {NAME: normalize_length}
