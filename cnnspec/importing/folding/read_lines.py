"""From the tree of module calls to lines: a module is one line, or a body with several."""

from cnnspec.importing.folding.absorb import absorb_parts
from cnnspec.importing.folding.bodies import CONTAINERS, Body, FoldedLine
from cnnspec.importing.folding.flat import plain_fields
from cnnspec.importing.folding.module_tree import (
    ModuleTree,
    find_main_lists,
    find_repeated_classes,
)
from cnnspec.importing.folding.names import make_layer_name, make_unique
from cnnspec.importing.imported_graph import ImportedGraph


def read_network(graph: ImportedGraph, tree: ModuleTree, readers: list[int]) -> Body:
    """Return the body of the whole network; a module around all others is left out."""
    lines = LineReader(graph, tree, readers).read_lines(tree)
    while len(lines) == 1 and lines[0].body:
        lines = lines[0].body.lines
    return Body("", "", lines)


class LineReader:
    """Reads the lines of the calls in one tree. ``readers`` are numbers of readers by node.

    ``repeated`` are classes that call several modules of one class, each with that class; their
    calls with a single module stay bodies. ``main_lists`` are classes that have all their layers
    in one Sequential, whose lines become their own."""

    def __init__(self, graph: ImportedGraph, tree: ModuleTree, readers: list[int]):
        self.graph, self.readers = graph, readers
        self.repeated = find_repeated_classes(tree)
        self.main_lists = find_main_lists(tree)

    def read_lines(self, tree: ModuleTree) -> list[FoldedLine]:
        """Return the lines of one call of a module."""
        lines: list[FoldedLine] = []
        for child in tree.children:
            if isinstance(child, int):
                lines.append(operator_line(self.graph, child))
                continue
            inner = self.read_lines(child)
            if len(inner) == 1 and not self.stays_body(child, inner[0]):
                lines.append(take_name(inner[0], child))
            elif self.opens(child, tree, inner):
                lines += inner
            else:
                lines.append(call_line(child, inner))
        lines = absorb_parts(lines, self.readers)
        name_lines(lines)
        return lines

    def stays_body(self, tree: ModuleTree, line: FoldedLine) -> bool:
        """Tell whether a module with one line stays a body: others like it have several lines."""
        return line.body is not None and (tree.class_name, line.body.class_name) in self.repeated

    def opens(self, child: ModuleTree, tree: ModuleTree, lines: list[FoldedLine]) -> bool:
        """Tell whether the lines of a list are put into the module around it."""
        return (
            child.is_list
            and tree.class_name in self.main_lists
            and all(line.name.isdecimal() for line in lines)
            and not is_uniform(lines)
        )


def operator_line(graph: ImportedGraph, i: int) -> FoldedLine:
    """Return the line of one node, named after its operator."""
    node = graph.nodes[i]
    line = FoldedLine(node.kind, [i])
    line.kind, line.fields, line.reads = node.kind, plain_fields(node), node.inputs
    line.named, line.training_only = False, node.training_only
    return line


def call_line(tree: ModuleTree, lines: list[FoldedLine]) -> FoldedLine:
    """Return the line that calls a module with several lines."""
    body = Body(tree.class_name, tree.path, lines)
    call = FoldedLine(make_layer_name(tree.name), [i for line in lines for i in line.nodes], body)
    call.training_only = all(line.training_only for line in lines)
    return call


def take_name(line: FoldedLine, tree: ModuleTree) -> FoldedLine:
    """Return the only line of a module with the name of the module."""
    line.name, line.named = make_layer_name(tree.name), True
    if line.body and line.body.is_container:
        line.body.class_name, line.body.path = tree.class_name, tree.path
    return line


def is_uniform(lines: list[FoldedLine]) -> bool:
    """Tell whether all lines call modules of one class that is not a list."""
    classes = {line.body.class_name if line.body else "" for line in lines}
    return len(classes) == 1 and not classes & set(CONTAINERS)


def name_lines(lines: list[FoldedLine]) -> None:
    """Give each line a name of its own; names of modules come before those of operators."""
    taken: set[str] = set()
    for line in sorted(lines, key=lambda line: not line.named):
        line.name = make_unique(make_layer_name(line.name), taken)
        taken.add(line.name)
