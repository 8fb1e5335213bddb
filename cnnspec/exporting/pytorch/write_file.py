"""The whole file: docstring, imports, classes, the function that makes the network, and a main."""

from collections.abc import Callable, Iterable, Iterator
from textwrap import wrap
from typing import Any, TypeVar

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.exporting.pytorch.block_classes import (
    BlockClass,
    camel_case,
    make_classes,
)
from cnnspec.exporting.pytorch.instances import (
    BlockInstance,
    BlockTree,
    LayerInstance,
    ValueKey,
    mark_given_values,
    require_plain_training,
)
from cnnspec.exporting.pytorch.layout import WIDTH, lay_out
from cnnspec.exporting.pytorch.norm_activation import nested_calls, write_norm_activations
from cnnspec.exporting.pytorch.python_text import TAKEN, free_name
from cnnspec.exporting.pytorch.statements import Reference
from cnnspec.exporting.pytorch.write_class import ClassWriter
from cnnspec.graph.model import Graph
from cnnspec.problems import SpecError
from cnnspec.units import format_shape

AnySource = TypeVar("AnySource", bound="Any")


def write_pytorch(load: Callable[[dict[str, Any]], Graph]) -> "PyTorchSource":
    """Write the PyTorch source of the graph that ``load`` returns for the given settings.

    A network with an argument ``classes`` is loaded once more with another number of them, which
    shows what depends on it. Raises RequestError for a network that cannot be exported.
    """
    return write_with_classes(load, PyTorchSource)


def write_with_classes(
    load: Callable[[dict[str, Any]], Graph], source: Callable[..., AnySource]
) -> AnySource:
    """Return the source of the graph that ``load`` returns; ``source`` writes it.

    It gets the same network with another number of classes too, where there is an argument of that
    name and only numbers depend on it."""
    graph = load({})
    classes = graph.arguments.get("classes")
    if type(classes) is int:
        try:
            found = source(graph, load({"classes": classes + 1}))
        except SpecError:
            return source(graph)
        if {*found.arguments} <= {"num_classes"}:
            return found
    return source(graph)


class PyTorchSource:
    """The PyTorch source of a network: ``text``, and the names of its class and its function."""

    def __init__(self, graph: Graph, other: Graph | None = None):
        """Write the source. ``other`` is the same network with another number of classes.

        Raises RequestError for a network that cannot be exported.
        """
        trees = [BlockTree(g) for g in (graph, other) if g is not None]
        for tree in trees:
            require_plain_training(tree)
        mark_given_values(trees)
        self.graph, self.trees = graph, trees
        self.classes = make_classes(trees, class_name(graph))
        self.root = self.classes[-1]
        self.arguments = [*self.root.parameters]
        self.function = function_name(graph, self.root.name)
        helpers = [line for text in self.helpers() for line in (*text.split("\n"), "")]
        blocks = [line for made in self.classes for line in (*self.class_lines(made), "", "")]
        body = [*helpers, *blocks, *self.function_lines(), "", "", *self.main_lines()]
        code = "\n".join(body)
        self.text = "\n".join([*write_docstring(graph), *imports(code), "", "", code]) + "\n"

    def helpers(self) -> Iterator[str]:
        """Yield the sources of the classes that torch.nn does not have, each once.

        Tells the classes of blocks what those know that add a normalization."""
        sources: dict[str, str] = {}
        for tree in self.trees:
            for instance in tree.root.blocks():
                for child in instance.children:
                    if isinstance(child, LayerInstance):
                        for code in child.codes:
                            if code.helper and code.module:
                                sources[code.module.name] = code.helper
        yield from sources.values()
        calls = [
            (call, made.write_value)
            for made in self.classes
            for statement in made.body.statements
            for call in nested_calls(statement.module)
        ]
        common, written = write_norm_activations(calls, sources)
        for made in self.classes:
            made.common = common
        yield from written

    def class_lines(self, made: BlockClass) -> list[str]:
        """Return the lines of one class."""
        tree, instance = self.find_instance(made)
        inputs = self.inputs_of(tree, instance)
        if made is not self.root:
            docstring = f"The block {escape(made.block)}."
            return ClassWriter(made, inputs, {}, {}, len(made.body.gives), docstring).write()
        shapes = {
            Reference(k, 0): shape_comment(tree, keys[0]) for k, keys in enumerate(made.body.keys)
        }
        steps = {
            k: [shape_comment(tree, key) for key in keys] for k, keys in made.body.steps.items()
        }
        docstring = f"{escape(self.graph.title)[:70]}."
        return ClassWriter(made, inputs, shapes, steps, len(tree.results), docstring).write()

    def find_instance(self, made: BlockClass) -> tuple[BlockTree, BlockInstance]:
        """Return the first call of the block that a class is made for."""
        return made.members[0]

    def inputs_of(self, tree: BlockTree, instance: BlockInstance) -> list[str]:
        """Return the names of the inputs of a class."""
        if instance is tree.root:
            return name_inputs([n.name for n in self.graph.inputs])
        return name_inputs(instance.input_names())

    def function_lines(self) -> list[str]:
        """Return the function that makes the network."""
        given = [f"{n}: int = {c[0]!r}" for n, c in self.root.parameters.items()]
        passed = ", ".join(self.root.parameters)
        title = escape(self.graph.title)[:70]
        return [
            *lay_out(f"def {self.function}({', '.join(given)}) -> {self.root.name}:", 0),
            f'    """Return {title} with new weights."""',
            *lay_out(f"return {self.root.name}({passed})", 4),
        ]

    def main_lines(self) -> list[str]:
        """Return the lines that print the shapes of the outputs and the number of parameters."""
        drawn = [f"torch.randn(1, {', '.join(map(str, n.output))})" for n in self.graph.inputs]
        call = f"model({', '.join(drawn)})"
        lines = ['if __name__ == "__main__":', f"    model = {self.function}().eval()"]
        if len(self.graph.outputs) == 1:
            lines += ["    with torch.no_grad():", *lay_out(f"print(tuple({call}.shape))", 8)]
        else:
            lines += ["    with torch.no_grad():", *lay_out(f"outputs = {call}", 8)]
            lines += ["    for output in outputs:", "        print(tuple(output.shape))"]
        lines.append("    count = sum(p.numel() for p in model.parameters())")
        return [*lines, '    print(f"{count:,} parameters")']


