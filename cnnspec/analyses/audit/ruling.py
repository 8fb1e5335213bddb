"""The records of an audit: rulings about claims, and what the search for a mistake works with."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.claimed_network import ClaimedNetwork, ClaimedNetworks
from cnnspec.analyses.audit.printed_figures import PrintedFigure
from cnnspec.analyses.network_costs import Row
from cnnspec.records import Record
from cnnspec.spec.claims import Claim, ClaimSubject

CONFIRMED, REFUTED, AMBIGUOUS, UNDECIDABLE = "confirmed", "refuted", "ambiguous", "undecidable"
VERDICTS = (CONFIRMED, REFUTED, AMBIGUOUS, UNDECIDABLE)


class Cell(Record):
    """One cell: what was printed, what comes out (None where that is outside), and whether they
    agree."""

    row: int
    column: int
    printed: str
    computed: Fraction | None
    holds: bool


class FoundMistake(Record):
    """What gives a refuted figure: the mistake's name, how the figure comes about, and whose it is, if
    another's."""

    mistake: str
    words: str
    network: str = ""


class Ruling(Record):
    """A claim with its verdict.

    ``computed`` is what comes out, None where nothing can; ``shown`` the same in words; ``why`` the
    arithmetic. ``mistakes`` are what gives the printed figure where it is refuted; ``cells`` those of
    a worked example."""

    claim: Claim
    verdict: str
    computed: Any
    shown: str
    why: str
    mistakes: tuple[FoundMistake, ...] = ()
    cells: tuple[Cell, ...] = ()
    subject: str = ""

    @property
    def surprising(self) -> bool:
        """Whether a claim is refuted that is not known to be wrong, or known to be wrong and is not
        refuted."""
        return (self.verdict == REFUTED) != self.claim.erratum

    @property
    def number(self) -> Fraction | None:
        """What was computed, where it is a number."""
        return Fraction(self.computed) if isinstance(self.computed, int | Fraction) else None


class RefutedClaim(Record):
    """A refuted claim: its figure as printed, the right value, its subject and rows, and the
    rulings before it.

    ``figure`` and ``value`` are None where the claim is not about a number; ``network`` is, where it
    is a calculation."""

    claim: Claim
    figure: PrintedFigure | None
    value: Fraction | None
    subject: ClaimSubject
    network: ClaimedNetwork | None
    rows: tuple[Row, ...]
    networks: ClaimedNetworks
    before: tuple[Ruling, ...]


class Attempt(Record):
    """A value that a mistake would have given, and in words how; ``network`` whose it is, if
    another's."""

    value: Fraction | int
    words: str
    network: str = ""


MistakeSearch = Callable[[RefutedClaim], Iterator[Attempt]]
