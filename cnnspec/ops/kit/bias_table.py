"""The learned biases of attention, one for each head and each distance of two positions."""

from math import prod

from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.input_checks import raise_different_inputs
from cnnspec.units import Shape

NAME = "scaled_dot_product_attention"
RELATIVE, SYMMETRIC = "relative", "symmetric"


def bias_kind(learned: bool, symmetric: bool) -> str:
    """Return the kind of learned biases: RELATIVE, SYMMETRIC if both sides share one, or ""."""
    if not learned:
        return ""
    return SYMMETRIC if symmetric else RELATIVE


def count_distances(kind: str, queries: Shape, keys: Shape) -> int:
    """Return how many distances positions of a window have, of which there are two sizes."""
    return prod(keys) if kind == SYMMETRIC else prod(2 * m - 1 for m in queries)


def bias_parameters(kind: str, heads: int, queries: Shape, keys: Shape) -> dict[str, Shape]:
    """Return the shape of the table, by its name."""
    distances = count_distances(kind, queries, keys)
    return {"relative_position_bias_table": (distances, heads)} if kind else {}


def bias_steps(kind: str, heads: int, queries: Shape, keys: Shape) -> list[Step]:
    """Return the formula of the number of biases; nothing without them."""
    if not kind:
        return []
    of = keys if kind == SYMMETRIC else queries
    sizes = {f"M_{i}": size for i, size in enumerate(of, 1)}
    each = sizes if kind == SYMMETRIC else [f"(2*{name} - 1)" for name in sizes]
    total = heads * count_distances(kind, queries, keys)
    return [Step("parameters", "*".join(["h", *each]), {"h": heads, **sizes}, total)]


def require_learned_bias(learned: bool, symmetric: bool, q: Shape, k: Shape) -> None:
    """Check that a symmetric bias is a learned one, and that its queries are at every second key.

    Raises OperatorError (L003, D003)."""
    if symmetric and not learned:
        raise OperatorError(
            "L003",
            "symmetric_bias says how a learned bias is shared, and there is none",
            "relative_position_bias = true",
            "symmetric_bias",
        )
    if symmetric and (
        len(q) != len(k) or any(-(-m // -(-m // n)) != n for n, m in zip(q[1:], k[1:], strict=True))
    ):
        raise_different_inputs(
            NAME, "$0", q, "$1", k, "there is a query at every key, every second, and so on"
        )
