"""Find attention that a model computes by its formula, in the calls of a run.

softmax(q k^T * scale + bias) v is written as two products with a softmax between them. The second
product becomes one call of attention, and those before it copies of q, which nothing reads."""

from typing import Any

from cnnspec.analyses.flat_calls import Constant, FlatCall, FlatRun, Value, Weight, list_values
from cnnspec.importing.canonical.views import COPIES, list_dims
from cnnspec.records import Record

NAME = "composed_attention"
PRODUCTS = ("matmul", "bmm", "__matmul__")
RESHAPED = (*COPIES, "view", "reshape", "_unsafe_view", "unsqueeze", "squeeze")


class Products(Record):
    """The parts of an attention: its operands, what changes the products, and the calls inside.

    ``queries``, ``keys`` and ``values`` are (..., positions, channels), with ``turned`` the names
    of those that are the other way round. ``biases`` are added, ``factors`` are parameters that the
    products are multiplied by, and ``scale`` is the product of all numbers."""

    inner: tuple[int, ...]
    queries: Value
    keys: Value
    scale: float = 1.0
    biases: tuple[Any, ...] = ()
    factors: tuple[Any, ...] = ()
    dropout: float = 0.0


def name_composed_attention(run: FlatRun) -> FlatRun:
    """Return a run with one call for each attention that is computed by its formula."""
    calls = list(run.calls)
    readers: dict[int, set[int]] = {}
    for i, call in enumerate(run.calls):
        for value in list_values(call.arguments):
            readers.setdefault(value.call, set()).add(i)
    for value in list_values(run.outputs):
        readers.setdefault(value.call, set()).add(-1)
    for i, call in enumerate(run.calls):
        if call.name not in PRODUCTS:
            continue
        found = find_attention(run, call)
        if found is None:
            continue
        parts, arguments = found
        if all(readers.get(j, set()) <= {*parts.inner, i} for j in parts.inner):
            calls[i] = call.replace(name=NAME, arguments=arguments)
            for j in parts.inner:
                calls[j] = calls[j].replace(name="alias", arguments={"self": parts.queries})
    return run.replace(calls=tuple(calls))


def find_attention(run: FlatRun, call: FlatCall) -> tuple[Products, dict[str, Any]] | None:
    """Return the parts of an attention that a product ends, and its arguments as one call."""
    a, b = read_operands(call)
    for weights, values, turned in ((a, b, False), (b, a, True)):
        if not isinstance(weights, Value) or not isinstance(values, Value):
            continue
        found = trace_weights(run, weights, turned)
        if found is not None:
            return found, {
                "query": found.queries,
                "key": found.keys,
                "value": values,
                "scale": found.scale,
                "biases": found.biases,
                "factors": found.factors,
                "dropout_p": found.dropout,
                "turned": ("key", "value", "output") if turned else ("key",),
            }
    return None


def read_operands(call: FlatCall) -> tuple[Any, Any]:
    return call.arguments["self"], call.arguments.get("other", call.arguments.get("mat2"))


def trace_weights(run: FlatRun, value: Value, turned: bool) -> Products | None:
    """Follow weights of values back to the softmax and to the product of queries and keys.

    ``turned`` says that the weights are transposed."""
    inner: list[int] = []
    dropout = 0.0
    made = run.calls[value.call]
    while made.name in (*RESHAPED, "dropout") or (turned and swaps_last(made, run)):
        inner.append(value.call)
        if made.name == "dropout":
            dropout = made.arguments.get("p", 0.0)
        elif made.name not in RESHAPED:
            turned = False
        value = made.arguments["self"]
        if not isinstance(value, Value):
            return None
        made = run.calls[value.call]
    if turned or made.name not in ("softmax", "_softmax"):
        return None
    rank = len(value.shape)
    if list_dims(made.arguments["dim"], rank) != [rank - 1]:
        return None
    inner.append(value.call)
    found = trace_products(run, made.arguments["self"])
    return None if found is None else found.replace(inner=(*inner, *found.inner), dropout=dropout)


def swaps_last(call: FlatCall, run: FlatRun) -> bool:
    """Tell whether a call transposes the last two dimensions."""
    dims: list[Any] = [call.arguments.get("dim0"), call.arguments.get("dim1")]
    if call.name != "transpose" or not all(isinstance(d, int) for d in dims):
        return False
    rank = len(call.outputs[0])
    return sorted(d % rank for d in dims) == [rank - 2, rank - 1]


def trace_products(run: FlatRun, value: Any) -> Products | None:
    """Follow the input of a softmax back to the product of queries and keys."""
    inner: list[int] = []
    scale, biases, factors = 1.0, list[Any](), list[Any]()
    while isinstance(value, Value):
        made, given = run.calls[value.call], run.calls[value.call].arguments
        name = made.name.removesuffix("_")
        inner.append(value.call)
        if made.name in PRODUCTS:
            queries, keys = read_operands(made)
            if not isinstance(queries, Value) or not isinstance(keys, Value):
                return None
            # what is added before a factor is multiplied by it
            return Products(tuple(inner), queries, keys, scale, tuple(biases), tuple(factors))
        other = given.get("other")
        number: Any = other.number if isinstance(other, Constant) else other
        is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
        if made.name in RESHAPED:
            pass
        elif name == "add" and given.get("alpha", 1) == 1 and not is_number and scale == 1:
            if factors:
                return None
            swapped = isinstance(other, Value) and leads_to_product(run, other)
            biases.append(given["self"] if swapped else other)
            value = other if swapped else given["self"]
            continue
        elif name == "mul" and is_number:
            scale *= number
        elif name in ("div", "true_divide") and is_number and number:
            scale /= number
        elif name == "mul" and isinstance(other, Weight):
            factors.append(other)
        else:
            return None
        value = given.get("self")
    return None


def leads_to_product(run: FlatRun, value: Value) -> bool:
    """Tell whether a value is a product of two values, or a scaled or reshaped one."""
    while run.calls[value.call].name in (*RESHAPED, "mul"):
        read = run.calls[value.call].arguments["self"]
        if not isinstance(read, Value):
            return False
        value = read
    return run.calls[value.call].name in PRODUCTS
