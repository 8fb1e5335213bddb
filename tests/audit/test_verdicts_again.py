"""Verdicts of the shipped claims, decided a second time without cnnspec's own arithmetic.

The files of claims are read with tomllib alone; calculations are evaluated by Python, worked examples by PyTorch, whole
networks counted by torchvision and timm. What is printed is read here too, in ten lines of its own.
"""

import math
import re
import tomllib
from fractions import Fraction
from typing import Any

import pytest
import torch
from audit.claims import shipped
from support import build, references
from torch.nn import functional

from cnnspec.analyses.audit.audit import claim_files
from cnnspec.analyses.audit.verdict import Ruling

UNITS = {"": 1, "K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, " million": 10**6}
NAMES = {"floor": math.floor, "ceil": math.ceil, "round": round, "max": max, "min": min}


def claims(kind: str) -> list[tuple[dict[str, Any], Ruling]]:
    """The tables of claims that have this key, without readings, each with its one ruling."""
    found = []
    for (stem, path), audited in zip(claim_files().items(), shipped(), strict=True):
        rulings = {r.claim.path: r for r in audited.rulings}
        with open(path, "rb") as file:
            groups = tomllib.load(file)["claims"]
        for i, group in enumerate(groups):
            for j, own in enumerate(group.get("claims", [None])):
                table = {**group, **(own or {}), "stem": stem}
                if kind in table and "readings" not in table:
                    found.append((table, rulings["claims", i, "claims", j] if own else rulings["claims", i]))
    return found


def right(printed: Any, number: float | Fraction) -> bool:
    """Whether a figure is the number: an integer exactly, text to its last digit that is not a zero before a unit."""
    if not isinstance(printed, str):
        return bool(number == printed)
    match = re.fullmatch(r"(<?)(\d*)(?:\.(\d+))?([KkMGB]| million|)", printed)
    assert match, printed
    less, whole, decimals, unit = match[1], match[2], match[3] or "", match[4]
    value = Fraction(f"{whole or 0}.{decimals or 0}") * UNITS[unit]
    zeros = 0 if decimals else len(whole) - len(whole.rstrip("0"))
    step = Fraction(UNITS[unit]) * Fraction(10) ** (zeros - len(decimals))
    return number < value if less else abs(Fraction(number) - value) <= step / 2 + Fraction(1, 10**9)


def verdict(good: bool) -> str:
    return "confirmed" if good else "refuted"


def test_calculations_are_as_python_has_them() -> None:
    found = claims("expression")
    assert len(found) >= 60
    for table, ruling in found:
        value = eval(table["expression"], {"__builtins__": {}}, NAMES)
        good = value is table["value"] if isinstance(table["value"], bool) else right(
            table["value"], Fraction(value).limit_denominator(10**12))
        assert ruling.verdict == verdict(good), table["text"]


def test_worked_examples_are_as_pytorch_has_them() -> None:
    found = claims("matrix")
    assert len(found) >= 25
    for table, ruling in found:
        wrong = [(i, j) for i, j, printed, value in again(table) if not alike(printed, value)]
        assert ruling.verdict == verdict(not wrong), table["text"]
        assert [(c.row, c.column) for c in ruling.cells if not c.holds] == wrong, table["text"]


def again(table: dict[str, Any]) -> list[tuple[int, int, str, float | None]]:
    """Each cell of a worked example, as printed and as PyTorch has it."""
    given, size = matrix(table["given"]), table.get("size", 2)
    stride, kind = table.get("stride"), table["matrix"]
    if kind == "conv":
        weight = matrix(table["kernel"]) / table.get("divide", 1)
        out = functional.conv2d(given[None], weight[None], padding=table.get("padding", 0), stride=stride or 1)[0]
        out = out + table.get("bias", 0)
    elif kind == "product":
        out = given * matrix(table["kernel"])
    elif kind in ("maxpool", "minpool"):
        sign = 1 if kind == "maxpool" else -1
        out = sign * functional.max_pool2d(sign * given, size, stride or size, ceil_mode=table.get("ceil", False))
    elif kind == "avgpool":
        out = functional.avg_pool2d(given, size, stride or size)
    else:
        out = given.reshape(1, -1, 1) if kind == "flatten" else given
    if kind == "relu" or table.get("relu"):
        out = out.relu()
    rows = out[0].tolist()
    cells = []
    for i in range(max(len(rows), len(table["gives"]))):
        theirs, ours = table["gives"][i] if i < len(table["gives"]) else [], rows[i] if i < len(rows) else []
        cells += [(i, j, str(theirs[j]) if j < len(theirs) else "nothing", ours[j] if j < len(ours) else None)
                  for j in range(max(len(theirs), len(ours)))]
    return [c for c in cells if c[2] != ""]


def matrix(rows: list[Any]) -> torch.Tensor:
    """A matrix of numbers or printed numbers, or several, as channels."""
    several = rows if isinstance(rows[0][0], list) else [rows]
    return torch.tensor([[[float(c) for c in row] for row in m] for m in several], dtype=torch.float64)


def alike(printed: str, value: float | None) -> bool:
    if value is None or printed == "nothing":
        return False
    half = 0.5 * 10.0 ** -len(printed.partition(".")[2]) if "." in printed else 0.0
    return abs(float(printed) - value) <= half + 1e-9


def parameters(name: str) -> int:
    """The trainable parameters of a reference, counted by PyTorch."""
    reference = next(r for r in references() if r.network == name)
    with torch.device("meta"):
        model = build(reference.library, reference.model)
    return sum(p.numel() for n, p in model.named_parameters() if "aux" not in n.lower())


COUNTED = [
    "alexnet_torchvision", "densenet121", "densenet169", "efficientnet_b0", "efficientnet_b2", "inception_v3",
    "inception_v4", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "nasnetalarge", "resnet50", "resnet152",
    "se_resnet50", "squeezenet1_0", "vgg11", "vgg13", "vgg16", "vgg19", "xception",
]


@pytest.mark.long
def test_parameters_are_as_torchvision_and_timm_count_them() -> None:
    whole = [(t, r) for t, r in claims("quantity") if t["quantity"] == "params" and t.get("network") in COUNTED
             and not {"layer", "op", "set", "over", "input"} & t.keys()]
    assert len(whole) >= 25
    assert {r.verdict for _, r in whole} == {"confirmed", "refuted"}
    numbers = {name: parameters(name) for name in {t["network"] for t, _ in whole}}
    for table, ruling in whole:
        assert ruling.verdict == verdict(right(table["value"], numbers[table["network"]])), table["text"]
