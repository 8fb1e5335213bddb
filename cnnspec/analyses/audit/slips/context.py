"""What the search for a slip works with, and what it tries."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from cnnspec.analyses.audit.printed import Printed
from cnnspec.analyses.audit.subject import Sheet, Sheets
from cnnspec.analyses.audit.verdict import Ruling
from cnnspec.analyses.network_costs import Row
from cnnspec.records import Record
from cnnspec.spec.claims import Claim, Subject


class Context(Record):
    """A refuted claim: its figure as printed, the right value, its subject and rows, and the
    rulings before it.

    ``figure`` and ``value`` are None where the claim is not about a number; ``sheet`` is, where it
    is a calculation."""

    claim: Claim
    figure: Printed | None
    value: Fraction | None
    subject: Subject
    sheet: Sheet | None
    rows: tuple[Row, ...]
    sheets: Sheets
    before: tuple[Ruling, ...]


class Try(Record):
    """A value that a slip would have given, and in words how; ``network`` whose it is, if
    another's."""

    value: Fraction | int
    words: str
    network: str = ""


Slip = Callable[[Context], Iterator[Try]]
