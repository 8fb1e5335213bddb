"""From the tree of module calls to lines: a module is one line, or a body with several."""

from cnnspec.importing.folding.absorb import absorb_parts
from cnnspec.importing.folding.bodies import CONTAINERS, Body, FoldedLine
from cnnspec.importing.folding.flat import plain_fields
from cnnspec.importing.folding.module_tree import ModuleTree
from cnnspec.importing.folding.names import make_layer_name, make_unique
from cnnspec.importing.imported_graph import ImportedGraph


def read_network(graph: ImportedGraph, tree: ModuleTree, readers: list[int]) -> Body:
    """Return the body of the whole network; a module around all others is left out."""
    lines = read_lines(graph, tree, readers)
    while len(lines) == 1 and lines[0].body:
        lines = lines[0].body.lines
    return Body("", "", lines)


def read_lines(graph: ImportedGraph, tree: ModuleTree, readers: list[int]) -> list[FoldedLine]:
    """Return the lines of one call of a module."""
    read: list[tuple[ModuleTree | int, list[FoldedLine]]] = [
        (child, [operator_line(graph, child)])
        if isinstance(child, int)
        else (child, read_lines(graph, child, readers))
        for child in tree.children
    ]
    repeated = {
        (child.class_name, inner[0].body.class_name)
        for child, inner in read
        if isinstance(child, ModuleTree) and len(inner) > 1 and inner[0].body and is_uniform(inner)
    }
    long = sum(is_list(child) and len(inner) > 1 for child, inner in read)
    lines: list[FoldedLine] = []
    for child, inner in read:
        if isinstance(child, int):
            lines += inner
        elif len(inner) == 1 and not keeps_list(child, inner[0], repeated):
            lines.append(take_name(inner[0], child))
        elif long == 1 and opens_into(child, tree, inner):
            lines += inner
        else:
            lines.append(call_line(child, inner))
    lines = absorb_parts(lines, readers)
    name_lines(lines)
    return lines


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


def is_list(child: ModuleTree | int) -> bool:
    """Tell whether a child only lists modules."""
    return isinstance(child, ModuleTree) and child.class_name in CONTAINERS


def is_uniform(lines: list[FoldedLine]) -> bool:
    """Tell whether all lines call modules of one class that is not a list."""
    classes = {line.body.class_name if line.body else "" for line in lines}
    return len(classes) == 1 and not classes & set(CONTAINERS)


def keeps_list(child: ModuleTree, line: FoldedLine, repeated: set[tuple[str, str]]) -> bool:
    """Tell whether a module of one module is kept: others like it have several of that class."""
    return line.body is not None and (child.class_name, line.body.class_name) in repeated


def opens_into(child: ModuleTree, tree: ModuleTree, lines: list[FoldedLine]) -> bool:
    """Tell whether the lines of a list are put into the module around it.

    Many classes keep all their layers in one Sequential, whose names are numbers."""
    return (
        is_list(child)
        and tree.class_name not in CONTAINERS
        and tree.path != ""
        and all(line.name.isdecimal() for line in lines)
        and not is_uniform(lines)
    )


def name_lines(lines: list[FoldedLine]) -> None:
    """Give each line a name of its own; names of modules come before those of operators."""
    taken: set[str] = set()
    for line in sorted(lines, key=lambda line: not line.named):
        line.name = make_unique(make_layer_name(line.name), taken)
        taken.add(line.name)
