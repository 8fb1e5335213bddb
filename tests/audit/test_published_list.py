"""Every row of the list of published figures is a claim, and says whether its source was read.

published.csv is a copy of that list; its last column says whether the text was available."""

import csv
import re
from pathlib import Path

import pytest

from cnnspec.analyses.audit.ruling import Ruling
from tests.audit.claims import shipped

with Path(__file__).with_name("published.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))


def rulings(row: dict[str, str]) -> list[Ruling]:
    """Find the claims of the row's source about the row's model or layer and its figure."""
    figures = re.split(r"\s*/\s*", row["published"])
    model = re.sub(r"^all$|^total$", "", row["model"])
    return [
        r
        for a in shipped()
        for r in a.rulings
        if r.claim.origin == row["source"]
        or (row["source"] == "DCGAN" and r.claim.origin.startswith("DCGAN"))
        if any(f in r.claim.text.replace("U-Net ", "") for f in figures)
        and (
            model.partition(" (")[0].casefold() in r.claim.text.casefold()
            or row["source"].startswith(("U-Net", "DCGAN", "SAM", "FCN"))
        )
    ]


@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['source'].split()[0]} {row['model']} {row['quantity']}"
)
def test_each_row_is_a_claim(row: dict[str, str]) -> None:
    found = rulings(row)
    assert found
    unread = row["known"].startswith("as widely quoted")
    assert unread or row["known"] == "read in the text"
    assert all(bool(r.claim.quoted) == unread for r in found)
    if re.match("params|FLOPs|GFLOPs|mult-adds|MAdds|ops", row["quantity"]):  # it was audited
        values = [str(r.claim.value).rstrip("KMGB") for r in found if r.verdict != "undecidable"]
        figures = re.split(r"\s*/\s*", row["published"].replace(",", ""))
        assert not values or any(
            f.removesuffix("K") in values for f in figures + [f[:-1] for f in figures]
        )


def test_a_claim_of_a_paper_was_read_where_its_address_stands_or_is_marked_as_quoted() -> None:
    read = {row["source"] for row in ROWS if row["known"] == "read in the text"} | {
        "DCGAN, PyTorch's examples"
    }
    for audited in shipped():
        for r in audited.rulings if audited.name.startswith("papers") else ():
            assert r.claim.quoted or r.claim.origin in read or "https://" in r.claim.where, (
                r.claim.text
            )