def write_docstring(graph: Graph, more: str = "") -> list[str]:
    """Return the docstring of a file: title, source and totals."""
    totals = NetworkCosts(graph).totals
    sizes = " and ".join(format_shape(n.output) for n in graph.inputs)
    counts = f"{totals.params:,} parameters, {totals.macs:,} multiply-accumulates for {sizes}."
    about = [graph.source] if graph.source else []
    last = " ".join(filter(None, [counts, more, f"Written by cnnspec from {graph.name}."]))
    paragraphs = [graph.title, *about, last]
    lines = [line for text in paragraphs for line in (*wrap(escape(text), WIDTH - 3), "")]
    return [f'"""{lines[0]}', *lines[1:-1], '"""', ""]


def name_inputs(found: list[str]) -> list[str]:
    """Return the names of the arguments for inputs with the given names in the spec."""
    if len(found) == 1:
        return ["x"]
    names: list[str] = []
    for name in found:
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        plain = plain if plain.isidentifier() else "x"
        taken = {*names, *TAKEN} - {"x", "input"}
        names.append(free_name(plain, taken) if plain != "x" else free_x(names))
    return names


def shape_comment(tree: BlockTree, key: ValueKey) -> str:
    """Return the shape of a value as a comment has it."""
    return " x ".join(map(str, tree.nodes[key[0]].output))


def imports(code: str) -> list[str]:
    """Return the imports that a text needs."""
    lines = ["import math"] if "math." in code else []
    lines += ["from collections.abc import Sequence"] if "Sequence[" in code else []
    lines += ["from typing import Any"] if ": Any" in code else []
    lines += [""] if lines else []
    lines += ["import torch"]
    lines += ["import torch.nn.functional as F"] if "F." in code else []
    return [*lines, "from torch import nn"]


def class_name(graph: Graph) -> str:
    """Return the name of the network's class: as its title has it, else that of its family."""
    title = "".join(c for c in graph.title if c.isascii() and c.isalnum())
    wanted = "".join(c for c in graph.family.lower() if c.isalnum())
    if title[:1].isalpha() and title.lower().startswith(wanted) and wanted:
        return title[: len(wanted)][:1].upper() + title[1 : len(wanted)]
    return camel_case(graph.family)


def function_name(graph: Graph, taken: str) -> str:
    """Return the name of the function that makes the network."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in graph.name.lower())
    name = f"net_{name}" if name[:1].isdigit() else name
    return free_name(name, {taken, "model", "outputs", "output", "count"})


def free_x(names: Iterable[str]) -> str:
    """Return x, or x_2 and so on where that is taken."""
    known, n = {*names}, 1
    name = "x"
    while name in known:
        n += 1
        name = f"x_{n}"
    return name


def escape(text: str) -> str:
    """Return a text as it can be in a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''").replace("\n", " ")
