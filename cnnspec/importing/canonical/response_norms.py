"""Name the global response norm, which PyTorch has no call for, in the calls of a run.

It is written x + (bias + weight * (x * (g / (mean of g + eps)))), g the norm of each channel."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, FlatRun, Value, Weight, list_values
from cnnspec.importing.canonical.graph_builder import ImportBuilder
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.views import Rule, list_dims

NAME = "global_response_norm"


def name_response_norms(run: FlatRun) -> FlatRun:
    """Return a run with one call for each global response norm, in place of its last addition.

    The calls before it become copies of its input, which nothing reads."""
    calls = list(run.calls)
    for i, call in enumerate(run.calls):
        found = find_response_norm(run, call)
        if found is None:
            continue
        arguments, inner = found
        readers = [
            j for j, c in enumerate(run.calls) for v in list_values(c.arguments) if v.call in inner
        ]
        if {*readers} <= {*inner, i} and not any(v.call in inner for v in list_values(run.outputs)):
            calls[i] = call.replace(name=NAME, arguments=arguments)
            for j in inner:
                copied = {"self": arguments["self"]}
                calls[j] = calls[j].replace(name="alias", arguments=copied)
    return run.replace(calls=tuple(calls))


def find_response_norm(run: FlatRun, call: FlatCall) -> tuple[dict[str, Any], list[int]] | None:
    """Return the arguments of the norm that an addition ends, and the calls before that.

    None where it ends none."""
    x = call.arguments.get("self")
    inner: list[int] = []

    def argument_of(value: Any, name: str) -> dict[str, Any]:
        made = run.calls[value.call] if isinstance(value, Value) else None
        if made is None or made.name != name:
            raise LookupError
        inner.append(value.call)
        return made.arguments

    if call.name != "add" or not isinstance(x, Value):
        return None
    try:
        affine = argument_of(call.arguments["other"], "addcmul")
        product = argument_of(affine["tensor2"], "mul")
        quotient = argument_of(product["other"], "div")
        divisor = argument_of(quotient["other"], "add")
        mean = argument_of(divisor["self"], "mean")
        norm = argument_of(mean["self"], "linalg_vector_norm")
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
        and all(isinstance(w, Weight) and fits(w, len(x.shape), dim) for w in weights)
    )
    names = {"self": x, "dim": dim, "eps": divisor["other"]}
    return ({**names, "bias": weights[0], "weight": weights[1]}, inner) if same else None


def fits(weight: Weight, rank: int, dim: int) -> bool:
    """Tell whether a parameter has a value for each position of one dimension of a tensor."""
    shape = (1,) * (rank - len(weight.shape)) + weight.shape
    return all(n == 1 for d, n in enumerate(shape) if d != dim)


def normalize_responses(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate a global response norm."""
    given = call.arguments
    x = builder.layout(given["self"])
    builder.require_batch(x)
    x = builder.by_channels(x, given["dim"])
    fields, weights = {"eps": given["eps"]}, (given["weight"], given["bias"])
    return TensorLayout(builder.append(NAME, fields, (x.node,), weights), x.dims)


RULES: dict[str, Rule] = {NAME: normalize_responses}
