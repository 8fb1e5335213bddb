"""Translate recurrent layers: PyTorch runs all positions, layers and directions in one call."""

from typing import Any

from cnnspec.analyses.flat_calls import Constant, FlatCall
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.views import Rule


def recur(builder: ImportBuilder, call: FlatCall) -> list[TensorLayout]:
    """Translate lstm and gru. The last state is there for one layer in one direction.

    It is the last position of the output, (1, N, H)."""
    given = call.arguments
    x = builder.layout(given["input"])
    batch, positions = (0, 1) if given["batch_first"] else (1, 0)
    if len(x.dims) != 3 or x.dims[batch] != builder.batch:
        raise UnsupportedCall("the sequences that it reads are not the examples of the batch")
    states = given["hx"] if isinstance(given["hx"], list) else [given["hx"]]
    if not all(isinstance(s, Constant) and s.number == 0 for s in states):
        raise UnsupportedCall("it starts from a state other than zeros")
    node = builder.arrange(x, x.dims[2], x.dims[positions])
    hidden = given["params"][1].shape[1]
    fields = {
        "hidden_size": hidden,
        "num_layers": given["num_layers"],
        "bidirectional": given["bidirectional"],
        "bias": given["has_biases"],
        "dropout": given["dropout"],
    }
    made = builder.append(call.name, fields, (node,), tuple(given["params"]))
    own = builder.whole_layout(made).dims
    dims = [own[0], own[2], own[1]] if given["batch_first"] else [own[2], own[0], own[1]]
    found = [TensorLayout(made, tuple(dims))]
    if given["num_layers"] == 1 and not given["bidirectional"]:
        found.append(take_last(builder, made))
    return found


def take_last(builder: ImportBuilder, node: int) -> TensorLayout:
    """Return the last position of a sequence as a tensor (1, N, H)."""
    length = builder.nodes[node].output[1]
    fields: dict[str, Any] = {"offset": length - 1, "size": 1}
    last = builder.append("crop", fields, (node,)) if length > 1 else node
    return TensorLayout(last, ((), builder.batch, builder.channels(last)))


RULES: dict[str, Rule] = {"lstm": recur, "gru": recur}
