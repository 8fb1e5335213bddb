"""Reading claims: each table of ``[[claims]]`` as the figures that it has, or all that is wrong
with it."""

from collections.abc import Iterator
from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import SpecError, TooManyProblems, did_you_mean, visible
from cnnspec.spec.claim_keys import (
    ABOUT,
    KINDS,
    MATRICES,
    NEEDED,
    QUANTITIES,
    SUBJECT,
    check_expression,
    fits,
)
from cnnspec.spec.claims import Claim, ClaimFile, ClaimSubject
from cnnspec.spec.model import Fields
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Path, Source, read_source


def read_claims(path: str) -> ClaimFile:
    """The claims in a file of their own. Raises SpecError with all its problems."""
    source, notes = read_source(path), SpecReader()
    data = source.data
    try:
        for key in data:
            if key not in ("source", "title", "missing", "claims"):
                notes.unknown(
                    source, (key,), ["source", "title", "missing", "claims"], "a file of claims"
                )
        titles = [
            notes.typed(source, (k,), data[k], str, "text")
            for k in ("source", "title")
            if k in data
        ]
        missing = (
            notes.typed(source, ("missing",), data.get("missing", []), list, "a list of texts")
            or []
        )
        claims = tuple(claims_of(notes, source, str(data.get("source", ""))))
    except TooManyProblems:
        raise SpecError(notes.problems, complete=False) from None
    if notes.problems:
        raise SpecError(notes.problems)
    title = titles[-1] if titles else ""
    return ClaimFile(source, str(data.get("source", "")), title, tuple(map(str, missing)), claims)


def variants_in(claims: Any) -> Iterator[tuple[Path, Any]]:
    """Where claims name a variant, and which."""
    for i, table in enumerate(claims if isinstance(claims, list) else []):
        inner = table.get("claims") if isinstance(table, dict) else None
        below = [
            (("claims", i, "claims", j), t)
            for j, t in enumerate(inner if isinstance(inner, list) else [])
        ]
        for path, t in ((("claims", i), table), *below):
            if isinstance(t, dict) and "variant" in t:
                yield (*path, "variant"), t["variant"]


def claims_of(notes: SpecReader, source: Source, origin: str = "") -> Iterator[Claim]:
    """The claims under ``[[claims]]`` of a source; what cannot be understood is noted and left
    out."""
    tables = notes.typed(
        source, ("claims",), source.data.get("claims", []), list, "an array of tables [[claims]]"
    )
    for i, table in enumerate(tables or []):
        if notes.typed(source, ("claims", i), table, dict, "a table") is None:
            continue
        if "claims" not in table:
            yield from expanded(notes, source, ("claims", i), {"source": origin, **table})
            continue
        inner = notes.typed(
            source, ("claims", i, "claims"), table["claims"], list, "a list of claims"
        )
        shared = {k: v for k, v in table.items() if k != "claims"}
        for j, claim in enumerate(inner or []):
            path: Path = ("claims", i, "claims", j)
            if notes.typed(source, path, claim, dict, "a table") is not None:
                yield from expanded(notes, source, path, {"source": origin, **shared, **claim})


def expanded(notes: SpecReader, source: Source, path: Path, table: Fields) -> Iterator[Claim]:
    """The claims that one table makes: one, or one for each quantity of ``says`` or cell of
    ``rows``."""
    before = len(notes.problems)
    kind = next((k for k in KINDS if k in table), "")
    if not kind:
        notes.add(
            source,
            path,
            "L002",
            "a claim has quantity, says, columns, expression, matrix or undecidable",
            'quantity = "params", value = "61M", say',
        )
        return
    known = {**ABOUT, **SUBJECT, **KINDS[kind]}
    for key, value in table.items():
        if key not in known:
            notes.unknown(source, (*path, key), list(known), f"a claim with {kind}")
        elif fits(notes, source, (*path, key), value, *known[key]) and key == "expression":
            check_expression(notes, source, (*path, key), value)
    for key in NEEDED.get(kind, ()):
        if key not in table:
            notes.add(source, path, "L002", f"a claim with {kind} has {key} too")
    if len(notes.problems) > before:
        return
    subject, readings = subject_of(table), {}
    for name, changed in table.get("readings", {}).items():
        where = (*path, "readings", name)
        if (
            notes.typed(source, where, changed, dict, "a table of what is read otherwise")
            is not None
        ):
            for key, value in changed.items():
                if key not in SUBJECT:
                    notes.unknown(source, (*where, key), list(SUBJECT), "a reading")
                elif (
                    fits(notes, source, (*where, key), value, *SUBJECT[key]) and key == "expression"
                ):
                    check_expression(notes, source, (*where, key), value)
            if len(notes.problems) == before:
                readings[name] = subject_of({**table, **changed})
    fields = {k: v for k, v in table.items() if k in KINDS[kind] and k not in ("quantity", "value")}
    claim = Claim(
        source,
        path,
        kind,
        table["source"],
        table.get("where", ""),
        table.get("text", ""),
        subject,
        table.get("quantity", ""),
        table.get("value"),
        fields,
        readings,
        table.get("errata") is True,
        table.get("note", ""),
        quoted=table.get("quoted", ""),
    )
    yield from parts(notes, claim, table.get("errata", False))


