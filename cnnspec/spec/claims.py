"""Claims: published statements about networks, with the keys that describe them in TOML.

``[[claims]]`` are part of a spec, about its own variants, or have a file of their own
(specs/claims/), one for each course note or group of papers, about networks of the zoo. The key
decides the kind of a claim:

- ``quantity`` and ``value``: a figure of a network or of some layers; ``says`` has several.
- ``columns`` and ``rows``: a printed table; the first column names layers or networks, the other
  cells are figures.
- ``expression`` and ``value``: a calculation with numbers only.
- ``matrix``: a worked example of a convolution, pooling or ReLU, cell by cell.
- ``undecidable``: a statement that cnnspec cannot check, and the reason.

A table with ``claims`` of its own is a group, whose other keys are defaults of its claims.
``errata`` marks known errors: true, or quantities of ``says``, or "row column" of a table.
``quoted`` names the text that quotes a figure whose source was not read. In a file of claims,
``[sources]`` has a table with author, title and address for each ``source``. ``readings`` are other
interpretations of the same words: each has a name, and changes the subject or the expression.

A figure is text, rounded as printed, or an exact integer; "{(3*3*32 + 1)*64}" is a figure printed
as a formula. A figure about several layers must hold for each; a list has one figure a layer, and
"rising" claims rising values. ``over`` names another network: the claim is about the quotient of
its quantity and this one's, or, with "fewer", "more", "smaller", "larger" or "equal", about how
this network's compares with it."""

from typing import Any

from cnnspec.ops.kit.fields import describe_value, is_int
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.spec.cited_sources import CitedSource
from cnnspec.spec.expressions import Expression
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import ExpressionError
from cnnspec.spec.source import Fields, Path, Source

QUANTITIES = (
    "params",
    "weights",
    "biases",
    "buffers",
    "macs",
    "flops",
    "bytes",
    "activation_size",
    "connections",
    "layers",
    "layers_and_pools",
    "count",
    "input",
    "output",
    "channels",
    "size",
    "kernel_size",
    "stride",
    "padding",
    "activation",
    "norm",
    "type",
    "filter",
    "order",
    "layout",
    "receptive_field",
    "share",
)
MATRICES = ("conv", "product", "maxpool", "minpool", "avgpool", "relu", "flatten")
TEXT: tuple[Any, str] = (str, "text")
SUBJECT: dict[str, tuple[Any, str]] = {
    "network": TEXT,
    "variant": TEXT,
    "layer": ((str, list, dict), "a layer's name, names, or an operator with fields"),
    "op": TEXT,
    "set": (dict, "a table of arguments"),
    "input": (list, "a shape such as [3, 224, 224]"),
    "training": (bool, "true or false"),
    "over": (str, "another network's name"),
    "expression": TEXT,
}
ABOUT: dict[str, tuple[Any, str]] = {
    "source": TEXT,
    "where": TEXT,
    "text": TEXT,
    "note": TEXT,
    "quoted": TEXT,
    "claims": (list, "a list of claims"),
    "errata": ((bool, list), "true, or a list of the wrong figures"),
    "readings": (dict, "a table of tables"),
}
PRINTED: tuple[Any, str] = ((int, float, str, bool, list), 'a figure as printed, such as "61M"')
KINDS: dict[str, dict[str, tuple[Any, str]]] = {
    "undecidable": {"undecidable": TEXT},
    "expression": {"expression": TEXT, "value": PRINTED},
    "matrix": {
        "matrix": TEXT,
        "given": (list, "rows of numbers"),
        "kernel": (list, "rows of numbers"),
        "size": (int, "the size of a pool's window"),
        "stride": (int, "a number"),
        "padding": (int, "a number"),
        "bias": ((int, float), "a number"),
        "divide": (int, "a number"),
        "ceil": (bool, "true or false"),
        "relu": (bool, "true or false"),
        "gives": (list, 'rows of numbers as printed, "" for an empty cell'),
    },
    "columns": {
        "columns": (list, "names of quantities"),
        "rows": (list, "rows of cells"),
        "units": (dict, 'the unit of a column, such as { params = "M" }'),
    },
    "says": {"says": (dict, "quantities with their values")},
    "quantity": {"quantity": TEXT, "value": PRINTED},
}
NEEDED = {
    "expression": ("value",),
    "matrix": ("given", "gives"),
    "columns": ("rows",),
    "quantity": ("value",),
}


class ClaimSubject(Record):
    """The subject of a claim: a network, some of its layers, one operator, or an expression.

    ``network`` "" is the spec that contains the claim; ``over`` is the network to compare with."""

    network: str = ""
    variant: str = ""
    layer: Any = ""
    op: str = ""
    settings: Fields = {}
    input: tuple[int, ...] | None = None
    training: bool = False
    over: str = ""
    expression: str = ""


class Claim(Record):
    """One published statement that is right or wrong.

    ``value`` is the printed value: text, rounded as printed; an exact integer; or a list.
    ``fields`` are the other keys of its kind, and ``readings`` other subjects that its words may
    mean. ``erratum`` marks a known error. ``cell`` is the row name for a cell of a printed table,
    and ``quoted`` the text that quotes it if the source itself was not read."""

    source: Source
    path: Path
    kind: str
    origin: str
    where: str
    text: str
    subject: ClaimSubject
    quantity: str = ""
    value: Any = None
    fields: Fields = {}
    readings: dict[str, ClaimSubject] = {}
    erratum: bool = False
    note: str = ""
    cell: str = ""
    quoted: str = ""


class ClaimFile(Record):
    """A file of claims, with the parts of its source that were not available (``missing``).

    ``sources`` says what is known about the sources that claims name."""

    source: Source
    name: str
    title: str
    missing: tuple[str, ...]
    claims: tuple[Claim, ...]
    sources: dict[str, CitedSource] = {}


def check_claim_value(
    reader: SpecReader, source: Source, path: Path, value: Any, kind: Any, takes: str
) -> bool:
    """Check that a value has the type of its key, and valid contents; else note the problem.

    A boolean passes only if the key takes booleans."""
    if isinstance(value, bool) and isinstance(kind, tuple) and bool in kind:
        return True
    if reader.check_type(source, path, value, kind, takes) is None:
        return False
    key = path[-1]
    good = True
    if key == "input":
        good = 0 < len(value) < 9 and all(is_int(n, 1) for n in value)
    elif key == "layer" and isinstance(value, dict):
        good = isinstance(value.get("op"), str)
    elif key in ("layer", "errata", "columns") and isinstance(value, list):
        good = all(isinstance(v, str) for v in value)
    if not good:
        reader.report(source, path, "L003", f"{key} is {takes}, not {describe_value(value)}")
    return good


def check_claim_expression(reader: SpecReader, source: Source, path: Path, text: str) -> None:
    """Note a problem if a claim's expression is invalid or contains a name."""
    try:
        found = Expression(text)
        if found.names:
            name = visible(found.names[0], 60)
            raise ExpressionError(f"{name} is not a number: a claim's expression has numbers only")
    except ExpressionError as error:
        reader.report(source, path, "L007", error.message, error.hint)
