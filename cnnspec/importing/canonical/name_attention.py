"""Find self-attention with its linear maps, which one operator writes in a line."""

from cnnspec.importing.canonical.simplify import NodeList
from cnnspec.importing.imported_graph import ImportedNode

CORE = "scaled_dot_product_attention"
KEPT = ("window_size", "dropout")  # fields that the operator ``attention`` has, too


def name_attention(found: NodeList) -> NodeList:
    """Let a linear map to q, k and v, their attention, and a projection be one attention."""
    nodes, readers = list(found.nodes), found.readers()
    for i, core in enumerate(found.nodes):
        if core.kind != CORE or len(core.inputs) != 3 or {*core.fields} - {"heads", *KEPT}:
            continue
        maps = find_maps(nodes, readers, i)
        if maps is None:
            continue
        qkv, projection = maps
        fields = {"heads": core.fields.get("heads", 1)}
        fields |= {name: core.fields[name] for name in KEPT if name in core.fields}
        if nodes[qkv].fields.get("bias") is False:
            fields["qkv_bias"] = False
        nodes[projection] = ImportedNode(
            "attention",
            fields,
            nodes[qkv].inputs,
            nodes[projection].output,
            core.calls,
            nodes[qkv].weights + nodes[projection].weights,
            core.training_only,
            core.source,
        )
    return found.changed(nodes)


def find_maps(
    nodes: list[ImportedNode], readers: dict[int, list[int]], core: int
) -> tuple[int, int] | None:
    """Return the maps before and after an attention, if they are those of the operator."""
    slices = [nodes[j] for j in nodes[core].inputs]
    if len(readers[core]) != 1 or any(s.kind != "slice_channels" for s in slices):
        return None
    qkv, projection = slices[0].inputs[0], readers[core][0]
    channels = nodes[core].output[0]
    starts = [s.fields.get("start", 0) for s in slices]
    whole = [s.inputs == (qkv,) and s.output[0] == channels for s in slices]
    if starts != [0, channels, 2 * channels] or not all(whole) or projection < 0:
        return None
    if len(readers[qkv]) != 3 or any(readers[j] != [core] for j in nodes[core].inputs):
        return None
    before = nodes[nodes[qkv].inputs[0]].output
    maps_three = is_linear_map(nodes[qkv], 3 * channels) and before == nodes[core].output
    maps_back = is_linear_map(nodes[projection], channels)
    has_bias = nodes[projection].fields.get("bias", True)
    return (qkv, projection) if maps_three and maps_back and has_bias else None


def is_linear_map(node: ImportedNode, channels: int) -> bool:
    """Return whether a node is a linear map of the channels at each position."""
    plain = {k: v for k, v in node.fields.items() if k != "bias"}
    return node.kind == "conv" and plain == {"out_channels": channels, "kernel_size": 1}
