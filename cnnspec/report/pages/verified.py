"""The table of what networks were verified against, from data/verification.json."""

import os
from collections.abc import Sequence
from typing import Any

from cnnspec.problems import RequestError, visible
from cnnspec.report.formats import render_grid
from cnnspec.report.pages.folder import read_data

COLUMNS = (("Shapes, tensors", ("shapes", "tensors")), ("MACs", ("MACs",)))  # against PyTorch
SIGNS = {"passed": "yes", "failed": "FAILED", "impossible": "IMPOSSIBLE", "limited": "limited"}
WORST = ("failed", "impossible", "limited", "passed")
HEADINGS = (
    "Network",
    *(heading for heading, _ in COLUMNS),
    "fvcore",
    "Independent",
    "Calls aligned",
    "Tensors",
    "Outputs",
)
Check = dict[str, Any]
CHECK_KEYS = ("check", "against", "status", "compared", "detail")  # with texts
DIFFERENCE_KEYS = ("layer", "quantity", "cause")


def read_verification(reports: str) -> list[dict[str, Any]]:
    """The networks in ``data/verification.json``, each with its checks; none without that file.

    Raises RequestError for a file that is no report of ``cnnspec verify --format json``."""
    data = read_data(reports, "verification")
    if data is None:
        return []
    networks = data.get("networks") if isinstance(data, dict) else None
    if not isinstance(networks, list) or not all(map(is_network, networks)):
        path = visible(os.path.join(reports, "data", "verification.json"))
        raise RequestError(f"{path} is no report of cnnspec verify --all --format json")
    return networks


def is_network(value: Any) -> bool:
    """Whether a value is a network with its checks."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("network"), str)
        and isinstance(value.get("checks"), list)
        and all(map(is_check, value["checks"]))
    )


def is_check(value: Any) -> bool:
    """Whether a value is a check with its differences."""
    return (
        has_texts(value, CHECK_KEYS)
        and value["status"] in SIGNS
        and isinstance(value.get("differences"), list)
        and all(has_texts(difference, DIFFERENCE_KEYS) for difference in value["differences"])
    )


def has_texts(value: Any, keys: Sequence[str]) -> bool:
    """Whether a value is an object with texts under some keys."""
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys)


def verification_table(networks: list[dict[str, Any]]) -> str:
    """A Markdown table with a row for each network."""
    rows = [verification_cells(network) for network in networks]
    return render_grid(HEADINGS, rows, [False] * len(HEADINGS), "markdown")


def verification_cells(network: dict[str, Any]) -> list[str]:
    """The cells of a network's row; several references share a cell, with ; between them."""
    checks = network["checks"]
    ours = [c for c in checks if c["against"].startswith("PyTorch")]
    fvcore = [c for c in checks if c["against"] == "fvcore"]
    others = [c for c in checks if c not in ours + fvcore]
    names = dict.fromkeys(c["against"] for c in others if c["check"] != "reference")
    missing = [
        f"{c['against']} (IMPOSSIBLE)"
        for c in checks
        if c["check"] == "reference" and c["status"] == "impossible"
    ]
    by_name = [[c for c in checks if c["against"] == name] for name in names]
    rest = [
        "; ".join(worst_status([c for c in found if c["check"] in wanted]) for found in by_name)
        for wanted in (("tensors", "outputs"), ("evaluation", "training", "values", "run"))
    ]
    return [
        network["network"],
        *(worst_status([c for c in ours if c["check"] in (*w, "run")]) for _, w in COLUMNS),
        fvcore_cell(fvcore),
        "; ".join([*names, *missing]) or "–",
        "; ".join(map(aligned_calls, by_name)) or "–",
        *(cell or "–" for cell in rest),
    ]


def fvcore_cell(checks: list[Check]) -> str:
    """How many layers fvcore counts like cnnspec, or what went wrong."""
    status = worst_status(checks)
    compared: str = checks[0]["compared"] if status == SIGNS["passed"] else ""
    return compared.split(" ")[0] or status


def aligned_calls(checks: list[Check]) -> str:
    """How many calls of a reference were aligned: ``7 of 7``."""
    compared = (c["compared"] for c in checks if c["check"] == "calls")
    return next((text.removesuffix(" calls aligned") for text in compared), "–")


def worst_status(checks: list[Check]) -> str:
    """The sign of the worst outcome."""
    return SIGNS[min((c["status"] for c in checks), key=WORST.index)] if checks else "–"


def describe_limits(networks: list[dict[str, Any]]) -> list[str]:
    """A line for each failure and for each reason why a comparison is limited or impossible."""
    found: dict[str, list[str]] = {}
    for network in networks:
        for c in network["checks"]:
            shown_by_absence = c["check"] == "reference" and c["status"] == "limited"
            if c["status"] == "passed" or shown_by_absence:
                continue
            why = c["detail"]
            if c["differences"]:
                first = c["differences"][0]
                why = f"{first['layer']}, {first['quantity']}: {first['cause']}"
            found.setdefault(f"{c['check']}, {c['status']}: {why}", []).append(network["network"])
    return [
        f"- {visible(why, 1000)} ({', '.join(map(visible, names))})" for why, names in found.items()
    ]
