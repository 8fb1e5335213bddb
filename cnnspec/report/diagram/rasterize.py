"""Pictures as PNG: an SVG drawn by resvg."""

from typing import Any

from cnnspec.problems import RequestError

FONTS = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans", "Noto Sans", "Verdana")
SCALE = 2  # pixels of the PNG for one of the SVG
OTHER_WAYS = "rsvg-convert, Inkscape and browsers also turn an SVG into PNG"
LETTER = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'


def rasterize(svg: str) -> bytes:
    """Return the PNG of an SVG, at twice its size.

    Raises RequestError without resvg_py, and where there is no font for the text."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise RequestError(
            f"a picture as PNG needs resvg_py: pip install 'cnnspec[png]'; {OTHER_WAYS}"
        ) from None
    font = find_font(svg_to_bytes)
    if not font:
        raise RequestError(
            "no font is found, so a PNG would have no text: install one, such as DejaVu"
            f" Sans (fonts-dejavu-core in Debian and Ubuntu); {OTHER_WAYS}"
        )
    return bytes(svg_to_bytes(svg_string=svg, zoom=SCALE, sans_serif_family=font))


def find_font(svg_to_bytes: Any) -> str:
    """Return the font for text, or "" where there is none: resvg would leave the text out."""
    text = '<text x="2" y="15" font-family="Helvetica, Arial, sans-serif">M</text>'
    empty = svg_to_bytes(svg_string=LETTER.format(""))
    for font in FONTS:
        drawn = svg_to_bytes(svg_string=LETTER.format(text), sans_serif_family=font)
        if bytes(drawn) != bytes(empty):
            return font
    return ""
