"""An audit as JSON, with every claim: the contract of the project for those who read it by
machine."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import Ruling
from cnnspec.report.audit.words import about, said
from cnnspec.report.contract import encode_json


def page(found: Sequence[AuditedSource]) -> str:
    """All claims of all sources; ``computed`` is null where nothing can be computed, and for worked
    examples."""
    claims = [entry(r, a.name) for a in found for r in a.rulings]
    missing = {a.name: list(a.missing) for a in found if a.missing}
    return encode_json({"version": 1, "claims": claims, "missing": missing}, indent=2)


def entry(ruling: Ruling, source: str) -> dict[str, Any]:
    """One claim. ``erratum``: it is marked as known to be wrong; ``mistakes`` give the printed
    figure."""
    claim = ruling.claim
    layer = claim.subject.layer
    return {
        "source": claim.origin or source,
        "where": claim.where,
        "claim": said(ruling),
        "computed": plain(ruling.computed),
        "verdict": ruling.verdict,
        "why": ruling.why,
        "kind": claim.kind,
        "about": about(ruling),
        "network": ruling.subject if claim.subject.network else "",
        "layer": layer,
        "quantity": claim.quantity,
        "printed": claim.value,
        "mistakes": [{"mistake": s.mistake, "why": s.words} for s in ruling.mistakes],
        "erratum": claim.erratum,
        "note": claim.note,
        "quoted": claim.quoted,
        "cells": [
            {
                "row": c.row,
                "column": c.column,
                "printed": c.printed,
                "computed": plain(c.computed),
                "holds": c.holds,
            }
            for c in ruling.cells
        ],
    }


def plain(value: Any) -> Any:
    """A value for JSON: fractions as numbers."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value
