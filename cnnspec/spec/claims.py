"""Claims: published statements about networks, as they were printed, beside what they are about.

They stand in a spec as ``[[claims]]``, about its own variants, or in files of their own
(specs/claims/), one for each note or group of papers, about networks of the zoo. A claim is one of
these kinds, by the key that it has:

- ``quantity`` and ``value``: a figure of a network or of some of its layers; ``says`` has several of one subject.
- ``columns`` and ``rows``: a printed table; the first column names layers or networks, each other cell is a figure.
- ``expression`` and ``value``: a calculation with its numbers put in.
- ``matrix``: a worked example of a convolution, pooling or ReLU, cell by cell.
- ``undecidable``: a statement about which nothing here can be known, and why.

A table with ``claims`` of its own is a group: its other keys hold for each of them. ``errata``
marks what is known to be wrong: true, or the quantities of ``says``, or "row column" of a table.
``quoted`` says whence a figure is known where the text itself was not read. ``readings`` are other
ways to understand the same words: each changes the subject (or the expression), by a name that says
how.

A figure is text, rounded as it is printed, or an integer, which is exact; "{(3*3*32 + 1)*64}" is
what is printed as a formula with its numbers. Of several layers a figure is true of each, or a list
has one for each, or the word "rising". ``over`` is another network: the quotient of its quantity
and this one's, or with "fewer", "more", "smaller", "larger" or "equal", how this one's compares
with it."""

from typing import Any

from cnnspec.records import Record
from cnnspec.spec.model import Fields
from cnnspec.spec.source import Path, Source


class ClaimSubject(Record):
    """What a claim is about: a network, layers of it, or one operator at work on an input; or an
    expression.

    ``network`` "" is the spec in which the claim stands, ``over`` a network with whose quantity
    this one's is compared."""

    network: str = ""
    variant: str = ""
    layer: Any = ""
    op: str = ""
    settings: Fields = {}
    input: tuple[int, ...] | None = None
    training: bool = False
    over: str = ""
    expression: str = ""


class Claim(Record):
    """One published statement that can be right or wrong.

    ``value`` is what was printed: text, which is rounded as it is printed, or an integer, which is
    exact, or a list. ``fields`` are the other keys of its kind, ``readings`` the subjects as which
    its words can be understood too. ``erratum``: it is known to be wrong. ``cell`` is the row of a
    printed table from which it comes. ``quoted``: whence it is known, where the text itself was not
    read."""

    source: Source
    path: Path
    kind: str
    origin: str
    where: str
    text: str
    subject: ClaimSubject
    quantity: str = ""
    value: Any = None
    fields: Fields = {}
    readings: dict[str, ClaimSubject] = {}
    erratum: bool = False
    note: str = ""
    cell: str = ""
    quoted: str = ""


class ClaimFile(Record):
    """A file of claims: its name, title, what was not seen of the source, and the claims in
    order."""

    source: Source
    name: str
    title: str
    missing: tuple[str, ...]
    claims: tuple[Claim, ...]