def parts(notes: SpecReader, claim: Claim, errata: Any) -> Iterator[Claim]:
    """The figures that a claim with ``says`` or ``columns`` makes, or the claim itself."""
    wrong = list(errata) if isinstance(errata, list) else []
    made: dict[str, Claim] = {}
    if claim.kind == "says":
        for quantity, value in claim.fields["says"].items():
            made[quantity] = claim.replace(
                kind="quantity",
                quantity=quantity,
                value=value,
                fields={},
                path=(*claim.path, "says", quantity),
            )
    elif claim.kind == "columns":
        made = dict(cells(notes, claim))
    else:
        made[""] = claim
    for name, part in made.items():
        if part.kind == "quantity" and part.quantity not in QUANTITIES:
            where = part.path if claim.kind == "says" else (*claim.path, "quantity")
            notes.add(
                claim.source,
                where,
                "L003",
                f"{describe_value(part.quantity)} is not a quantity",
                did_you_mean(part.quantity, QUANTITIES, "there are " + ", ".join(QUANTITIES)),
            )
        elif part.kind == "matrix" and claim.fields["matrix"] not in MATRICES:
            notes.add(
                claim.source,
                (*claim.path, "matrix"),
                "L003",
                f"matrix is one of {', '.join(MATRICES)}, not {describe_value(claim.fields['matrix'])}",
            )
        else:
            yield part.replace(erratum=part.erratum or name in wrong)
    for i, name in enumerate(wrong):
        if name not in made:
            notes.add(
                claim.source,
                (*claim.path, "errata", i),
                "L003",
                f"{describe_value(name)} is not said here",
                did_you_mean(str(name), list(made), "said are " + ", ".join(list(made)[:12])),
            )


def cells(notes: SpecReader, claim: Claim) -> Iterator[tuple[str, Claim]]:
    """The cells of a printed table as figures, by "row column"; empty cells and dashes say
    nothing."""
    columns, units = claim.fields["columns"], claim.fields.get("units", {})
    if not columns or columns[0] not in ("layer", "network"):
        notes.add(
            claim.source,
            (*claim.path, "columns"),
            "L003",
            'the first column is "layer" or "network"',
        )
        return
    for j, name in enumerate(columns[1:], 1):
        if name not in QUANTITIES:
            notes.add(
                claim.source,
                (*claim.path, "columns", j),
                "L003",
                f"{describe_value(name)} is not a quantity",
                did_you_mean(str(name), QUANTITIES, "there are " + ", ".join(QUANTITIES)),
            )
            return
    for i, row in enumerate(claim.fields["rows"]):
        where: Path = (*claim.path, "rows", i)
        if not isinstance(row, list) or len(row) != len(columns) or not isinstance(row[0], str):
            notes.add(
                claim.source,
                where,
                "L003",
                f"a row has a cell for each of {', '.join(map(visible, columns))}",
            )
            continue
        subject = claim.subject.replace(**{columns[0]: row[0]})
        readings = {n: s.replace(**{columns[0]: row[0]}) for n, s in claim.readings.items()}
        for j, (quantity, cell) in enumerate(zip(columns[1:], row[1:], strict=True), 1):
            if cell in ("", "–", "-"):
                continue
            value = f"{cell}{units[quantity]}" if quantity in units else cell
            yield (
                f"{row[0]} {quantity}",
                claim.replace(
                    kind="quantity",
                    path=(*where, j),
                    subject=subject,
                    quantity=quantity,
                    value=value,
                    cell=row[0],
                    fields={},
                    readings=readings,
                ),
            )


def subject_of(table: Fields) -> ClaimSubject:
    """The subject of a claim, or of one reading of it."""
    shape = table.get("input")
    return ClaimSubject(
        table.get("network", ""),
        table.get("variant", ""),
        table.get("layer", ""),
        table.get("op", ""),
        table.get("set", {}),
        tuple(shape) if shape else None,
        table.get("training", False),
        table.get("over", ""),
        table.get("expression", ""),
    )
