"""The tables of the course notes come out cell for cell; what they say stands in data/, with its source."""

import csv
import re
from pathlib import Path

import pytest

from cnnspec import load
from cnnspec.report.table import table

DATA = Path(__file__).parent / "data"


def printed(name: str) -> list[list[str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def cells(markdown: str) -> list[list[str]]:
    """The cells of the table in a Markdown page, the headings first."""
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    plain = [re.sub(r"\\(.)", r"\1", row) for row in rows if not row.startswith("|:")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in plain]


def test_bird_cnn_is_the_table_of_note_002() -> None:
    found = cells(table(load("bird_cnn"), "markdown", "activations", layout="hwc"))
    headings, *rows = printed("bird_cnn")
    assert found[1:] == rows
    assert [h.lower() for h in found[0][1:]] == [h.lower() for h in headings[1:]]


def test_lenet5_is_table_14_1_of_note_004() -> None:
    found = cells(table(load("lenet5_geron"), "markdown", "architecture", reverse=True))
    extra = found[0].index("Padding")
    assert [row[:extra] + row[extra + 1 :] for row in found] == printed("lenet5_geron")
    assert {row[extra] for row in found[1:]} == {"VALID", "–"}


NARROW = ("bird_cnn", "lenet5", "lenet5_geron", "alexnet")
NOTED = (*NARROW, "alexnet_torchvision", "keras_cifar_cnn", "mlp_32x32", "vgg11", "vgg11_lrn", "vgg13", "vgg16_conv1",
         "vgg16", "vgg19")


@pytest.mark.parametrize(("name", "preset"), [
    *((name, preset) for name in NOTED for preset in ("summary", "activations")),
    *((name, "architecture") for name in NARROW),
])
def test_tables_of_the_notes_fit_into_80_columns(name: str, preset: str) -> None:
    assert max(map(len, table(load(name), preset=preset).splitlines())) <= 80
