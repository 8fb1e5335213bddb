"""The whole file of a Keras model: docstring, imports, functions of blocks, and a main."""

import re
from collections.abc import Callable
from typing import Any

from cnnspec.exporting.keras.function_body import (
    FunctionBodyWriter,
    find_automatic_names,
    find_keras_names,
    join_name,
)
from cnnspec.exporting.keras.operator_code import KerasOperators
from cnnspec.exporting.keras.recorded_keras import KerasCode, KerasWeight
from cnnspec.exporting.keras.write_function import (
    FunctionWriter,
)
from cnnspec.exporting.pytorch.block_classes import BlockClass, make_classes
from cnnspec.exporting.pytorch.instances import BlockTree, mark_given_values
from cnnspec.exporting.pytorch.layout import lay_out
from cnnspec.exporting.pytorch.python_text import free_name
from cnnspec.exporting.pytorch.statements import Reference
from cnnspec.exporting.pytorch.write_file import (
    escape,
    function_name,
    name_inputs,
    write_docstring,
    write_with_classes,
)
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError, visible


def write_keras(load: Callable[[dict[str, Any]], Graph]) -> "KerasSource":
    """Write the Keras source of the graph that ``load`` returns for the given settings.

    Raises RequestError for a network that cannot be exported, with all layers that Keras cannot
    express."""
    return write_with_classes(load, KerasSource)


class KerasSource:
    """The Keras source of a network: ``text``, and the name of the function that makes it.

    ``weights`` has for each weight of a Keras layer the layer's name there and its node."""

    def __init__(self, graph: Graph, other: Graph | None = None):
        """Write the source. ``other`` is the same network with another number of classes.

        Raises RequestError for a network that cannot be exported."""
        graphs = [g for g in (graph, other) if g is not None]
        operators = KerasOperators(graphs)
        trees = [BlockTree(g, operators.write, training=False) for g in graphs]
        operators.require_none_refused(graph)
        mark_given_values(trees)
        self.graph, self.trees = graph, trees
        self.function = function_name(graph, "keras")
        taken = find_local_names(trees) | {self.function}
        self.classes = make_classes(
            trees,
            self.function,
            FunctionBodyWriter,
            lambda block: block if block == self.function else name_function(block, taken),
        )
        self.root = self.classes[-1]
        self.arguments = [n for n in self.root.parameters if n != "in_channels"]
        self.codes: dict[str, KerasCode] = find_keras_names(trees[0].root)
        self.reserved = find_automatic_names(self.codes.values())
        self.weights = self.find_weights()
        helpers = [
            line
            for source in dict.fromkeys(s for c in self.codes.values() for s in c.helpers)
            for line in (*source.split("\n"), "")
        ]
        blocks = [line for made in self.classes[:-1] for line in (*self.block_lines(made), "", "")]
        body = [*helpers, *blocks, *self.network_lines(), "", "", *self.main_lines()]
        code = "\n".join(body)
        about = write_docstring(graph, "Maps have the channels last.")
        self.text = "\n".join([*about, *imports(code), "", "", code]) + "\n"

    def find_weights(self) -> list[tuple[str, Node, KerasWeight]]:
        """Return the weights, with the names of their layers, which must be different."""
        nodes = {node.name: node for node in self.graph.nodes}
        names: dict[str, str] = {}
        found = []
        for name, code in self.codes.items():
            if not code.weights:
                continue
            part = f".{nodes[name].part}" if nodes[name].part else ""
            made = join_name(name.removesuffix(part), self.reserved) + part.replace(".", "_")
            if made in names:
                raise RequestError(
                    f"the layers {visible(names[made])} and {visible(name)} would have one name in"
                    f" Keras, {made}: rename one"
                )
            names[made] = name
            found += [(made, nodes[name], weight) for weight in code.weights]
        return found

    def block_lines(self, made: BlockClass) -> list[str]:
        """Return the lines of the function of a block."""
        _, instance = made.members[0]
        inputs = name_inputs(instance.input_names())
        return FunctionWriter(made, inputs, {}, {}).write(f"Apply the block {escape(made.block)}.")

    def network_lines(self) -> list[str]:
        """Return the lines of the function that makes the network."""
        tree, graph = self.trees[0], self.graph
        shapes = {
            Reference(k, 0): comment(tree, keys[0]) for k, keys in enumerate(self.root.body.keys)
        }
        steps = {
            k: [comment(tree, key) for key in keys] for k, keys in self.root.body.steps.items()
        }
        names = [free_name(join_name(n.name), {"inputs"}) for n in graph.inputs]
        names = ["inputs"] if len(names) == 1 else names
        writer = FunctionWriter(self.root, names, shapes, steps, self.reserved)
        given = [f"{n}: int = {c[0]!r}" for n, c in writer.arguments.items()]
        made = [f"keras.Input({(*n.output[1:], n.output[0])!r})" for n in graph.inputs]
        lines = lay_out(f"def {self.function}({', '.join(given)}) -> keras.Model:", 0)
        lines.append(f'    """Return {escape(graph.title)[:70]} with new weights."""')
        for name, text in zip(names, made, strict=True):
            lines += lay_out(f"{name} = {text}", 4)
        lines += writer.write_body()
        results = [writer.variables[ref] for ref in self.root.body.gives]
        first, last = (n[0] if len(n) == 1 else f"[{', '.join(n)}]" for n in (names, results))
        return [*lines, *lay_out(f'return keras.Model({first}, {last}, name="{self.function}")', 4)]

    def main_lines(self) -> list[str]:
        """Return the lines that print the shape of the output and the number of parameters."""
        return [
            'if __name__ == "__main__":',
            f"    model = {self.function}()",
            "    print(model.output_shape)",
            "    count = sum(math.prod(w.shape) for w in model.trainable_weights)",
            '    print(f"{count:,} parameters")',
        ]


def comment(tree: BlockTree, key: Any) -> str:
    """Return the shape of a value as a comment has it: with the channels last."""
    channels, *sizes = tree.nodes[key[0]].output
    return " x ".join(map(str, (*sizes, channels)))


def find_local_names(trees: list[BlockTree]) -> set[str]:
    """Return the names that arguments and variables of functions can have."""
    found: set[str] = set()
    for tree in trees:
        for instance in tree.root.blocks():
            found |= {join_name(child.name) for child in instance.children}
            found |= {*instance.call.arguments, *instance.input_names()}
    return found


def name_function(block: str, taken: set[str]) -> str:
    """Return the name of a function for the name of a block, which is not among those taken."""
    words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", re.sub(r"[^A-Za-z0-9_]", "_", block))
    name = "_".join(words).lower() or "block"
    name = f"block_{name}" if name[0].isdigit() else name
    return free_name(f"{name}_block" if name in taken else name, taken)


def imports(code: str) -> list[str]:
    """Return the imports that a text needs."""
    lines = ["import math"]
    lines += ["from collections.abc import Sequence"] if "Sequence[" in code else []
    lines += ["from typing import Any"] if re.search(r"\bAny\b", code) else []
    names = [n for n in ("KerasTensor", "layers", "ops") if re.search(rf"\b{n}\b", code)]
    more = [f"from keras import {', '.join(names)}"] if names else []
    return [*lines, "", "import keras", *more]
