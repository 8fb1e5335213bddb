"""The colours of a diagram in light and dark mode, also as attributes for viewers without CSS."""

from cnnspec.report.diagram.fold import DiagramPart

# role: fill and border in light, fill and border in dark
BOXES = {
    "layer": ("#ddeeff", "#2f6fb5", "#14304f", "#5b9bdd"),
    "dense": ("#ffe9d6", "#b5651d", "#4a2c10", "#e0975a"),
    "pool": ("#dff3e1", "#2f8545", "#143a1f", "#5cb574"),
    "join": ("#f0e6fb", "#7a4bb0", "#33204d", "#b08ae0"),
    "plain": ("#f4f5f7", "#7a828c", "#24292f", "#8b949e"),
    "block": ("#fff8dc", "#8a7420", "#3b3413", "#c9b458"),
}
GROUND, TEXT = ("#ffffff", "#0f1419"), ("#1a1f24", "#e8ecf0")
MUTED, WIRE = ("#4a5560", "#aab4be"), ("#4a5560", "#9aa5b0")


def part_role(part: DiagramPart) -> str:
    """The role that determines the colour of a box."""
    if part.block:
        return "block"
    node = part.nodes[0]
    trained = bool(node.op.parameters(*node.shapes))
    if (node.op.pools and not trained) or node.op.undoes:
        return "pool"
    if node.op.role == "join":
        return "join"
    if trained and node.op.is_dense:
        return "dense"
    return "layer" if trained and node.op.role == "layer" else "plain"


def style_sheet() -> str:
    """The CSS: light, and dark if the reader prefers it."""
    return f"{style_rules(0)} @media (prefers-color-scheme: dark) {{ {style_rules(1)} }}"


def style_rules(dark: int) -> str:
    made = [
        f".cnn-ground {{ fill: {GROUND[dark]} }}",
        f".cnn-text {{ fill: {TEXT[dark]} }}",
        f".cnn-muted {{ fill: {MUTED[dark]} }}",
        f".cnn-badge {{ fill: {TEXT[dark]} }}",
        f".cnn-letter {{ fill: {GROUND[dark]} }}",
        f".cnn-wire {{ stroke: {WIRE[dark]} }}",
        f".cnn-head {{ fill: {WIRE[dark]} }}",
        f".cnn-frame {{ stroke: {MUTED[dark]} }}",
    ]
    made += [
        f".cnn-{name} {{ fill: {c[2 * dark]}; stroke: {c[2 * dark + 1]} }}"
        for name, c in BOXES.items()
    ]
    return " ".join(made)
