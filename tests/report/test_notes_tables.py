"""The tables of the course notes are printed cell for cell; data/ has them with their sources."""

import csv
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnspec import load
from cnnspec.analyses.audit.audit import audit_sources
from cnnspec.cli import cli
from cnnspec.report.pages.audit import TABLES, render_note_tables_page
from cnnspec.report.table import render_table

DATA = Path(__file__).parent / "data"
BIRD, FAMILY, MODELS, LENET, ALEXNET = (
    table.command for table in TABLES
)  # as reports/note_tables.md names them


def printed(name: str) -> list[list[str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def cells(markdown: str) -> list[list[str]]:
    """The cells of the table in a Markdown page, the headings first."""
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    plain = [re.sub(r"\\(.)", r"\1", row) for row in rows if not row.startswith("|:")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in plain]


def shown(command: str) -> list[list[str]]:
    """The cells that a command prints as Markdown, the headings first."""
    return cells(CliRunner().invoke(cli, [*command.split(), "--format", "markdown"]).stdout)


def test_bird_cnn_is_the_table_of_note_002() -> None:
    found = shown(BIRD)
    headings, *rows = printed("bird_cnn")
    assert found[1:] == rows
    assert [h.lower() for h in found[0][1:]] == [h.lower() for h in headings[1:]]


def test_lenet5_is_table_14_1_of_note_004() -> None:
    assert shown(LENET) == printed("lenet5_geron")  # which has no column of paddings
    padding = shown("table lenet5_geron --preset architecture --reverse --columns layer,padding")[
        1:
    ]
    assert {row[1] for row in padding} == {"VALID", "–"}


def test_alexnet_is_table_14_2_of_note_004_with_the_layer_that_it_leaves_out() -> None:
    headings, *rows = shown(ALEXNET)
    wrong = {
        "S8": ["Max Pooling", "256", "6×6", "3×3", "2", "VALID", "–"]
    }  # without it F8 would have 43,264 inputs
    left_out = [row for row in rows if row[0] in wrong]
    assert [row[1:] for row in left_out] == list(wrong.values())
    renamed = {"F9": "F8", "F10": "F9"}  # which are one further, as S8 is a layer
    assert [
        headings,
        *([renamed.get(row[0], row[0]), *row[1:]] for row in rows if row not in left_out),
    ] == printed("alexnet_geron")


def test_the_vgg_family_is_that_of_note_002_with_the_stage_that_it_leaves_out() -> None:
    found, theirs = shown(FAMILY)[1:], printed("vgg_family")[1:]
    assert [row[0].lower() for row in found] == [row[0].lower() for row in theirs]
    assert [row[2] for row in found] == [f"{row[2]}M" for row in theirs]
    for ours, noted in zip(found, theirs, strict=True):
        last = re.search(r"Max pool, ((?:Conv\d-512, )+Max pool, )FC-4096", ours[1])
        assert last, "the fifth stage, which the note has not"
        assert ours[1].replace(last[1], "", 1) == noted[1]
    # the last column, error rates, is measured on images and cannot be calculated


SIZES = {  # rows of the comparison of note 002 that hold, and what is true of those that do not
    "Parameter [M]": {"Inception-v3": "23.8", "ResNet18": "11.7", "ResNet50": "25.6"},
    "Network size[MB]": {
        "Alexnet": "244",
        "GoogLeNet": "28",
        "Inception-v3": "95",
        "VGG-16": "553",
        "ResNet18": "47",
        "ResNet50": "102",
    },
}


def test_models_compare_as_in_note_002_with_its_mistakes_corrected() -> None:
    rows = shown(f"{MODELS} --exact")[1:]
    headings, *theirs = printed("model_comparison")
    assert [row[0].replace("-", "").lower() for row in rows] == [
        row[0].replace("-", "").lower() for row in theirs
    ]
    for ours, noted in zip(rows, theirs, strict=True):
        assert ours[1] == noted[1]
        for exact, cell, heading in zip(ours[2:], noted[2:], headings[2:], strict=True):
            places = Decimal(1).scaleb(-len(cell.partition(".")[2]))
            millions = (Decimal(exact.replace(",", "")) / 10**6).quantize(places)
            corrected = SIZES[heading].get(noted[0])
            assert str(millions) == (corrected or cell), (noted[0], heading)
            assert corrected != cell


NARROW = ("bird_cnn", "lenet5", "lenet5_geron", "alexnet", "alexnet_geron")
NOTED = (
    *NARROW,
    "alexnet_torchvision",
    "keras_cifar_cnn",
    "mlp_32x32",
    "vgg11",
    "vgg11_lrn",
    "vgg13",
    "vgg16_conv1",
    "vgg16",
    "vgg19",
)


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        *((name, preset) for name in NOTED for preset in ("summary", "activations")),
        *((name, "architecture") for name in NARROW),
    ],
)
def test_tables_of_the_notes_fit_into_80_columns(name: str, preset: str) -> None:
    assert max(map(len, render_table(load(name), preset=preset).splitlines())) <= 80


@cache
def page() -> str:
    """reports/note_tables.md as it is today."""
    sources = dict.fromkeys(table.source for table in TABLES)
    return render_note_tables_page({name: audit_sources([name])[0] for name in sources})


WRONG = {
    "227": "244",
    "27": "true of 26.6974 MiB",
    "23.9": "23.8",
    "89": "95",
    "515": "553",
    "25.6": "11.7",
    "96": "47",
    "44.6": "25.6",
    "167": "102",
}


@pytest.mark.parametrize(
    ("name", "where", "wrong"),
    [
        ("bird_cnn", "CNN-Example", {}),
        ("model_comparison", "Comparison", WRONG),
        ("lenet5_geron", "Table 14-1", {}),
        ("alexnet_geron", "Table 14-2", {}),
    ],
)
def test_the_page_of_tables_has_each_cell_of_the_notes_and_marks_those_that_are_wrong(
    name: str, where: str, wrong: dict[str, str]
) -> None:
    section = page().partition(f"\n## {where}")[2].partition("\n## ")[0]
    theirs = printed(name)[1:]
    for ours, noted in zip(cells(section)[1:], theirs, strict=False):
        assert ours[1:] == [f"**{c} ({wrong[c]})**" if c in wrong else c for c in noted[1:]]
    marked = sum(row.count(")**") for row in section.splitlines())
    assert marked == sum(c in wrong for row in theirs for c in row[1:])


def test_the_page_of_tables_marks_the_stage_and_the_pool_that_are_left_out() -> None:
    for name, row in ((row[0], row) for row in printed("vgg_family")[1:]):
        line = next(line for line in page().splitlines() if line.startswith(f"| {name} | conv3"))
        theirs = re.sub(r"\*\*left out: [^*]*\*\*, ", "", line).split(" | ")[1].rstrip(" |")
        assert f"image, {theirs}, soft-max" == row[1].lower()
    assert "conv, conv, conv, **left out: pool**, fc, fc, fc" in page()
