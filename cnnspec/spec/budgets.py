"""Reads budgets: limits of a network, in [budget.NAME] of its spec or in a pyproject.toml.

[budget.mobilenet_v1]
params        = "4.3M"               # at most; ">= 4M" means at least
macs          = "600 MMACs"
weights       = "17 MiB"             # parameters and buffers in dtype
training_peak = "4 GiB"              # for a batch and an optimizer
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
    """One limit: its quantity, whether it is the most or the least, its value, and its text."""

    quantity: str
    most: bool
    value: int
    text: str
    path: Path


def check_budgets(
    reader: SpecReader, source: Source, path: Path, value: Any
) -> dict[str, dict[str, Any]]:
    """Return the budgets in the table at ``path`` by name. Wrong limits are reported, left out."""
    takes = "a table with one table for each network"
    found = {}
    for name, table in (reader.check_type(source, path, value, dict, takes) or {}).items():
        where = (*path, name)
        if reader.check_type(source, where, table, dict, "a table of limits") is not None:
            found[name] = check_budget(reader, source, where, table)
    return found


def check_budget(
    reader: SpecReader, source: Source, path: Path, table: dict[str, Any]
) -> dict[str, Any]:
    """Return one budget: ``limits``, a list of Limit, and the settings of memory."""
    budget: dict[str, Any] = {"limits": []}
    for key, value in table.items():
        where, takes = (*path, key), ""
        if key in LIMITS:
            limit = read_limit(key, value, where)
            if limit is None:
                example = EXAMPLES.get(key, '"50 MiB"')
                takes = f"a limit such as {example}"
            else:
                budget["limits"].append(limit)
        elif key == "batch":
            if type(value) is int and 1 <= value <= MAX_BATCH:
                budget[key] = value
            else:
                takes = f"an integer from 1 to {format_count(MAX_BATCH)}"
        elif key in SETTINGS:
            if value in SETTINGS[key]:
                budget[key] = value
            else:
                takes = f"one of {', '.join(SETTINGS[key])}"
        else:
            known = [*LIMITS, "batch", *SETTINGS]
            reader.report_unknown_key(source, where, known, f"the budget {visible(path[-1], 60)}")
        if takes:
            message = f"{key} is {takes}, not {describe_value(value)}"
            reader.report(source, where, "L003", message)
    return budget


def read_limit(key: str, value: Any, path: Path) -> Limit | None:
    """Read a limit: a number, or a text such as ``600 MMACs``, ``<= 5M``, ``>= 224``; else None.

    A plain number is the most allowed; for the receptive field it is the least.
    """
    most, text = key != "receptive_field", value
    if isinstance(text, str) and text.strip()[:2] in ("<=", ">="):
        most, text = text.strip()[:2] == "<=", text.strip()[2:]
    number = parse_amount(text, COUNTS.get(key, "B")) if isinstance(text, str) else text
    if type(number) is not int or not 0 <= number < 2**63:
        return None
    return Limit(key, most, number, value if isinstance(value, str) else "", path)
