"""Follow the layers of a Keras model and write PyTorch's calls for them.

Tensors keep Keras's order of dimensions. A layer that needs the channels first gets a permuted
tensor, and the canonical graph knows that nothing moves."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from cnnspec.analyses.flat_calls import ModuleCall, Value, Weight
from cnnspec.importing.canonical.graph_builder import CALL_FAULTS, UnsupportedCall
from cnnspec.importing.formats.call_writer import CallWriter
from cnnspec.problems import RequestError, visible
from cnnspec.units import Shape

BLOCK = re.compile(r"(.*?block_?\d*[a-z]?\d*)_(.+)")  # such as conv2_block1_1_conv
MODELS = ("Functional", "Sequential", "Model")
TENSOR = "__keras_tensor__"
Config = dict[str, Any]
Key = tuple[str, int, int]  # a layer, the number of its call, and that of the output


class KerasTracer:
    """The calls so far. ``rules`` are by class of a layer."""

    def __init__(self, rules: "dict[str, Rule]", training: bool, channels_last: bool):
        self.rules, self.training, self.channels_last = rules, training, channels_last
        self.writer = CallWriter()
        self.complaints: dict[str, None] = {}
        self.complete = -1
        self.notes: dict[str, None] = {}
        self.path = ""  # of the current layer

    def first(self, x: Value) -> Value:
        """Return a tensor with the channels first."""
        if not self.channels_last or len(x.shape) < 3:
            return x
        return self.permute(x, [0, len(x.shape) - 1, *range(1, len(x.shape) - 1)])

    def last(self, x: Value) -> Value:
        """Return a tensor with the channels where the model has them."""
        if not self.channels_last or len(x.shape) < 3:
            return x
        return self.permute(x, [0, *range(2, len(x.shape)), 1])

    def permute(self, x: Value, order: list[int]) -> Value:
        shape = tuple([x.shape[d] for d in order])
        return self.writer.call("permute", {"self": x, "dims": order}, shape)

    def channel_dim(self, x: Value) -> int:
        return len(x.shape) - 1 if self.channels_last else 1

    def weight(self, name: str, *shape: int) -> Weight:
        """Return a parameter of the current layer."""
        return self.writer.weight(f"{self.path}/{name}", shape)

    def buffer(self, name: str, *shape: int) -> Weight:
        """Return a tensor of the current layer that is not trained."""
        return Weight((f"{self.path}/{name}",), shape)

    def run_model(self, config: Config, inputs: list[Value], prefix: str = "") -> list[Value]:
        """Write the calls of a model on inputs, and return its outputs."""
        if isinstance(config, dict) and "input_layers" in config:
            return self.run_functional(config, inputs, prefix)
        values = inputs
        for layer in config["layers"]:
            if layer["class_name"] != "InputLayer":
                values = self.run_layer(layer, values, prefix) or []
                if not values:
                    break
        return values

    def run_functional(self, config: Config, inputs: list[Value], prefix: str) -> list[Value]:
        """Run the layers of a graph in an order in which each has its inputs."""
        known: dict[Key, Value] = {}
        for key, value in zip(read_keys(config["input_layers"]), inputs, strict=True):
            known[key] = value
        waiting = [
            (layer, number, node)
            for layer in config["layers"]
            for number, node in enumerate(layer.get("inbound_nodes") or [])
        ]
        lost: set[tuple[str, int]] = set()  # calls that no operator expresses, and what reads them
        while waiting:
            later = []
            for layer, number, node in waiting:
                name, keys = layer["config"]["name"], list(find_keys(node))
                if any(key[:2] in lost for key in keys):
                    lost.add((name, number))
                    self.name_unknown(layer, prefix)
                elif all(key in known for key in keys):
                    given = [known.get(a, a) for a in read_arguments(node)]
                    found = self.run_layer(layer, given, prefix)
                    for port, value in enumerate(found or []):
                        known[name, number, port] = value
                    lost |= set() if found else {(name, number)}
                else:
                    later.append((layer, number, node))
            if len(later) == len(waiting):
                raise RequestError("the layers of the Keras model read each other in a circle")
            waiting = later
        return [known[key] for key in read_keys(config["output_layers"]) if key in known]

    def name_unknown(self, layer: Config, prefix: str) -> None:
        """Note a layer without a rule that reads what is not known."""
        if layer["class_name"] not in self.rules and layer["class_name"] not in MODELS:
            self.complain(prefix + layer["config"]["name"], layer, "no operator does this")

    def complain(self, path: str, layer: Config, reason: str) -> None:
        kind = visible(layer["class_name"], 60)
        self.complaints[f"{visible(path, 120)}: {kind}: {reason}"] = None
        if self.complete < 0:
            self.complete = len(self.writer.calls)

    def run_layer(self, layer: Config, inputs: list[Any], prefix: str) -> list[Value] | None:
        """Write the calls of a layer; None where no operator expresses it."""
        kind, config = layer["class_name"], layer["config"]
        path = prefix + config["name"]
        if kind in MODELS:
            return self.run_model(config, [v for v in inputs if isinstance(v, Value)], f"{path}.")
        self.path, self.writer.source = path, path
        self.writer.modules = list_modules(path)
        try:
            if kind not in self.rules:
                raise UnsupportedCall("no operator does this")
            found = self.rules[kind](self, config, inputs)
        except CALL_FAULTS as error:
            known = isinstance(error, UnsupportedCall)
            self.complain(path, layer, str(error) if known else "it is written in an unknown way")
            return None
        return found if isinstance(found, list) else [found]


Rule = Callable[[KerasTracer, Config, list[Any]], Any]


def list_modules(path: str) -> tuple[ModuleCall, ...]:
    """Return the modules that a layer belongs to, by the words of its name."""
    outer, _, name = path.rpartition(".")
    found = BLOCK.fullmatch(name)
    names = [*outer.split(".")] if outer else []
    names += list(found.groups()) if found else [name]
    paths = [".".join(names[: i + 1]) for i in range(len(names))]
    return (ModuleCall("", ""), *(ModuleCall(p, "") for p in paths))


def read_keys(given: Any) -> list[Key]:
    """Return the tensors that a model names as its inputs or outputs."""
    if isinstance(given, dict):
        return [key for part in given.values() for key in read_keys(part)]
    if len(given) == 3 and isinstance(given[0], str):
        return [(given[0], given[1], given[2])]
    return [key for part in given for key in read_keys(part)]


def read_arguments(node: Any) -> list[Any]:
    """Return the arguments of a call in order: keys of tensors, and numbers."""
    found: list[Any] = []
    for argument in [*node["args"], *node.get("kwargs", {}).values()]:
        parts = argument if isinstance(argument, list) else [argument]
        for part in parts:
            if isinstance(part, dict) and part.get("class_name") == TENSOR:
                name, number, port = part["config"]["keras_history"]
                found.append((name, number, port))
            elif isinstance(part, (int, float)) and not isinstance(part, bool):
                found.append(part)
    return found


def find_keys(node: Any) -> Iterator[Key]:
    """Yield the tensors that a call reads. Raises RequestError for a file of Keras 2."""
    if not isinstance(node, dict) or "args" not in node:
        raise RequestError("the file is of Keras 2: load and save the model with Keras 3")
    yield from (a for a in read_arguments(node) if isinstance(a, tuple))


def input_shape(config: Config) -> Shape | None:
    """Return the shape of an input layer without the batch, None if a size is not fixed."""
    shape = config.get("batch_shape") or config.get("batch_input_shape") or [None]
    sizes = tuple([n for n in shape[1:] if isinstance(n, int) and n > 0])
    return sizes if sizes and len(sizes) == len(shape) - 1 else None
