"""Name the global response norm, which PyTorch has no call for, in the calls of a run.

It is written x + (bias + weight * (x * (g / (mean of g + eps)))), g the norm of each channel."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, FlatRun, Value
from cnnspec.importing.canonical.graph_builder import ImportBuilder
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.views import Rule, list_dims
from cnnspec.importing.canonical.written_calls import WrittenCalls, fits

NAME = "global_response_norm"


def name_response_norms(run: FlatRun) -> FlatRun:
    """Return a run with one call for each global response norm, in place of its last addition."""
    written, calls = WrittenCalls(run), list(run.calls)
    for i, call in enumerate(run.calls):
        written.inner = set()
        arguments = find_response_norm(written, call)
        if arguments is not None and written.ends_at(i):
            written.replace(calls, i, call.replace(name=NAME, arguments=arguments))
    return run.replace(calls=tuple(calls))


def find_response_norm(written: WrittenCalls, call: FlatCall) -> dict[str, Any] | None:
    """Return the arguments of the norm that an addition ends; None where it ends none."""
    x = call.arguments.get("self")
    if call.name != "add" or not isinstance(x, Value):
        return None
    try:
        affine = written.made_by(call.arguments["other"], "addcmul").arguments
        product = written.made_by(affine["tensor2"], "mul").arguments
        quotient = written.made_by(product["other"], "div").arguments
        divisor = written.made_by(quotient["other"], "add").arguments
        mean = written.made_by(divisor["self"], "mean").arguments
        norm = written.made_by(mean["self"], "linalg_vector_norm").arguments
    except LookupError:
        return None
    (dim, *more), rank = list_dims(mean.get("dim"), len(x.shape)), len(x.shape)
    others = [d for d in range(1, rank) if d != dim]
    factors = [call.arguments.get("alpha", 1), affine.get("value", 1), divisor.get("alpha", 1)]
    weights = affine["self"], affine["tensor1"]
    same = (
        x == product["self"] == norm["self"]
        and quotient["self"] == mean["self"]
        and sorted(list_dims(norm.get("dim"), rank)) == others
        and (norm.get("ord", 2), norm.get("keepdim"), mean.get("keepdim")) == (2, True, True)
        and not more
        and dim > 0
        and factors == [1, 1, 1]
        and not quotient.get("rounding_mode")
        and isinstance(divisor["other"], float)
        and all(fits(w, rank, dim) for w in weights)
    )
    names = {"self": x, "dim": dim, "eps": divisor["other"]}
    return {**names, "bias": weights[0], "weight": weights[1]} if same else None


def normalize_responses(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate a global response norm."""
    given = call.arguments
    x = builder.layout(given["self"])
    builder.require_batch(x)
    x = builder.by_channels(x, given["dim"])
    fields, weights = {"eps": given["eps"]}, (given["weight"], given["bias"])
    return TensorLayout(builder.append(NAME, fields, (x.node,), weights), x.dims)


RULES: dict[str, Rule] = {NAME: normalize_responses}
