"""Name the classes of modules where a source gives only their paths.

Modules whose parts have the same names are of one class."""

import re
from collections import Counter

from cnnspec.importing.folding.names import make_unique
from cnnspec.importing.imported_graph import ImportedGraph, ModuleCall
from cnnspec.ops.registry import OPERATORS, load_operator

LIST = "Sequential"
ALIKE = 0.5  # the part of the names that two modules of a class have in common


class PathModule:
    """A module: the names of the modules inside it, and the operators that it runs itself."""

    def __init__(self, path: str):
        self.path = path
        self.parts: dict[str, PathModule] = {}
        self.kinds: list[str] = []

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def is_list(self) -> bool:
        """Whether it only lists modules by numbers."""
        return bool(self.parts) and not self.kinds and all(n.isdigit() for n in self.parts)

    def features(self) -> set[str]:
        """Return by what modules of one class are recognised."""
        if not self.parts:
            return set(self.kinds)
        return {f"{name} {describe(part)}" for name, part in self.parts.items()}


def describe(module: PathModule) -> str:
    """Return what a part of a module is: a list, a layer, or a module with parts of its own."""
    if module.is_list:
        return "list"
    return "module" if module.parts else "layer"


def name_classes(graph: ImportedGraph) -> ImportedGraph:
    """Return a graph whose module calls have classes. Classes that are known stay."""
    unnamed = {c.path for n in graph.nodes for c in n.calls if c.path and not c.class_name}
    if not unnamed:
        return graph
    modules = collect_modules(graph)
    classes = {path: LIST for path in unnamed if modules[path].is_list}
    for group in group_modules([m for p, m in modules.items() if p in unnamed - classes.keys()]):
        name = make_unique(name_group(group), set(classes.values()))
        classes |= dict.fromkeys([m.path for m in group], name)
    nodes = []
    for node in graph.nodes:
        calls = [
            c if c.class_name or not c.path else ModuleCall(c.path, classes[c.path], c.number)
            for c in node.calls
        ]
        nodes.append(node.replace(calls=tuple(calls)))
    return graph.replace(nodes=tuple(nodes))


def collect_modules(graph: ImportedGraph) -> dict[str, PathModule]:
    """Return all modules of a graph by path."""
    found: dict[str, PathModule] = {"": PathModule("")}
    for node in graph.nodes:
        outer = found[""]
        for call in node.calls:
            if not call.path:
                continue
            made = found.setdefault(call.path, PathModule(call.path))
            inner = call.path.removeprefix(f"{outer.path}.") if outer.path else call.path
            outer.parts[inner] = made
            outer = made
        outer.kinds.append(node.kind)
    return found


def group_modules(modules: list[PathModule]) -> list[list[PathModule]]:
    """Return the modules in groups of one class, those with most parts first in each."""
    groups: list[list[PathModule]] = []
    for module in sorted(modules, key=lambda m: -len(m.features())):
        own = module.features()
        for group in groups:
            other = group[0].features()
            alike = len(own & other) >= ALIKE * len(own | other)
            if bool(module.parts) == bool(group[0].parts) and alike:
                group.append(module)
                break
        else:
            groups.append([module])
    return groups


def name_group(group: list[PathModule]) -> str:
    """Return the name of a class: what its modules are called, else what they do."""
    words = [re.sub(r"_?\d+[a-z]?(_\d+)?$", "", m.name) for m in group if not m.name.isdigit()]
    found = Counter(word for word in words if word and not word.isdigit()).most_common(1)
    if found and 2 * found[0][1] > len(group):
        return found[0][0]
    first = group[0]
    if not first.parts and len(set(first.kinds)) == 1:
        return first.kinds[0]
    joins = [k for k in first.kinds if k in OPERATORS and load_operator(k).role == "join"]
    if joins:
        return "residual" if load_operator(joins[-1]).is_commutative else "branches"
    outer = re.sub(r"[\d_]+$", "", first.path.rpartition(".")[0].rpartition(".")[2])
    return f"{outer}_block" if outer else "block"
