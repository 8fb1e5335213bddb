"""How claims, verdicts and mistakes are called, the same in every format."""

from collections.abc import Sequence
from typing import Any

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.printed_figures import parse_figure as figure_in
from cnnspec.analyses.audit.ruling import AMBIGUOUS, REFUTED, VERDICTS, Ruling
from cnnspec.spec.claims import ClaimSubject
from cnnspec.units import format_shape

QUANTITIES = {
    "params": "parameters",
    "macs": "MACs",
    "flops": "FLOPs",
    "bytes": "size of the weights",
    "output": "output shape",
    "activation_size": "activation size",
    "kernel_size": "kernel size",
    "count": "number of layers",
    "size": "size",
    "layers_and_pools": "layers with pools",
    "receptive_field": "receptive field",
    "share": "share of the parameters",
    "layout": "order of layers",
    "order": "order of layers",
    "input": "input shape",
    "type": "type of layer",
}
NOTHING = "–"


def about(ruling: Ruling) -> str:
    """What a claim is about: ``alexnet conv2, stride``; "" of a statement that no network is named
    in."""
    claim, op = ruling.claim, ruling.claim.subject.op
    quantity = QUANTITIES.get(claim.quantity, claim.quantity.replace("_", " "))
    if claim.kind == "matrix":
        parts = ["worked example", str(claim.fields["matrix"])]
    elif claim.kind == "expression":
        parts = [ruling.subject, "a calculation"]
    elif claim.kind == "undecidable":
        parts = [ruling.subject]
    elif isinstance(claim.subject.layer, dict):
        parts = [operator(claim.subject), quantity]
    elif op and claim.quantity == "count":
        parts = [layers(ruling), f"number of {op} layers"]
    else:
        parts = [layers(ruling), op and f"each {op}", quantity]
    return ", ".join(filter(None, parts))


def operator(subject: ClaimSubject) -> str:
    """An operator alone: ``conv (out_channels 6, kernel_size 5) on 3x32x32``."""
    fields = ", ".join(f"{k} {str(v).lower()}" for k, v in subject.layer.items() if k != "op")
    given = f"on {format_shape(subject.input)}" if subject.input else ""
    return " ".join(filter(None, (subject.layer["op"], fields and f"({fields})", given)))


def layers(ruling: Ruling) -> str:
    """A network, how it is set, and layers of it: ``alexnet (classes = 10) conv1, conv2``."""
    subject = ruling.claim.subject
    set_ = [setting(k, v) for k, v in subject.settings.items()] + (
        [format_shape(subject.input)] if subject.input else []
    )
    names = subject.layer.split() if isinstance(subject.layer, str) else subject.layer
    some = ", ".join(names[:4]) + (" and so on" if len(names) > 4 else "")
    return " ".join(filter(None, (ruling.subject, f"({', '.join(set_)})" if set_ else "", some)))


def setting(key: str, value: Any) -> str:
    """An argument that is set: ``classes = 10``, and of a table only that it is another."""
    return f"other {key}" if isinstance(value, list | dict) else f"{key} = {str(value).lower()}"


def place(ruling: Ruling, audited: AuditedSource) -> str:
    """Where a claim stands in its source, after the paper's name where the source holds several."""
    claim = ruling.claim
    where = ", ".join(
        filter(None, ("" if claim.origin == audited.name else claim.origin, claim.where))
    )
    return f"{where} (quoted)" if claim.quoted else where


def quoted(audited: AuditedSource) -> str:
    """Which parts of a source were not read themselves, and whence their figures are; "" where all
    were."""
    found: dict[str, list[str]] = {}
    for r in audited.rulings:
        name = r.claim.origin if r.claim.origin != audited.name else r.claim.where
        if r.claim.quoted and name not in found.setdefault(r.claim.quoted, []):
            found[r.claim.quoted].append(name)
    return "; ".join(f"{whence}: {', '.join(names)}" for whence, names in found.items())


def printed(ruling: Ruling) -> str:
    """What was printed, as it was."""
    claim = ruling.claim
    if claim.kind == "matrix":
        return f"{len(ruling.cells)} cells"
    if isinstance(claim.value, list):
        return ", ".join(map(str, claim.value))
    if isinstance(claim.value, bool):
        return NOTHING
    return (
        NOTHING
        if claim.value is None
        else f"{claim.value:,}"
        if isinstance(claim.value, int)
        else str(claim.value)
    )


def said(ruling: Ruling) -> str:
    """The claim: the source's own words, or what they are about; of a table its headings and the
    row."""
    if ruling.claim.cell and ruling.claim.text:
        return f"{ruling.claim.text}: the row of {ruling.claim.cell}"
    return ruling.claim.text or f"{about(ruling)}: {printed(ruling)}"


def mistakes(ruling: Ruling) -> str:
    """What gives the printed figure, or that nothing was found; "" where there is no figure to
    search for."""
    if ruling.verdict != REFUTED:
        return ""
    figure = figure_in(ruling.claim.value)
    if not ruling.mistakes and (
        figure is None or figure.relation or ruling.claim.quantity == "count"
    ):
        return (  # words, comparisons and what is there or not: nobody mistakes into them by arithmetic
            ""
        )
    if not ruling.mistakes and figure and figure.step and figure.digits < 2:
        return "one digit is too little to tell a mistake by"
    return "; or ".join(s.words for s in ruling.mistakes) or "no mistake found that gives it"


def counted(audited: AuditedSource) -> str:
    """The verdicts of a source in a line."""
    numbers = ", ".join(f"{n} {v}" for v, n in audited.count_verdicts().items() if n)
    return f"{many(audited.rulings)}: {numbers}"


def many(rulings: Sequence[Ruling]) -> str:
    return f"{len(rulings)} claim{'' if len(rulings) == 1 else 's'}"


def surprises(found: Sequence[AuditedSource]) -> list[Ruling]:
    """The claims that fail an audit: refuted and not known as errata, or known as errata and not
    refuted."""
    return [r for a in found for r in a.rulings if r.surprising]


def outcome(found: Sequence[AuditedSource]) -> str:
    """The audit in a line."""
    every = [r for a in found for r in a.rulings]
    numbers = ", ".join(f"{sum(r.verdict == v for r in every)} {v}" for v in VERDICTS)
    new = surprises(found)
    known = sum(r.claim.erratum and not r.surprising for r in every)
    marked = (
        "the refuted one is marked as an erratum"
        if known == 1
        else (f"all {known} refuted ones are marked as errata")
    )
    tail = f"; {marked}" if known and not new else ""
    return f"{many(every)}: {numbers}{tail}" + (f"; {len(new)} not as marked" if new else "")


def shown(audited: AuditedSource, verdicts: Sequence[str]) -> list[Ruling]:
    """The rulings of some verdicts, in their order, and what is not as marked."""
    return [r for r in audited.rulings if r.verdict in verdicts or r.surprising]


NOTABLE = (REFUTED, AMBIGUOUS)
