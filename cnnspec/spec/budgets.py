"""Budgets: the limits that a network keeps, in [budget.NAME] of its spec or in a pyproject.toml.

[budget.mobilenet_v1]
params        = "4.3M"               # at most; ">= 4M" is at least
macs          = "600 MMACs"
weights       = "17 MiB"             # parameters and buffers, in dtype
training_peak = "4 GiB"              # of a batch, with an optimizer
batch         = 32
optimizer     = "adam"
"""

from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Path, Source
from cnnspec.units import MAX_BATCH, format_count, parse_amount

COUNTS = {"params": "", "macs": "MAC", "layers": "", "receptive_field": ""}
BYTES = ("weights", "inference_peak", "training_peak")
LIMITS = (*COUNTS, *BYTES)
EXAMPLES = {"params": '"5M"', "macs": '"600 MMACs"', "layers": "50", "receptive_field": "224"}
SETTINGS = {
    "dtype": ("float32", "float64", "bfloat16", "float16"),
    "optimizer": ("none", "sgd", "momentum", "adam", "adamw"),
}


class Limit(Record):
    """One limit: the quantity, whether it is the most or the least, its value, and how it was
    written."""

    quantity: str
    most: bool
    value: int
    text: str
    path: Path


def check_budgets(
    reader: SpecReader, source: Source, path: Path, value: Any
) -> dict[str, dict[str, Any]]:
    """The budgets by name in the table at ``path``, with what is wrong in them noted and left
    out."""
    tables = reader.check_type(source, path, value, dict, "a table with one table a network") or {}
    found = {}
    for name, table in tables.items():
        if reader.check_type(source, (*path, name), table, dict, "a table of limits") is not None:
            found[name] = check_budget(reader, source, (*path, name), table)
    return found


def check_budget(
    reader: SpecReader, source: Source, path: Path, table: dict[str, Any]
) -> dict[str, Any]:
    """One budget: ``limits`` a list of them, and the settings of memory."""
    budget: dict[str, Any] = {"limits": []}
    for key, value in table.items():
        where = (*path, key)
        if key in LIMITS:
            limit = read_limit(key, value, where)
            if limit is None:
                example = EXAMPLES.get(key, '"50 MiB"')
                reader.report(
                    source,
                    where,
                    "L003",
                    f"{key} is a limit such as {example}, not {describe_value(value)}",
                )
            else:
                budget["limits"].append(limit)
        elif key == "batch":
            if type(value) is int and 1 <= value <= MAX_BATCH:
                budget[key] = value
            else:
                reader.report(
                    source,
                    where,
                    "L003",
                    f"batch is an integer from 1 to {format_count(MAX_BATCH)}, not {describe_value(value)}",
                )
        elif key in SETTINGS:
            if value in SETTINGS[key]:
                budget[key] = value
            else:
                reader.report(
                    source,
                    where,
                    "L003",
                    f"{key} is one of {', '.join(SETTINGS[key])}, not {describe_value(value)}",
                )
        else:
            reader.report_unknown_key(
                source, where, [*LIMITS, "batch", *SETTINGS], f"the budget {visible(path[-1], 60)}"
            )
    return budget


def read_limit(key: str, value: Any, path: Path) -> Limit | None:
    """A limit: a number, or a text such as ``600 MMACs``, ``<= 5M``, ``>= 224``; None where it is
    none.

    Plain numbers are the most that there may be, but for the receptive field: of that, the least.
    """
    most, text = key != "receptive_field", value
    if isinstance(text, str) and text.strip()[:2] in ("<=", ">="):
        most, text = text.strip()[:2] == "<=", text.strip()[2:]
    number = parse_amount(text, COUNTS.get(key, "B")) if isinstance(text, str) else text
    if type(number) is not int or not 0 <= number < 2**63:
        return None
    return Limit(key, most, number, value if isinstance(value, str) else "", path)
