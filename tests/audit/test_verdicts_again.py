"""Verdicts of the shipped claims, decided a second time without cnnspec's own arithmetic.

This test reads the files of claims with tomllib only. Python evaluates calculations, PyTorch works
examples, torchvision and timm count whole networks. Printed figures are parsed here, too."""

import math
import re
import tomllib
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

import cnnspec
from cnnspec.analyses.audit.audit import list_claim_files
from cnnspec.analyses.audit.ruling import Ruling
from tests.audit.claims import shipped
from tests.support import build, references

UNITS = {"": 1, "K": 10**3, "k": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, " million": 10**6}
NAMES = {"floor": math.floor, "ceil": math.ceil, "round": round, "max": max, "min": min}


def claims(kind: str) -> list[tuple[dict[str, Any], Ruling]]:
    """Yield the tables of claims with this key and no readings, each with its ruling."""
    found = []
    for (stem, path), audited in zip(list_claim_files().items(), shipped(), strict=True):
        rulings = {r.claim.path: r for r in audited.rulings}
        with open(path, "rb") as file:
            groups = tomllib.load(file)["claims"]
        for i, group in enumerate(groups):
            for j, own in enumerate(group.get("claims", [None])):
                table = {**group, **(own or {}), "stem": stem}
                if kind in table and "readings" not in table:
                    found.append(
                        (table, rulings["claims", i, "claims", j] if own else rulings["claims", i])
                    )
    return found


def right(printed: Any, number: float | Fraction) -> bool:
    """Whether a figure is right: an integer exactly, text to its last significant digit."""
    if not isinstance(printed, str):
        return bool(number == printed)
    match = re.fullmatch(r"(<?)(\d*)(?:\.(\d+))?([KkMGB]| million|)", printed)
    assert match, printed
    less, whole, decimals, unit = match[1], match[2], match[3] or "", match[4]
    value = Fraction(f"{whole or 0}.{decimals or 0}") * UNITS[unit]
    zeros = 0 if decimals else len(whole) - len(whole.rstrip("0"))
    step = Fraction(UNITS[unit]) * Fraction(10) ** (zeros - len(decimals))
    return (
        number < value if less else abs(Fraction(number) - value) <= step / 2 + Fraction(1, 10**9)
    )


def inception(d: int, *k: int) -> int:
    """Count the parameters of a module in GoogLeNet's table 1: #1x1, #3x3 reduce, #3x3, ..."""
    one, reduce3, three, reduce5, five, pool = k
    return (
        (d + 1) * (one + reduce3 + reduce5 + pool)
        + (9 * reduce3 + 1) * three
        + (25 * reduce5 + 1) * five
    )


def cut_off(printed: Any, number: float | Fraction) -> bool:
    """Whether a figure has the first digits of a number, and the rest is left out."""
    match = re.fullmatch(r"-?(\d*)(?:\.(\d+))?([KkMGB]|)", str(printed))
    if not match or not isinstance(printed, str):
        return False
    whole, decimals = match[1], match[2] or ""
    digits = f"{whole}{decimals}" if decimals else whole.rstrip("0")
    scaled = abs(Fraction(number)) / UNITS[match[3]] * 10 ** (len(digits) - len(whole))
    return int(digits) == int(scaled)


def verdict(good: bool, cut: bool = False) -> str:
    if good:
        return "confirmed"
    return "truncated" if cut else "refuted"


def test_calculations_are_as_python_has_them() -> None:
    found = claims("expression")
    assert len(found) >= 60
    for table, ruling in found:
        value = eval(table["expression"], {"__builtins__": {}}, NAMES)
        good = (
            value is table["value"]
            if isinstance(table["value"], bool)
            else right(table["value"], Fraction(value).limit_denominator(10**12))
        )
        assert ruling.verdict == verdict(good, cut_off(table["value"], value)), table["text"]


def test_worked_examples_are_as_pytorch_has_them() -> None:
    found = claims("matrix")
    assert len(found) >= 25
    for table, ruling in found:
        cells = [cell for cell in again(table) if not alike(*cell[2:])]
        cut = all("." in p and v is not None and cut_off(p, v) for _, _, p, v in cells)
        wrong = [(i, j) for i, j, _, _ in cells]
        assert ruling.verdict == verdict(not wrong, cut), table["text"]
        assert [(c.row, c.column) for c in ruling.cells if not c.holds] == wrong, table["text"]


def again(table: dict[str, Any]) -> list[tuple[int, int, str, float | None]]:
    """Yield each cell of a worked example, as printed and as PyTorch computes it."""
    given, size = matrix(table["given"]), table.get("size", 2)
    stride, kind = table.get("stride"), table["matrix"]
    if kind == "conv":
        weight = matrix(table["kernel"]) / table.get("divide", 1)
        out = functional.conv2d(
            given[None], weight[None], padding=table.get("padding", 0), stride=stride or 1
        )[0]
        out = out + table.get("bias", 0)
    elif kind == "product":
        out = given * matrix(table["kernel"])
    elif kind in ("maxpool", "minpool"):
        sign = 1 if kind == "maxpool" else -1
        out = sign * functional.max_pool2d(
            sign * given, size, stride or size, ceil_mode=table.get("ceil", False)
        )
    elif kind == "avgpool":
        out = functional.avg_pool2d(given, size, stride or size)
    else:
        out = given.reshape(1, -1, 1) if kind == "flatten" else given
    if kind == "relu" or table.get("relu"):
        out = out.relu()
    rows = out[0].tolist()
    cells = []
    for i in range(max(len(rows), len(table["gives"]))):
        theirs, ours = (
            table["gives"][i] if i < len(table["gives"]) else [],
            (rows[i] if i < len(rows) else []),
        )
        cells += [
            (
                i,
                j,
                str(theirs[j]) if j < len(theirs) else "nothing",
                ours[j] if j < len(ours) else None,
            )
            for j in range(max(len(theirs), len(ours)))
        ]
    return [c for c in cells if c[2] != ""]


