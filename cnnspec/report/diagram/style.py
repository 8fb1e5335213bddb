"""The look of a diagram: the width of its text, and the colours of its boxes and wires."""

from cnnspec.report.diagram.fold import DiagramPart

# The advance widths of DejaVu Sans from the blank to the tilde, in hundredths of the font's size.
# Helvetica and Arial are narrower, and Verdana has the same widths.
WIDTHS = (
    "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 "
    "64 64 34 34 84 84 84 53 100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 "
    "60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 50 61 63 55 63 62 35 63 "
    "63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"
)
REGULAR = [int(hundredths) for hundredths in WIDTHS.split()]
BOLD = 112  # the width of a bold letter, in hundredths of the regular one
LARGE, SMALL = 12, 11  # the sizes of the two fonts, in pixels


def character_width(character: str) -> int:
    """The width of a character in hundredths of the font's size."""
    if " " <= character <= "~":
        return REGULAR[ord(character) - 32]
    return 84 if character in "×→" else 100  # no letter is wider


def text_width(text: str, size: int = SMALL, bold: bool = False) -> int:
    """The width of a text in whole pixels, rounded up."""
    hundredths = sum(map(character_width, text)) * size * (BOLD if bold else 100)
    return -(-hundredths // 10_000)


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
