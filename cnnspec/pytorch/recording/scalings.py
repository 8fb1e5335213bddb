"""Merge factors and offsets that are numbers: with each other, and with a product before or after.

The rules are those of :mod:`cnnspec.pytorch.recording.merges`.
"""

from cnnspec.pytorch.recording.call_log import CallLog, NewCall
from cnnspec.pytorch.recording.readers import Number, combine_numbers


def is_scaling(call: NewCall | None) -> bool:
    """Return whether a call multiplies one value by a number."""
    if call is None or call.kind != "mul" or [*call.fields] != ["other"]:
        return False
    return not isinstance(call.fields["other"], tuple)


def multiply(*factors: float) -> float:
    """Return a product to twelve digits, as rounding depends on the order of factors."""
    product = 1.0
    for factor in factors:
        product *= factor
    return float(f"{product:.12g}")


def merge_scaled_product(log: CallLog, new: NewCall) -> NewCall | None:
    """Let the factor of a product's inputs be a setting of the product: (q * s) @ k."""
    factor, reads, absorbs = 1.0, [], []
    for edge in new.reads:
        before = log.maker(edge, "mul")
        if before and is_scaling(before):
            factor *= before.fields["other"]
            absorbs.append(edge.call)
            edge = before.reads[0]
        reads.append(edge)
    if not absorbs:
        return None
    fields = {**new.fields, "scale": multiply(factor)}
    return new.replace(fields=fields, reads=tuple(reads), absorbs=tuple(absorbs))


def merge_scaling_of_product(log: CallLog, new: NewCall) -> NewCall | None:
    """Let the factor of a product be a setting of it too: (q @ k) * s."""
    product = log.maker(new.reads[0], "matmul") if is_scaling(new) else None
    if product is None:
        return None
    scale = multiply(product.fields.get("scale", 1.0), new.fields["other"])
    return product.replace(
        fields={**product.fields, "scale": scale}, output=new.output, absorbs=(new.reads[0].call,)
    )


def read_scaling(call: NewCall | None) -> tuple[Number, Number] | None:
    """Return the factor and the offset of a call that scales one value by fixed numbers."""
    if call is None or len(call.reads) != 1 or call.weights:
        return None
    if call.kind == "scale":
        return call.fields["factor"], call.fields["offset"]
    if [*call.fields] != ["other"] or call.kind not in ("mul", "add"):
        return None
    other = call.fields["other"]
    return (other, 0.0) if call.kind == "mul" else (1.0, other)


def merge_scalings(log: CallLog, new: NewCall) -> NewCall | None:
    """Let a fixed factor and a fixed offset, in either order, be one scaling: (x - mean) / std."""
    first = log.maker(new.reads[0], "mul", "add", "scale") if len(new.reads) == 1 else None
    before, after = read_scaling(first), read_scaling(new)
    if first is None or before is None or after is None or first.kind == new.kind:
        return None
    if len({len(v) for v in (*before, *after) if isinstance(v, tuple)}) > 1:
        return None
    factor = combine_numbers(multiply, before[0], after[0])
    shifted = combine_numbers(multiply, before[1], after[0])
    offset = combine_numbers(lambda a, b: multiply(a + b), shifted, after[1])
    return first.replace(
        kind="scale",
        fields={"factor": factor, "offset": offset},
        output=new.output,
        fixed=tuple(dict.fromkeys((*first.fixed, *new.fixed))),
        absorbs=(new.reads[0].call,),
    )


def merge_rescaling(log: CallLog, new: NewCall) -> NewCall | None:
    """Let a factor after a product with a random mask be its rescaling."""
    dropped = log.maker(new.reads[0], "random") if is_scaling(new) else None
    if dropped is None or multiply(dropped.fields.get("scale", 0), new.fields["other"]) != 1:
        return None
    fields = {k: v for k, v in dropped.fields.items() if k not in ("of", "scale")}
    return dropped.replace(kind=dropped.fields["of"], fields=fields, absorbs=(new.reads[0].call,))
