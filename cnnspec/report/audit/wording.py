"""The wording of audits: how claims, verdicts and mistakes are described in every format."""

from collections.abc import Sequence
from typing import Any

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.printed_figures import parse_figure
from cnnspec.analyses.audit.ruling import (
    AMBIGUOUS,
    NOT_RIGHT,
    REFUTED,
    TRUNCATED,
    VERDICTS,
    Ruling,
)
from cnnspec.spec.claims import ClaimSubject
from cnnspec.units import format_plural, format_shape

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
QUOTED = "Quoted; the source itself was not read"
NOTABLE = (REFUTED, TRUNCATED, AMBIGUOUS)


def describe_claim(ruling: Ruling) -> str:
    """Describe what a claim is about: ``alexnet conv2, stride``; "" if it names no network."""
    claim, op = ruling.claim, ruling.claim.subject.op
    quantity = QUANTITIES.get(claim.quantity, claim.quantity.replace("_", " "))
    if claim.kind == "matrix":
        parts = ["worked example", str(claim.fields["matrix"])]
    elif claim.kind == "expression":
        parts = [ruling.subject, "a calculation"]
    elif claim.kind == "undecidable":
        parts = [ruling.subject]
    elif isinstance(claim.subject.layer, dict):
        parts = [describe_operator(claim.subject), quantity]
    elif op and claim.quantity == "count":
        parts = [describe_layers(ruling), f"number of {op} layers"]
    else:
        parts = [describe_layers(ruling), op and f"each {op}", quantity]
    return ", ".join(filter(None, parts))


def describe_operator(subject: ClaimSubject) -> str:
    """Describe a single operator: ``conv (out_channels 6, kernel_size 5) on 3x32x32``."""
    fields = ", ".join(f"{k} {str(v).lower()}" for k, v in subject.layer.items() if k != "op")
    given = f"on {format_shape(subject.input)}" if subject.input else ""
    return " ".join(filter(None, (subject.layer["op"], fields and f"({fields})", given)))


def describe_layers(ruling: Ruling) -> str:
    """Describe a network, its arguments and its layers: ``alexnet (classes = 10) conv1, conv2``."""
    subject = ruling.claim.subject
    arguments = [describe_argument(k, v) for k, v in subject.settings.items()]
    if subject.input:
        arguments.append(format_shape(subject.input))
    names = subject.layer.split() if isinstance(subject.layer, str) else subject.layer
    some = ", ".join(names[:4]) + (" and so on" if len(names) > 4 else "")
    settings = f"({', '.join(arguments)})" if arguments else ""
    return " ".join(filter(None, (ruling.subject, settings, some)))


def describe_argument(key: str, value: Any) -> str:
    """Describe an argument: ``classes = 10``; of a list or table only that it is another one."""
    return f"other {key}" if isinstance(value, list | dict) else f"{key} = {str(value).lower()}"


def describe_place(ruling: Ruling, audited: AuditedSource) -> str:
    """Describe where a source makes a claim; with the paper's name if it covers several papers."""
    claim = ruling.claim
    origin = "" if claim.origin == audited.name else claim.origin
    where = ", ".join(filter(None, (origin, claim.where)))
    return f"{where} (quoted)" if claim.quoted else where


def describe_quotations(audited: AuditedSource) -> str:
    """List the parts of a source that are only known from quotations, by the quoting text."""
    found: dict[str, list[str]] = {}
    for r in audited.rulings:
        name = r.claim.origin if r.claim.origin != audited.name else r.claim.where
        if r.claim.quoted and name not in found.setdefault(r.claim.quoted, []):
            found[r.claim.quoted].append(name)
    return "; ".join(f"{text}: {', '.join(names)}" for text, names in found.items())


def format_printed(ruling: Ruling) -> str:
    """Format the printed value of a claim."""
    claim = ruling.claim
    if claim.kind == "matrix":
        return f"{len(ruling.cells)} cells"
    if isinstance(claim.value, list):
        return ", ".join(map(str, claim.value))
    if claim.value is None or isinstance(claim.value, bool):
        return NOTHING
    return f"{claim.value:,}" if isinstance(claim.value, int) else str(claim.value)


def quote_claim(ruling: Ruling) -> str:
    """Return the source's own words, or else the subject and the printed value."""
    if ruling.claim.cell and ruling.claim.text:
        return f"{ruling.claim.text}: the row of {ruling.claim.cell}"
    return ruling.claim.text or f"{describe_claim(ruling)}: {format_printed(ruling)}"


def describe_mistakes(ruling: Ruling) -> str:
    """Describe the mistakes that give the printed figure, or say that none does.

    "" for a claim that is right, and for one without a figure to search for."""
    if ruling.verdict not in NOT_RIGHT:
        return ""
    if ruling.mistakes:
        return "; or ".join(m.words for m in ruling.mistakes)
    figure = parse_figure(ruling.claim.value)
    if figure is None or figure.relation or ruling.claim.quantity == "count":
        return ""  # no arithmetic gives a wrong word, comparison or number of layers
    if figure.step and figure.digits < 2:
        return "one digit is too few to identify a mistake"
    return "no known mistake gives this figure"


def describe_sources(audited: AuditedSource) -> dict[str, str]:
    """Author, title and address of the sources that claims name, as far as they are known."""
    return {name: str(cited) for name, cited in audited.sources.items() if str(cited)}


def summarize_source(audited: AuditedSource) -> str:
    """Count the verdicts of a source, in one line."""
    numbers = ", ".join(f"{n} {v}" for v, n in audited.count_verdicts().items() if n)
    return f"{format_plural(len(audited.rulings), 'claim')}: {numbers}"


def list_surprises(found: Sequence[AuditedSource]) -> list[Ruling]:
    """List the claims that fail an audit: refuted without, or right with, an errata mark."""
    return [r for a in found for r in a.rulings if r.surprising]


def summarize_audit(found: Sequence[AuditedSource]) -> str:
    """Count the verdicts of an audit, in one line."""
    every = [r for a in found for r in a.rulings]
    numbers = ", ".join(f"{sum(r.verdict == v for r in every)} {v}" for v in VERDICTS)
    line = f"{format_plural(len(every), 'claim')}: {numbers}"
    known = sum(r.claim.erratum and r.verdict == REFUTED for r in every)
    if new := list_surprises(found):
        return f"{line}; {len(new)} without the right errata mark"
    if known == 1:
        return f"{line}; the refuted claim is marked as an erratum"
    return f"{line}; all {known} refuted claims are marked as errata" if known else line


def select_rulings(audited: AuditedSource, verdicts: Sequence[str]) -> list[Ruling]:
    """Select the rulings with some verdicts, and those without the right errata mark."""
    return [r for r in audited.rulings if r.verdict in verdicts or r.surprising]
