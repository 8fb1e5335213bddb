"""Compare networks: the measures of a whole network, by their keys.

A measure is computed when it is first asked for, so a table of parameters does not plan memory."""

from collections.abc import Callable, Iterable
from functools import cached_property
from math import prod
from typing import Any

from cnnspec.analyses.architecture import count_depth, describe_chain
from cnnspec.analyses.memory.network_memory import NetworkMemory, plan_memory
from cnnspec.analyses.memory.request import DTYPES, check_request
from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.conventions import CONVENTIONS, Uncounted, count_network, load_convention
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.records import Record


class ComparisonSettings(Record):
    """The settings that memory and arithmetic intensity depend on."""

    batch: int = 1
    dtype: str = "float32"
    optimizer: str = "none"
    loss: str = ""


class ComparedNetwork:
    """One network of a comparison; ``unknown`` says, by measure, why a value is missing."""

    def __init__(self, net: NetworkCosts, setting: ComparisonSettings):
        self.net, self.setting = net, setting
        self.unknown: dict[str, str] = {}
        self.found: dict[str, Any] = {}

    def value(self, key: str) -> Any:
        """Return the value of a measure; None if it has none."""
        if key not in self.found:
            with garbage_collection_paused():
                self.found[key] = MEASURES[key].value(self)
        return self.found[key]

    @property
    def graph(self) -> Graph:
        return self.net.graph

    @cached_property
    def memory(self) -> NetworkMemory | None:
        """The network's memory; None if the memory of an operator is not known."""
        s = self.setting
        check_request(s.batch, s.dtype, s.optimizer)  # wrong settings raise for every network
        try:
            return plan_memory(self.graph, s.batch, s.dtype, s.optimizer, s.loss)
        except RequestError as error:
            self.unknown["memory"] = str(error)
            return None

    def counted(self, name: str) -> int | None:
        """Return what another tool would count; None if that depends on the implementation."""
        try:
            return count_network(load_convention(name), self.graph)
        except Uncounted as fault:
            self.unknown[name] = str(fault)
            return None


class Measure(Record):
    """A measure: its ``kind`` is text, count, bytes, ratio or field; ``says`` defines it.

    ``from_totals`` says that it needs only the network's totals, not its graph."""

    key: str
    heading: str
    kind: str
    value: Callable[[ComparedNetwork], Any]
    says: str = ""
    from_totals: bool = False

    def __reduce__(self) -> tuple[Callable[[str], "Measure"], tuple[str]]:
        """Pickle the key: the functions of measures have no names."""
        return find_measure, (self.key,)


def count_weights(subject: ComparedNetwork) -> int:
    """Count the elements of kernels and matrices: parameters of two or more dimensions."""
    of = [node.op.parameters(*node.shapes) for node in subject.graph.layers() if not node.shares]
    return sum(prod(shape) for tensors in of for shape in tensors.values() if len(shape) > 1)


def largest_receptive_field(subject: ComparedNetwork) -> tuple[int, ...] | None:
    """Return the largest receptive field that is not the whole input; None if all are."""
    sizes = [subject.net.fields[n.index].size for n in subject.graph.layers()]
    return max((s for s in sizes if s is not None), key=prod, default=None)


def count_bytes(subject: ComparedNetwork) -> int:
    """Count the bytes of parameters and buffers."""
    return (subject.net.totals.params + subject.net.totals.buffers) * DTYPES[subject.setting.dtype]


def arithmetic_intensity(subject: ComparedNetwork) -> float:
    """Return the FLOPs per byte of memory traffic."""
    batch, size = subject.setting.batch, DTYPES[subject.setting.dtype]
    bytes_ = count_memory_traffic(subject.net.layers, batch) * size
    return round(subject.net.totals.flops * batch / bytes_, 2) if bytes_ else 0.0


def memory_peak(mode: str) -> Callable[[ComparedNetwork], int | None]:
    return lambda s: getattr(s.memory, f"{mode}_peak") if s.memory else None


def tool_count(name: str) -> Callable[[ComparedNetwork], int | None]:
    return lambda s: s.counted(name)


