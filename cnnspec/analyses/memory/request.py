"""Check what is asked of a network's memory: batch, dtype, mode, optimizer, loss, frozen layers."""

from collections.abc import Sequence

from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.units import MAX_BATCH, format_count, format_shape

DTYPES = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}  # bytes of an element
MODES = ("inference", "training")
LOSSES = ("cross_entropy", "mse")


def check_request(batch: int, dtype: str, optimizer: str, mode: str = "training") -> int:
    """Return the bytes of an element. Raises RequestError for what is unknown or out of range."""
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise RequestError(f"a batch has at least one example, not {visible(batch, 40)}")
    if batch > MAX_BATCH:
        raise RequestError(
            f"a batch has at most {format_count(MAX_BATCH)} examples, not {visible(batch, 40)}"
        )
    for value, known, what in (
        (dtype, [*DTYPES], "dtype"),
        (optimizer, [*OPTIMIZERS], "optimizer"),
        (mode, [*MODES], "mode"),
    ):
        if value not in known:
            hint = did_you_mean(value, known, "there are " + ", ".join(known))
            raise RequestError(f"{visible(value, 40)!r} is not a known {what}; {hint}")
    return DTYPES[dtype]


def default_loss(graph: Graph) -> str:
    """Return the loss that is used if none is chosen: cross entropy for one vector of logits."""
    logits = len(graph.outputs) == 1 and len(graph.outputs[0].output) == 1
    return "cross_entropy" if logits else "mse"


def choose_loss(graph: Graph, loss: str) -> str:
    """Return the loss, or the default for "".

    Raises RequestError for an unknown loss and for outputs that the loss cannot take."""
    loss = loss or default_loss(graph)
    if loss not in LOSSES:
        hint = did_you_mean(loss, LOSSES, "there are " + ", ".join(LOSSES))
        raise RequestError(f"{visible(loss, 40)!r} is not a known loss; {hint}")
    for node in graph.results(training=True):
        if loss == "cross_entropy" and len(node.output) != 1:
            raise RequestError(
                f"cross_entropy takes a vector of logits, but the output of {visible(node.name)}"
                f" is {format_shape(node.output)}; the loss mse takes any output"
            )
    return loss


def find_frozen_layers(graph: Graph, patterns: Sequence[str]) -> frozenset[str]:
    """Find the layers that patterns such as ``layer1.*`` match; they are not trained.

    A pattern is compared with a layer's name and with that of the row it belongs to, so that a
    row's norm is frozen too. ``*`` matches any characters, ``?`` one. Raises RequestError for a
    pattern that matches no layer with parameters, and if all such layers are frozen."""
    if not patterns:
        return frozenset()
    from fnmatch import fnmatchcase  # only needed here

    owners = [n for n in graph.layers(training=True) if not n.shares and n.op.parameters(*n.shapes)]
    frozen: set[str] = set()
    for pattern in patterns:
        names = {
            n.name for n in owners if fnmatchcase(n.name, pattern) or fnmatchcase(n.row, pattern)
        }
        if not names:
            examples = [name for n in owners for name in (n.row, n.name.partition(".")[0] + ".*")]
            hint = did_you_mean(
                pattern,
                [*dict.fromkeys(examples)],
                "cnnspec table shows the layers' names; 'layer1.*' matches all inside layer1",
            )
            raise RequestError(f"{visible(pattern, 60)!r} matches no layer with parameters; {hint}")
        frozen |= names
    if len(frozen) == len(owners):
        raise RequestError("every layer with parameters is frozen: there is nothing left to train")
    return frozenset(frozen)
