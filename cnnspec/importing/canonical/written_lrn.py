"""Name local response normalization, which PyTorch computes by pools, in the calls of a run.

It is x / (k + alpha * average of x^2 over channels)^beta, as in ``torch.nn.LocalResponseNorm``."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatRun, Value
from cnnspec.importing.canonical.graph_builder import ImportBuilder
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.maps import per_axis
from cnnspec.importing.canonical.views import Rule
from cnnspec.importing.canonical.written_calls import WrittenCalls

NAME = "written_lrn"
VIEWS = ("view", "reshape", "squeeze", "unsqueeze", "_unsafe_view")
POOLS = ("avg_pool2d", "avg_pool3d")


def name_written_lrn(run: FlatRun) -> FlatRun:
    """Return a run with one call for each local response normalization."""
    if not any(call.name in POOLS for call in run.calls):
        return run
    written, calls = WrittenCalls(run), list(run.calls)
    for i, call in enumerate(run.calls):
        if call.name != "div" or call.arguments.get("rounding_mode"):
            continue
        written.inner = set()
        try:
            arguments = read_lrn(written, call.arguments["self"], call.arguments["other"])
        except LookupError:
            continue
        if written.ends_at(i):
            written.replace(calls, i, call.replace(name=NAME, arguments=arguments))
    return run.replace(calls=tuple(calls))


def read_lrn(written: WrittenCalls, x: Any, divisor: Any) -> dict[str, Any]:
    """Return the arguments of the norm that divides x by a divisor. Raises LookupError."""
    power = written.made_by(divisor, "pow").arguments
    scaled, k = written.read_number(power["self"], "add")
    averages, alpha = written.read_number(scaled, "mul")
    pool = written.made_by(pass_views(written, averages), *POOLS)
    value, pads = pass_views(written, pool.arguments["self"]), (0, 0)
    before = written.maker(value)
    if before is not None and before.name in ("pad", "constant_pad_nd"):
        pads = read_channel_padding(written, value)
        value = pass_views(written, before.arguments["self"])
    if written.read_square(value) != x:
        raise LookupError
    size = read_window(pool.arguments, x, pads)
    if not isinstance(power.get("exponent"), float):
        raise LookupError
    return {"self": x, "size": size, "alpha": alpha, "beta": power["exponent"], "k": k}


def pass_views(written: WrittenCalls, value: Any) -> Any:
    """Return what a value is another view of."""
    while isinstance(value, Value) and written.run.calls[value.call].name in VIEWS:
        value = written.made_by(value, *VIEWS).arguments["self"]
    return value


def read_channel_padding(written: WrittenCalls, value: Any) -> tuple[int, int]:
    """Return what a padding adds before and after the channels alone. Raises LookupError."""
    given = written.made_by(value, "pad", "constant_pad_nd").arguments
    rank = len(given["self"].shape)
    amounts = list(given["pad"])
    *others, before, after = amounts
    constant = given.get("mode", "constant") == "constant" and not given.get("value")
    if any(others) or len(amounts) != 2 * (rank - 2) or not constant:
        raise LookupError
    return before, after


def read_window(pool: dict[str, Any], x: Any, pads: tuple[int, int]) -> int:
    """Return how many channels a pool averages around each one. Raises LookupError.

    It reads the tensor as (N, 1, C, ...), so that its first window goes over the channels."""
    shape, rank = pool["self"].shape, len(pool["self"].shape) - 2
    size, *others = per_axis(pool["kernel_size"], rank)
    inner, *rest = per_axis(pool["padding"], rank)
    stride = per_axis(pool.get("stride") or pool["kernel_size"], rank)
    sides = (pads[0] + inner, pads[1] + inner)
    plain = (
        shape[:2] == (x.shape[0], 1)
        and shape[2] == x.shape[1] + sum(pads)
        and {*others, *stride} <= {1}
        and not any(rest)
        and (not inner or pool["count_include_pad"])
        and not pool.get("divisor_override")
        and sides == (size // 2, (size - 1) // 2)
    )
    if not plain:
        raise LookupError
    return int(size)


def normalize_neighbours(builder: ImportBuilder, call: Any) -> TensorLayout:
    """Translate a local response normalization."""
    given = call.arguments
    node = builder.arrange_map(builder.layout(given["self"]))
    fields = {name: given[name] for name in ("size", "alpha", "beta", "k")}
    return builder.whole_layout(builder.append("lrn", fields, (node,)))


RULES: dict[str, Rule] = {NAME: normalize_neighbours}
