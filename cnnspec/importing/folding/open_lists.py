"""Opens lists of modules whose lines a reader would look for in the module around them."""

from collections import defaultdict

from cnnspec.importing.folding.bodies import Body, FoldedLine
from cnnspec.importing.folding.module_tree import LIST
from cnnspec.importing.folding.names import make_unique
from cnnspec.importing.folding.wiring import Wiring


def open_parallel_lists(body: Body, wiring: Wiring) -> None:
    """Open the lists that several values enter or leave: their modules run side by side."""
    for inner in [*body.bodies()]:
        lines = inner.lines
        for line in [each for each in lines if each.body and each.body.class_name == LIST]:
            listed = line.body
            if listed and (len(listed.inputs) > 1 or len(listed.outputs) > 1):
                open_line(lines, line)
    wiring.connect(body)


def open_unlike_lists(body: Body) -> None:
    """Open lists that are one line in some calls of a class, and several lines in others.

    A shortcut that is a convolution, and where it has a stride a pooling and a convolution, becomes
    two lines, of which the pooling may be absent."""
    calls: dict[str, list[Body]] = defaultdict(list)
    for inner in body.bodies():
        if not inner.is_container:
            calls[inner.class_name].append(inner)
    for bodies in calls.values():
        single = {line.name: line.kind for each in bodies for line in each.lines if line.kind}
        for each in bodies:
            for line in [*each.lines]:
                listed = line.body.lines if line.body and line.body.is_container else []
                main = [x for x in listed if x.kind == single.get(line.name)]
                if main and all(x.kind for x in listed):
                    open_line(each.lines, line, main[-1])


def open_line(lines: list[FoldedLine], line: FoldedLine, main: FoldedLine | None = None) -> None:
    """Replace the call of a body by its lines.

    Their names begin with that of the call; the line ``main`` has just that name."""
    at = lines.index(line)
    inner = line.body.lines if line.body else []
    taken = {each.name for each in lines if each is not line}
    for each in inner:
        name = line.name if each is main else f"{line.name}_{each.name}"
        each.name = make_unique(name, taken)
        each.named = True
        taken.add(each.name)
    lines[at : at + 1] = inner
