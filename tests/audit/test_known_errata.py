"""The audit finds the errors that a reader of the notes found by hand, with their mistakes.

This list was made by reading the notes, independently of the marks in the files of claims."""

from functools import cache

import pytest

from cnnspec.analyses.audit.audit import AuditedSource, audit_sources
from cnnspec.analyses.audit.ruling import Ruling

# the note, words of the claim, its subject, the right value, and the mistake ("" if unknown)
ERRATA = [
    ("note_000", "256X256", "", "65,536", "mistyped"),
    ("note_000", "66,536 x 1024 = 68,132,864", "256*256*1024", "67,108,864", "carried"),
    ("note_000", "32 x 32 = 3072", "", "1,024", "colours"),
    ("note_000", "in the network (4M", "params", "6,998,552", ""),
    ("note_000", "missing fully connected layers", "count", "1", ""),
    ("note_001", "= .55", "", "0.5556", "cut"),
    ("note_001", "5 million parameters", "params", "6,998,552", ""),
    ("note_002", "is equal to 156", "params", "456", "channel"),
    ("note_002", "256 filters of size 5 X 5 and stride = 4", "stride", "1", "copied"),
    ("note_002", "384 filters of size 3 X 3 and stride = 4 was used", "stride", "1", "copied"),
    ("note_002", "Again, a CL of 384", "stride", "1", "copied"),
    ("note_002", "256 filters of size 3 X 3 and stride = 4", "stride", "1", "copied"),
    ("note_002", "transformed to an input layer", "activation_size", "9,216", "transposed"),
    ("note_002", "RELU is the activation function", "activation", "tanh", ""),
    ("note_002", "Model, Layer", "resnet18 params", "11,689,512", "row"),
    ("note_002", "Model, Layer", "resnet50 params", "25,557,032", "row, needless"),
    ("note_002", "Model, Layer", "alexnet bytes", "243,860,896", "gib"),
    ("note_003", "(-1) x 4", "", "0", ""),
    ("note_003", "decreased to 30%", "", "0.7", ""),
    ("note_003", "Without any fully connected", "count", "1", ""),
    ("note_003", "12x fewer", "params", "8.7111", ""),
    ("note_004", "1 - e/N", "", "0.99", ""),
    ("note_004", "the second row of C", "", "false", ""),
    ("note_004", "C1 S2 C3 S4 C5 C6 C7", "order", "pool", "left out"),
]
CELLS = [  # worked examples: the cells that are wrong, from 1, and the right values
    (
        "note_001",
        "after doing this, we will get the output",
        {
            (1, 1): 7 / 9,
            (1, 5): 5 / 9,
            (3, 7): 5 / 9,
            (4, 4): 5 / 9,
            (5, 1): 5 / 9,
            (7, 3): 5 / 9,
            (7, 7): 7 / 9,
        },
    ),
    ("note_001", "ReLU of map 1", {(7, 7): 0.77}),
    ("note_001", "map 1: window size 2", {(4, 4): 1.77}),
    ("note_003", "Mean-pooling", {(1, 2): 14 / 9, (2, 1): 32 / 9, (2, 2): 22.1 / 9}),
]


@cache
def of(source: str) -> AuditedSource:
    [found] = audit_sources([source])
    return found


def find(source: str, words: str, about: str = "") -> Ruling:
    """Find the one claim with these words and this quantity (and row), or this calculation."""
    row, _, quantity = about.rpartition(" ")
    [found] = [
        r
        for r in of(source).rulings
        if words in r.claim.text
        and (not row or r.claim.cell == row)
        and (quantity in (r.claim.quantity, r.claim.subject.expression) or not quantity)
    ]
    return found


@pytest.mark.parametrize(("source", "words", "about", "right", "mistake"), ERRATA)
def test_a_known_erratum_is_refuted_and_its_mistake_is_named(
    source: str, words: str, about: str, right: str, mistake: str
) -> None:
    ruling = find(source, words, about)
    assert ruling.verdict == ("truncated" if mistake == "cut" else "refuted")
    assert right in ruling.shown.split(", ") or right == ruling.shown
    if mistake:
        assert ruling.mistakes
        assert ruling.mistakes[0].mistake == mistake


@pytest.mark.parametrize(("source", "words", "wrong"), CELLS, ids=[words for _, words, _ in CELLS])
def test_wrong_cells_of_examples_are_marked(
    source: str, words: str, wrong: dict[tuple[int, int], float]
) -> None:
    ruling = find(source, words)
    assert ruling.verdict == ("truncated" if len(wrong) == 7 else "refuted")
    found = {(c.row + 1, c.column + 1): float(c.computed or 0) for c in ruling.cells if not c.holds}
    assert found == pytest.approx(wrong)


def test_the_flattened_list_lacks_one_of_twelve_numbers() -> None:
    ruling = find("note_001", "into one single list")
    assert ruling.verdict == "refuted"
    assert len(ruling.cells) == 12
    assert [s.mistake for s in ruling.mistakes] == ["left out"]


def test_each_row_of_the_vgg_table_lacks_its_fifth_stage() -> None:
    rows = [
        r
        for r in of("note_002").rulings
        if r.claim.quantity == "layout" and r.claim.text.startswith("VGG")
    ]
    assert len(rows) == 6
    assert all(
        r.verdict == "refuted" and [s.mistake for s in r.mistakes] == ["left out"] for r in rows
    )
    assert all(
        "conv3-512" in r.mistakes[0].words and "max pool" in r.mistakes[0].words for r in rows
    )


@pytest.mark.parametrize(
    ("source", "words", "about"),
    [
        (
            "note_000",
            "10 filters, each of size 3 x 3",
            "params",
        ),  # 100 of one channel, 280 of three
        ("note_002", "seven layers", "layers"),  # pools counted
        ("note_002", "Model, Layer", "googlenet bytes"),  # MiB, not MB
        ("note_003", "over 100 layers", "layers"),  # every operation counted
    ],
)
def test_what_is_true_in_one_reading_only_is_ambiguous(source: str, words: str, about: str) -> None:
    assert find(source, words, about).verdict == "ambiguous"