MEASURES = {
    m.key: m
    for m in (
        Measure("network", "Network", "text", lambda s: s.graph.name, from_totals=True),
        Measure("title", "Title", "text", lambda s: s.graph.title, from_totals=True),
        Measure("family", "Family", "text", lambda s: s.graph.family, from_totals=True),
        Measure("task", "Task", "text", lambda s: s.graph.task, from_totals=True),
        Measure("year", "Year", "year", lambda s: s.graph.year, from_totals=True),
        Measure("input", "Input", "shape", lambda s: s.graph.inputs[0].output, from_totals=True),
        Measure("params", "Params", "count", lambda s: s.net.totals.params, from_totals=True),
        Measure(
            "weights",
            "Weights",
            "count",
            count_weights,
            "elements of kernels and matrices, without biases and norms",
        ),
        Measure("buffers", "Buffers", "count", lambda s: s.net.totals.buffers, from_totals=True),
        Measure("size", "Size", "bytes", count_bytes, "bytes of parameters and buffers", True),
        Measure(
            "macs",
            "MACs",
            "count",
            lambda s: s.net.totals.macs,
            "multiply-accumulates, without biases",
            from_totals=True,
        ),
        Measure(
            "flops", "FLOPs", "count", lambda s: s.net.totals.flops, "2 a multiply-accumulate", True
        ),
        Measure(
            "activations",
            "Acts",
            "count",
            lambda s: s.net.totals.activations,
            "activations: the elements of the outputs of all layers",
            from_totals=True,
        ),
        Measure(
            "inference_peak", "Infer peak", "bytes", memory_peak("inference"), "memory at inference"
        ),
        Measure(
            "training_peak", "Train peak", "bytes", memory_peak("training"), "memory in training"
        ),
        Measure(
            "depth",
            "Depth",
            "count",
            lambda s: count_depth(s.graph.layers()),
            "most layers with weights on a path, without those of squeeze-excite gates",
        ),
        Measure(
            "receptive_field",
            "RF",
            "field",
            largest_receptive_field,
            "largest receptive field of a layer that does not see the whole input, in pixels",
        ),
        Measure(
            "intensity",
            "FLOPs/byte",
            "ratio",
            arithmetic_intensity,
            "arithmetic intensity: FLOPs per byte of memory traffic, if every layer reads its"
            " inputs and weights and writes its output once",
        ),
        Measure(
            "architecture",
            "Architecture",
            "text",
            lambda s: describe_chain(s.graph),
            "the layers of a network without branches, in a line",
        ),
        *(
            Measure(name, name, "count", tool_count(name), f"what {name} would count")
            for name in CONVENTIONS
        ),
    )
}
DEFAULT = (
    "network",
    "params",
    "macs",
    "activations",
    "inference_peak",
    "training_peak",
    "depth",
    "receptive_field",
)


def find_measure(key: str) -> Measure:
    """Find a measure by its key. Raises RequestError if there is none."""
    if key not in MEASURES:
        hint = did_you_mean(key, list(MEASURES), "there are " + ", ".join(MEASURES))
        raise RequestError(f"there is no measure {visible(key, 40)!r}; {hint}")
    return MEASURES[key]


MOVES_NOTHING = ("shape", "regulariser")  # roles: views, and what only acts in training


def count_memory_traffic(rows: Iterable[Row], batch: int = 1) -> int:
    """Count the elements that all layers move at inference.

    Each layer reads its inputs and writes its output once. A layer's norm and activation are
    assumed to be fused with it. Parameters and buffers are read once per batch."""
    elements = 0
    for row in rows:
        if row.operator is None or row.operator.role in MOVES_NOTHING or row.main is None:
            continue
        read = row.main.value_inputs
        elements += batch * (sum(prod(n.output) for n in read) + prod(row.output))
        elements += sum(prod(shape) for node in row.nodes for shape in tensor_shapes(node))
    return elements


def tensor_shapes(node: Node) -> list[tuple[int, ...]]:
    """Return the shapes of a node's parameters and buffers, shared ones included."""
    return [*node.op.parameters(*node.shapes).values(), *node.op.buffers(*node.shapes).values()]
