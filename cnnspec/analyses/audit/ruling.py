"""The records of an audit: rulings about claims, and the data for the search for mistakes."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.claimed_network import ClaimedNetwork, ClaimedNetworks
from cnnspec.analyses.audit.printed_figures import PrintedFigure
from cnnspec.analyses.network_costs import Row
from cnnspec.records import Record
from cnnspec.spec.claims import Claim, ClaimSubject

CONFIRMED, TRUNCATED, REFUTED = "confirmed", "truncated", "refuted"
AMBIGUOUS, UNDECIDABLE = "ambiguous", "undecidable"
VERDICTS = (CONFIRMED, TRUNCATED, REFUTED, AMBIGUOUS, UNDECIDABLE)
NOT_RIGHT = (TRUNCATED, REFUTED)  # the verdicts for which mistakes are searched


class Cell(Record):
    """One cell of a worked example; ``computed`` is None if the cell is outside of the result."""

    row: int
    column: int
    printed: str
    computed: Fraction | None
    holds: bool


class FoundMistake(Record):
    """A mistake that gives a refuted figure; ``network`` is that of the figure, if another one."""

    mistake: str
    words: str
    network: str = ""


class Ruling(Record):
    """A claim with its verdict.

    A figure is truncated if it is the right value cut off after its last digit, not rounded.
    ``computed`` is the right value, None if there is none, ``shown`` its text, and ``why`` the
    arithmetic. ``mistakes`` are those that give a wrong figure, ``cells`` those of a worked
    example."""

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
        """Whether the claim is refuted but not marked as an erratum, or marked but not wrong.

        A truncated figure may be marked or not."""
        if self.claim.erratum:
            return self.verdict not in NOT_RIGHT
        return self.verdict == REFUTED

    @property
    def number(self) -> Fraction | None:
        """The computed value if it is a number."""
        return Fraction(self.computed) if isinstance(self.computed, int | Fraction) else None


class RefutedClaim(Record):
    """A refuted claim with what the search for mistakes needs.

    ``figure`` and ``value`` are None if the claim is not about a number; ``network`` is None for a
    calculation. ``before`` are the rulings about earlier claims of the source."""

    claim: Claim
    figure: PrintedFigure | None
    value: Fraction | None
    subject: ClaimSubject
    network: ClaimedNetwork | None
    rows: tuple[Row, ...]
    networks: ClaimedNetworks
    before: tuple[Ruling, ...]


class Attempt(Record):
    """The value that a mistake gives, with its description; ``network`` as in FoundMistake."""

    value: Fraction | int
    words: str
    network: str = ""


MistakeSearch = Callable[[RefutedClaim], Iterator[Attempt]]
