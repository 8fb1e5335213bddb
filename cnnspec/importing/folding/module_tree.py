"""The tree of module calls: which modules ran inside which, in the order of execution."""

from collections import Counter
from collections.abc import Iterator

from cnnspec.importing.folding.bodies import CONTAINERS
from cnnspec.importing.imported_graph import ImportedGraph, ModuleCall

LIST = "ModuleList"  # the class of a list that is never called itself
FEWEST_NODES = 3  # of a list that can be the main one of a class
MOST_NODES = 0.6  # of all nodes of the class are in its main list


class ModuleTree:
    """One call of a module. ``children`` are the calls inside it and the nodes that it runs.

    A list of modules that is never called itself has a tree of its own, too."""

    def __init__(self, name: str, path: str, class_name: str, number: int = 0):
        self.name, self.path, self.class_name, self.number = name, path, class_name, number
        self.children: list[ModuleTree | int] = []

    def enter(self, name: str, call: ModuleCall) -> "ModuleTree":
        """Return the tree of a call inside this one: the last child if it is that call."""
        last = self.children[-1] if self.children else None
        same = isinstance(last, ModuleTree) and (last.path, last.number) == (call.path, call.number)
        if same and isinstance(last, ModuleTree):
            return last
        made = ModuleTree(name, call.path, call.class_name, call.number)
        self.children.append(made)
        return made

    @property
    def modules(self) -> list["ModuleTree"]:
        """The calls of modules inside, without the nodes."""
        return [child for child in self.children if isinstance(child, ModuleTree)]

    @property
    def is_list(self) -> bool:
        """Whether it only lists modules."""
        return self.class_name in CONTAINERS

    def count_nodes(self) -> int:
        """Count the nodes inside, at any depth."""
        return len(self.children) + sum(m.count_nodes() - 1 for m in self.modules)

    def walk(self) -> Iterator["ModuleTree"]:
        """Iterate over the calls of modules inside, at any depth, and itself first."""
        yield self
        for module in self.modules:
            yield from module.walk()


def build_module_tree(graph: ImportedGraph) -> ModuleTree:
    """Return the tree of the whole model; its leaves are the nodes that are no inputs."""
    root = ModuleTree("", "", "")
    for i, node in enumerate(graph.nodes):
        if node.kind == "input":
            continue
        tree, outer = root, ""
        for call in node.calls:
            if not call.path:
                continue
            inner = call.path.removeprefix(f"{outer}.") if outer else call.path
            *lists, name = inner.split(".")
            for part in lists:  # lists of modules are not called
                outer = f"{outer}.{part}" if outer else part
                tree = tree.enter(part, ModuleCall(outer, LIST))
            tree, outer = tree.enter(name, call), call.path
        tree.children.append(i)
    for each in root.walk():
        open_interrupted_lists(each)
    return root


def open_interrupted_lists(tree: ModuleTree) -> None:
    """Replace each list that other calls interrupt by the modules that it lists."""
    paths = Counter(module.path for module in tree.modules if module.class_name == LIST)
    children: list[ModuleTree | int] = []
    for child in tree.children:
        if isinstance(child, ModuleTree) and paths[child.path] > 1:
            for inner in child.modules:
                inner.name = f"{child.name}_{inner.name}"
            children += child.children
        else:
            children.append(child)
    tree.children = children


def find_repeated_classes(tree: ModuleTree) -> set[tuple[str, str]]:
    """Return the classes that only call several modules of one class, with that class."""
    pairs = set()
    for each in tree.walk():
        classes = {module.class_name for module in each.modules}
        several = len(each.children) == len(each.modules) > 1
        if several and len(classes) == 1 and not classes & set(CONTAINERS):
            pairs.add((each.class_name, classes.pop()))
    return pairs


def find_main_lists(tree: ModuleTree) -> set[str]:
    """Return the classes whose layers are nearly all in one list, always the same."""
    names: dict[str, set[str]] = {}
    small: set[str] = set()
    for each in tree.walk():
        if each.is_list or not each.path:
            continue
        lists = [m for m in each.modules if m.is_list and m.count_nodes() >= FEWEST_NODES]
        names.setdefault(each.class_name, set()).update(m.name for m in lists)
        if sum(m.count_nodes() for m in lists) < MOST_NODES * each.count_nodes():
            small.add(each.class_name)
    return {name for name, found in names.items() if len(found) == 1} - small
