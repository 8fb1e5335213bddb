"""The tree of module calls: which modules ran inside which, in the order of execution."""

from cnnspec.importing.imported_graph import ImportedGraph, ModuleCall


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
                tree = tree.enter(part, ModuleCall(outer, "ModuleList"))
            tree, outer = tree.enter(name, call), call.path
        tree.children.append(i)
    return root
