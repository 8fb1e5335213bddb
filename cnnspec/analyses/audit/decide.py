"""From a claim to its verdict: each reading is worked out and held against what was printed."""

from collections.abc import Sequence

from cnnspec.analyses.audit.matrices import worked
from cnnspec.analyses.audit.outcomes import Outcome, read
from cnnspec.analyses.audit.printed import number_text, printed
from cnnspec.analyses.audit.slips import explained
from cnnspec.analyses.audit.slips.cells import of_cells
from cnnspec.analyses.audit.slips.context import Context
from cnnspec.analyses.audit.subject import Missing, Sheets, claims_name
from cnnspec.analyses.audit.verdict import AMBIGUOUS, CONFIRMED, REFUTED, UNDECIDABLE, Ruling
from cnnspec.problems import RequestError
from cnnspec.spec.claims import Claim


def rule(claim: Claim, sheets: Sheets, before: Sequence[Ruling] = ()) -> Ruling:
    """The verdict about a claim; ``before`` are those about earlier ones of the same source.

    Raises RequestError (Missing) for a claim about what is not there, and SpecError for a network
    with problems."""
    if claim.kind == "undecidable":
        return Ruling(
            claim, UNDECIDABLE, None, "–", claim.fields["undecidable"], subject=claims_name(claim)
        )
    if claim.kind == "matrix":
        return example(claim)
    outcomes = [
        o
        for name, subject in (claim.readings or {"": claim.subject}).items()
        for o in read(claim, subject, name, sheets)
    ]
    verdict, why = weighed(outcomes)
    first = next((o for o in outcomes if o.holds), outcomes[0])
    ruling = Ruling(claim, verdict, first.computed, first.shown, why, subject=claims_name(claim))
    if verdict != REFUTED:
        return ruling
    context = context_of(claim, sheets, ruling, before)
    return ruling.replace(slips=tuple(explained(context)) if context else ())


def weighed(outcomes: Sequence[Outcome]) -> tuple[str, str]:
    """The verdict of all readings together, and why.

    Where there is a convention, the first reading decides; another that holds where the first does
    not is ambiguity, never confirmation."""
    held = [o for o in outcomes if o.holds]
    if len(held) == len(outcomes) or (
        held and outcomes[0].holds and not any(o.open for o in outcomes)
    ):
        return CONFIRMED, outcomes[0].arithmetic
    if not held:
        return REFUTED, "; ".join(dict.fromkeys(map(named, outcomes)))
    missed = [o for o in outcomes if not o.holds and (o.open or o is outcomes[0])]
    return (
        AMBIGUOUS,
        f"true of {'; '.join(map(named, held[:2]))}. False of {'; '.join(map(named, missed[:2]))}",
    )


def named(outcome: Outcome) -> str:
    if not outcome.name or outcome.name in outcome.arithmetic:
        return outcome.arithmetic
    return f"{outcome.name}: {outcome.arithmetic}"


def example(claim: Claim) -> Ruling:
    """A worked example: confirmed where every printed cell is right."""
    try:
        cells = worked(claim.fields)
    except RequestError as error:
        raise Missing(str(error)) from None
    wrong = [c for c in cells if not c.holds]
    words = f"{len(cells) - len(wrong)} of {len(cells)} cells hold"
    parts = [
        f"row {c.row + 1}, column {c.column + 1} is"
        f" {'outside' if c.computed is None else number_text(c.computed)}, not {c.printed}"
        for c in wrong[:6]
    ]
    why = "; ".join([words, *parts]) + (f"; and {len(wrong) - 6} more" if len(wrong) > 6 else "")
    ruling = Ruling(claim, REFUTED if wrong else CONFIRMED, None, words, why, cells=tuple(cells))
    return ruling.replace(slips=tuple(of_cells(cells))) if wrong else ruling


def context_of(
    claim: Claim, sheets: Sheets, ruling: Ruling, before: Sequence[Ruling]
) -> Context | None:
    """What the search for slips works with."""
    subject = next(iter(claim.readings.values()), claim.subject)
    if claim.kind == "expression":
        return Context(
            claim, printed(claim.value), ruling.number, subject, None, (), sheets, tuple(before)
        )
    sheet = sheets.of(subject)
    return Context(
        claim,
        printed(claim.value),
        ruling.number,
        subject,
        sheet,
        tuple(sheet.chosen(subject)),
        sheets,
        tuple(before),
    )
