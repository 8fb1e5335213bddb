"""The keys that a claim can have, by its kind, and whether a value fits its key."""

from typing import Any

from cnnspec.ops.kit.fields import describe_value, is_int
from cnnspec.problems import visible
from cnnspec.spec.expressions import Expression
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.scope import ExpressionError
from cnnspec.spec.source import Path, Source

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
    "errata": ((bool, list), "true, or a list of what is wrong"),
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
        "gives": (list, 'rows of numbers as printed, "" where none is'),
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


def fits(notes: SpecReader, source: Source, path: Path, value: Any, kind: Any, takes: str) -> bool:
    """Whether a value is of the kind, and what is in it too; a boolean only where one is asked
    for."""
    if isinstance(value, bool) and isinstance(kind, tuple) and bool in kind:
        return True
    if notes.typed(source, path, value, kind, takes) is None:
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
        notes.add(source, path, "L003", f"{key} is {takes}, not {describe_value(value)}")
    return good


def check_expression(notes: SpecReader, source: Source, path: Path, text: str) -> None:
    """Note an expression that cannot be read, or that names what a claim does not have."""
    try:
        found = Expression(text)
        if found.names:
            raise ExpressionError(
                f"{visible(found.names[0], 60)} is no number: claims calculate with numbers only"
            )
    except ExpressionError as error:
        notes.add(source, path, "L007", error.message, error.hint)
