"""What an audit finds of a claim: the verdict, what was computed, and why."""

from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.matrices import Cell
from cnnspec.records import Record
from cnnspec.spec.claims import Claim

CONFIRMED, REFUTED, AMBIGUOUS, UNDECIDABLE = "confirmed", "refuted", "ambiguous", "undecidable"
VERDICTS = (CONFIRMED, REFUTED, AMBIGUOUS, UNDECIDABLE)


class Found(Record):
    """What gives a refuted figure: the slip's name, how the figure comes about, and whose it is, if
    another's."""

    slip: str
    words: str
    network: str = ""


class Ruling(Record):
    """A claim with its verdict.

    ``computed`` is what comes out, None where nothing can; ``shown`` the same in words; ``why`` the
    arithmetic. ``slips`` are what gives the printed figure where it is refuted; ``cells`` those of
    a worked example."""

    claim: Claim
    verdict: str
    computed: Any
    shown: str
    why: str
    slips: tuple[Found, ...] = ()
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