def matrix(rows: list[Any]) -> torch.Tensor:
    """Convert a matrix, or several as channels, of numbers or printed numbers."""
    several = rows if isinstance(rows[0][0], list) else [rows]
    return torch.tensor(
        [[[float(c) for c in row] for row in m] for m in several], dtype=torch.float64
    )


def alike(printed: str, value: float | None) -> bool:
    if value is None or printed == "nothing":
        return False
    half = 0.5 * 10.0 ** -len(printed.partition(".")[2]) if "." in printed else 0.0
    return abs(float(printed) - value) <= half + 1e-9


@cache
def counted(name: str) -> tuple[int, int]:
    """Count a reference model's trainable parameters, without auxiliary heads, and its MACs."""
    reference = next(r for r in references() if r.network == name)
    try:
        with torch.device("meta"):
            model = build(reference.library, reference.model).eval()
    except NotImplementedError:  # it looks at numbers while it is built
        model = build(reference.library, reference.model).eval().to("meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.empty(1, *cnnspec.load(name).input, device="meta"))
    return (
        sum(p.numel() for n, p in model.named_parameters() if "aux" not in n.lower()),
        counter.get_total_flops() // 2,
    )


@pytest.mark.long
def test_networks_are_as_torchvision_and_timm_have_them() -> None:
    """Check every figure of parameters or MACs of a whole network that a library has."""
    known = {r.network for r in references()} - {"ssd300_torchvision"}
    whole = [
        (t, r)
        for t, r in claims("quantity")
        if t["quantity"] in ("params", "macs")
        and t.get("network") in known
        and not {"layer", "op", "set", "over", "input"} & t.keys()
        and t["value"] not in ("more", "fewer")
    ]
    assert len(whole) >= 70
    for table, ruling in whole:
        params, macs = counted(table["network"])
        number = params if table["quantity"] == "params" else macs
        cut = cut_off(table["value"], number)
        assert ruling.verdict == verdict(right(table["value"], number), cut), table["text"]
        assert ruling.computed == number, table["text"]


# refuted figures of papers that no library has: network, figure, right value, and its source
BY_HAND = [
    (
        "alexnet",
        253440,
        55 * 55 * 96,
    ),  # its section 3.5: 96 kernels, 55x55 positions; field.md: 290,400
    ("googlenet", "2.7K", (7 * 7 * 3 + 1) * 64),  # field.md: 9,408, and 64 biases
    ("googlenet", "34M", 7 * 7 * 3 * 64 * 112 * 112),
    ("googlenet", "112K", (64 + 1) * 64 + (9 * 64 + 1) * 192),
    *(
        ("googlenet", figure, inception(*channels))
        for figure, channels in {
            "159K": (192, 64, 96, 128, 16, 32, 32),
            "380K": (256, 128, 128, 192, 32, 96, 64),
            "364K": (480, 192, 96, 208, 16, 48, 64),
            "437K": (512, 160, 112, 224, 24, 64, 64),
            "463K": (512, 128, 128, 256, 24, 64, 64),
            "580K": (512, 112, 144, 288, 32, 64, 64),
            "840K": (528, 256, 160, 320, 32, 128, 128),
            "1072K": (832, 256, 160, 320, 32, 128, 128),
            "1388K": (832, 384, 192, 384, 48, 128, 128),
        }.items()
    ),
    *(
        ("googlenet", figure, 49 * k * (inception(*channels) - sum(channels[1:])))
        for figure, k, channels in (
            ("73M", 4, (480, 192, 96, 208, 16, 48, 64)),
            ("54M", 1, (832, 256, 160, 320, 32, 128, 128)),
        )
    ),
    *(("googlenet", figure, 6_998_552) for figure in ("4M", "5M", "6.8M")),  # field.md
    ("squeezenet1_0", 1182816, 96 * 109 * 109),  # floor((224 - 7)/2) + 1 = 109
    # table 4's own figure leaves out the classifier: 4866M and 1024*1000, which table 6's 569M of
    # MobileNet includes
    ("mobilenet_v1_full_conv", "4866M", 4_866_269_184 + 1024 * 1000),
    # torchvision's 4,089,184,256 less 3/4 of the first 1x1 in each of three stages, which reads
    # every second position
    (
        "resnet50_v1",
        "3.8G",
        4_089_184_256 - 3 * (256 * 128 * 28**2 + 512 * 256 * 14**2 + 1024 * 512 * 7**2),
    ),
    (
        "resnet101_v1",
        "7.58G",
        7_801_405_440 - 3 * (256 * 128 * 28**2 + 512 * 256 * 14**2 + 1024 * 512 * 7**2),
    ),
]


@pytest.mark.parametrize(
    ("network", "figure", "number"), BY_HAND, ids=[f"{n} {f}" for n, f, _ in BY_HAND]
)
def test_errata_of_papers_are_what_they_are_by_hand(network: str, figure: Any, number: int) -> None:
    found = [
        r
        for t, r in claims("quantity")
        if t["stem"].startswith("papers") and t.get("network") == network and t["value"] == figure
    ]
    assert found
    assert not right(figure, number)
    expected = (verdict(False, cut_off(figure, number)), True, number)
    assert all((r.verdict, r.claim.erratum, r.computed) == expected for r in found)
