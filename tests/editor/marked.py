"""Specs with a mark where the cursor is, for tests of the editor's functions."""

from cnnspec.editor.document import Document
from cnnspec.editor.positions import Location, Position

SPEC = """name  = "net"
input = [3, 32, 32]
args.width = 8
args.rows  = [ [8, 1], [16, 2] ]
layers = [
  { name = "first",  op = "conv", out_channels = "{width}", kernel_size = 3, padding = 1 },
  { name = "unit{i}", op = "unit", each = "{rows}" },   # two of them
  { name = "pool",   op = "global_avgpool", keepdim = false },
  { name = "fc",     op = "linear", out_features = 10 },
]

[blocks.unit]                       # a residual unit
args     = ["out", "stride"]
defaults = { inner = "{out * 2}" }
layers   = [
  { name = "conv1", op = "conv_bn", out_channels = "{inner}", stride = "{stride}" },
  { name = "conv2", op = "conv_bn", out_channels = "{out}" },
  { name = "short", op = "project", out_channels = "{out}", stride = "{stride}", from = "input" },
  { name = "add",   op = "add", from = ["conv2", "short"], activation = "relu" },
]

[blocks.conv_bn]
op          = "conv"
kernel_size = 3
padding     = "half"
bias        = false
norm        = "batchnorm"

[blocks.project]
op          = "conv_bn"
kernel_size = 1

[variants.small]
[variants.wide]
title = "Wide"
width = 32
"""


def marked(text: str, path: str = "net.toml", variant: str = "") -> tuple[Document, Position]:
    """The document of a text without its mark ``^``, and the position of the mark."""
    offset = text.index("^")
    document = Document(text.replace("^", "", 1), path, variant)
    return document, document.lines.position(offset)


def at(place: str, text: str = SPEC) -> tuple[Document, Position]:
    """The document of ``text``, and the position of the mark ``^`` in ``place``, a part of it."""
    plain = place.replace("^", "", 1)
    assert text.count(plain) == 1, f"{plain!r} occurs {text.count(plain)} times"
    return marked(text.replace(plain, place))


def texts_at(document: Document, locations: list[Location]) -> list[tuple[int, str]]:
    """The lines, from 1, and the texts of locations in the document itself."""
    found = []
    for location in locations:
        span = [document.offset(p) for p in (location.range.start, location.range.end)]
        found.append((location.range.start.line + 1, document.text[span[0] : span[1]]))
    return found
