"""Read kernels that a model standardizes before it uses them, as PyTorch code writes it."""

from typing import Any

from cnnspec.analyses.flat_calls import Constant, FlatCall, Weight
from cnnspec.records import Record

VIEWS = frozenset(
    ["view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as"]
) | frozenset(["contiguous", "clone", "to", "_to_copy", "alias", "detach"])


class StandardizedKernels(Record):
    """The parameter that is standardized, and what is added to the variance of each kernel.

    Afterwards each kernel is multiplied by ``factor`` and by its own learned ``gain``."""

    weight: Weight
    eps: float
    gain: Weight | None = None
    factor: float = 1.0


def read_standardized(weight: Any) -> StandardizedKernels | None:
    """Return how kernels are standardized, or None if they are not."""
    made = strip_views(weight)
    call = made.made_by if isinstance(made, Weight) else None
    if call is None:
        return None
    return read_batch_norm(call) if call.name == "batch_norm" else read_quotient(call)


def read_batch_norm(call: FlatCall) -> StandardizedKernels | None:
    """Read the batch normalization of kernels as channels, which timm uses."""
    given = call.arguments
    kernels = strip_views(given["input"])
    if given["running_mean"] is not None or given["bias"] is not None or not given["training"]:
        return None
    if not is_parameter(kernels) or given["input"].shape[:2] != (1, kernels.shape[0]):
        return None
    gain, factor = read_product(given["weight"])
    if gain is not None and not is_parameter(gain):
        return None
    return StandardizedKernels(kernels, given["eps"], gain, factor)


def read_quotient(call: FlatCall) -> StandardizedKernels | None:
    """Read (w - mean) / sqrt(var + eps), where ``torch.var_mean`` gives both."""
    if call.name not in ("div", "true_divide"):
        return None
    centred, deviation = (made_by(call.arguments[n]) for n in ("self", "other"))
    if centred is None or deviation is None:
        return None
    total = made_by(deviation.arguments["self"]) if deviation.name == "sqrt" else None
    if centred.name != "sub" or total is None or total.name != "add":
        return None
    kernels, mean = centred.arguments["self"], centred.arguments["other"]
    variance, eps = total.arguments["self"], total.arguments["other"]
    moments = made_by(variance)
    if not is_parameter(kernels) or moments is None or not isinstance(eps, (int, float)):
        return None
    same = moments is made_by(mean) and moments.arguments["self"] == kernels
    if moments.name != "var_mean" or not same or (variance.port, mean.port) != (0, 1):
        return None
    dims = moments.arguments.get("dim")
    biased = moments.arguments.get("unbiased") is False or moments.arguments.get("correction") == 0
    if not biased or dims is None or sorted(dims) != list(range(1, len(kernels.shape))):
        return None
    return StandardizedKernels(kernels, float(eps))


def read_product(tensor: Any) -> tuple[Any, float]:
    """Return a tensor and the number that it is multiplied by."""
    made = strip_views(tensor)
    call = made.made_by if isinstance(made, Weight) else None
    if call is None or call.name != "mul":
        return made, 1.0
    factors = [call.arguments["self"], call.arguments["other"]]
    numbers = [f.number if isinstance(f, Constant) else f for f in factors]
    for tensor, number in (factors[0], numbers[1]), (factors[1], numbers[0]):
        if isinstance(number, (int, float)):
            return strip_views(tensor), float(number)
    return made, 1.0


def strip_views(tensor: Any) -> Any:
    """Return the tensor that has the same elements in the same order."""
    while isinstance(tensor, Weight) and tensor.made_by and tensor.made_by.name in VIEWS:
        tensor = tensor.made_by.arguments.get("self", tensor.made_by.arguments.get("input"))
    return tensor


def made_by(tensor: Any) -> FlatCall | None:
    return tensor.made_by if isinstance(tensor, Weight) else None


def is_parameter(tensor: Any) -> bool:
    """Return whether a tensor is a parameter or a buffer of the model itself."""
    return isinstance(tensor, Weight) and tensor.made_by is None
