"""Simplify the nodes of an imported graph to the form that a person would write.

A rule takes all nodes and returns them changed. Nodes that nothing reads any more are dropped
afterwards."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from cnnspec.importing.imported_graph import ImportedNode
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.kit.windows import sides_per_dimension
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.records import Record


class NodeList(Record):
    """Nodes in execution order, and those that the network returns."""

    nodes: tuple[ImportedNode, ...]
    outputs: tuple[int, ...]

    def readers(self) -> dict[int, list[int]]:
        """Return the readers of each node; -1 is the network, which returns it."""
        found: dict[int, list[int]] = defaultdict(list)
        for i, node in enumerate(self.nodes):
            for j in node.inputs:
                found[j].append(i)
        for j in self.outputs:
            found[j].append(-1)
        return found

    def changed(self, nodes: Iterable[ImportedNode]) -> "NodeList":
        return NodeList(tuple(nodes), self.outputs)


def operator_of(node: ImportedNode) -> type[Operator]:
    """Return the operator of a node, that of any operator for an input."""
    return load_operator(node.kind) if node.kind in OPERATORS else Operator


def simplify(found: NodeList) -> NodeList:
    """Apply all rules and drop what nothing reads."""
    for rule in RULES:
        found = rule(found)
    return drop_unread(found)


def drop_unread(found: NodeList) -> NodeList:
    """Drop the nodes that no output depends on, except inputs."""
    used = {*found.outputs}
    for i in reversed(range(len(found.nodes))):
        if i in used or found.nodes[i].kind == "input":
            used.update(found.nodes[i].inputs)
            used.add(i)
    return take(found, sorted(used))


def take(found: NodeList, order: list[int]) -> NodeList:
    """Return the nodes of these indices, in this order."""
    places = {old: new for new, old in enumerate(order)}
    nodes = [
        found.nodes[i].replace(inputs=tuple([places[j] for j in found.nodes[i].inputs]))
        for i in order
    ]
    return NodeList(tuple(nodes), tuple([places[j] for j in found.outputs]))


def redirect(nodes: Iterable[ImportedNode], old: int, new: int) -> list[ImportedNode]:
    """Let all that reads a node read another one."""
    places = {old: new}
    return [n.replace(inputs=tuple([places.get(j, j) for j in n.inputs])) for n in nodes]


def flatten_at_pools(found: NodeList) -> NodeList:
    """Let a global pool give the vector that a flatten after it makes.

    A dropout may be between them: it drops the same elements of a vector."""
    nodes, readers, outputs = list(found.nodes), found.readers(), list(found.outputs)
    for i, node in enumerate(found.nodes):
        if node.kind != "flatten":
            continue
        chain, j = [], node.inputs[0]
        while is_plain_dropout(nodes[j]) and len(readers[j]) == 1:
            chain.append(j)
            j = nodes[j].inputs[0]
        if "keepdim" not in operator_of(nodes[j]).fields or len(readers[j]) != 1:
            continue
        nodes[j] = nodes[j].replace(
            fields={**nodes[j].fields, "keepdim": False}, output=nodes[j].output[:1]
        )
        for k in chain:
            nodes[k] = nodes[k].replace(output=node.output)
        nodes = redirect(nodes, i, node.inputs[0])
        outputs = [node.inputs[0] if o == i else o for o in outputs]
    return NodeList(tuple(nodes), tuple(outputs))


def keep_dimensions_of_gates(found: NodeList) -> NodeList:
    """Let a global pool keep its dimensions where a reshape gives them back."""
    nodes, readers, outputs = list(found.nodes), found.readers(), list(found.outputs)
    for i, node in enumerate(found.nodes):
        j = node.inputs[0] if node.kind == "reshape" else i
        before = nodes[j]
        if j == i or "keepdim" not in operator_of(before).fields or len(readers[j]) != 1:
            continue
        if set(node.output[1:]) == {1} and node.output[:1] == before.output:
            kept = {k: v for k, v in before.fields.items() if k != "keepdim"}
            nodes[j] = before.replace(fields=kept, output=node.output)
            nodes = redirect(nodes, i, j)
            outputs = [j if o == i else o for o in outputs]
    return NodeList(tuple(nodes), tuple(outputs))


def is_plain_dropout(node: ImportedNode) -> bool:
    """Return whether a node drops single elements."""
    return operator_of(node).drops_elements and not node.fields.get("channels")


def merge_paddings(found: NodeList) -> NodeList:
    """Let a convolution or a max pool pad by itself where a padding that it can do precedes it."""
    nodes = list(found.nodes)
    for i, node in enumerate(found.nodes):
        operator = operator_of(node)
        if not operator.pads_with:
            continue
        before = nodes[node.inputs[0]]
        own = node.fields.get("padding", 0)
        mode = before.fields.get("mode", "constant")
        if before.kind != "pad" or isinstance(own, str):
            continue
        if before.fields.get("value", 0) not in operator.pads_with:
            continue
        if mode != "constant" and (own or "padding_mode" not in operator.fields):
            continue
        rank = len(node.output) - 1
        pairs = [
            (a + c, b + d)
            for (a, b), (c, d) in zip(
                sides_per_dimension(own, rank),
                sides_per_dimension(before.fields["padding"], rank),
                strict=True,
            )
        ]
        sides = tuple([a if a == b else (a, b) for a, b in pairs])
        same = len(set(sides)) == 1 and isinstance(sides[0], int)
        fields = {**node.fields, "padding": sides[0] if same else sides}
        if mode != "constant":
            fields["padding_mode"] = mode
        nodes[i] = node.replace(fields=fields, inputs=before.inputs)
    return found.changed(nodes)


def name_swish(found: NodeList) -> NodeList:
    """Let x * sigmoid(x) be a silu, and x * hardsigmoid(x) a hardswish."""
    nodes = list(found.nodes)
    for i, node in enumerate(found.nodes):
        if node.kind != "mul" or len(node.inputs) != 2:
            continue
        for x, gate in (node.inputs, node.inputs[::-1]):
            kind = {"sigmoid": "silu", "hardsigmoid": "hardswish"}.get(nodes[gate].kind)
            if kind and nodes[gate].inputs == (x,):
                nodes[i] = node.replace(kind=kind, inputs=(x,))
                break
    return found.changed(nodes)


def continue_concats(found: NodeList) -> NodeList:
    """Let a concat read an earlier one instead of all the inputs of that, as in DenseNet.

    The concats of such a chain come right after their last input, in the module that makes it: so
    all layers of a dense block are alike."""
    nodes = list(found.nodes)
    known: dict[tuple[int, ...], int] = {}
    chained: set[int] = set()
    for i, node in enumerate(found.nodes):
        if node.kind != "concat":
            continue
        for length in range(len(node.inputs) - 1, 1, -1):
            earlier = known.get(node.inputs[:length])
            if earlier is not None:
                nodes[i] = node.replace(inputs=(earlier, *node.inputs[length:]))
                chained |= {earlier, i}
                break
        known[node.inputs] = i
    return move_after_inputs(found.changed(nodes), chained)


def move_after_inputs(found: NodeList, moved: set[int]) -> NodeList:
    """Move nodes right after the last of their inputs, into the module that makes it."""
    nodes, after = list(found.nodes), defaultdict(list)
    for i in sorted(moved):
        last = max(nodes[i].inputs)
        maker, own = nodes[last].calls, nodes[i].calls
        common = 0
        while common < min(len(maker), len(own)) and maker[common] == own[common]:
            common += 1
        nodes[i] = nodes[i].replace(calls=maker[: common + 1] if common < len(own) else own)
        after[last].append(i)
    order: list[int] = []
    waiting = [i for i in reversed(range(len(nodes))) if i not in moved]
    while waiting:
        i = waiting.pop()
        order.append(i)
        waiting += reversed(after[i])
    return take(found.changed(nodes), order)


RULES: tuple[Callable[[NodeList], NodeList], ...] = (
    keep_dimensions_of_gates,
    flatten_at_pools,
    merge_paddings,
    name_swish,
    continue_concats,
)
