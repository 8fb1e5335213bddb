"""Read claims from TOML: each ``[[claims]]`` table becomes one claim per figure."""

from collections.abc import Iterator
from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import SpecError, TooManyProblems, did_you_mean, list_first, visible
from cnnspec.spec.cited_sources import read_cited_sources
from cnnspec.spec.claims import (
    ABOUT,
    KINDS,
    MATRICES,
    NEEDED,
    QUANTITIES,
    SUBJECT,
    Claim,
    ClaimFile,
    ClaimSubject,
    check_claim_expression,
    check_claim_value,
)
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Fields, Path, Source, read_source


def read_claims(path: str) -> ClaimFile:
    """Read a file of claims. Raises SpecError with all problems in it."""
    source, reader = read_source(path), SpecReader()
    data = source.data
    try:
        known = ["source", "title", "missing", "sources", "claims"]
        for key in data:
            if key not in known:
                reader.report_unknown_key(source, (key,), known, "a file of claims")
        titles = [
            reader.check_type(source, (k,), data[k], str, "text")
            for k in ("source", "title")
            if k in data
        ]
        missing = (
            reader.check_type(
                source, ("missing",), data.get("missing", []), list, "a list of texts"
            )
            or []
        )
        sources = read_cited_sources(reader, source, data)
        claims = tuple(read_claim_tables(reader, source, str(data.get("source", ""))))
    except TooManyProblems:
        raise SpecError(reader.problems, complete=False) from None
    if reader.problems:
        raise SpecError(reader.problems)
    title = titles[-1] if titles else ""
    name, unseen = str(data.get("source", "")), tuple(map(str, missing))
    return ClaimFile(source, name, title, unseen, claims, sources)


def find_variants(claims: Any) -> Iterator[tuple[Path, Any]]:
    """Yield the variants that claims name, with their paths."""
    for i, table in enumerate(claims if isinstance(claims, list) else []):
        inner = table.get("claims") if isinstance(table, dict) else None
        below = [
            (("claims", i, "claims", j), t)
            for j, t in enumerate(inner if isinstance(inner, list) else [])
        ]
        for path, t in ((("claims", i), table), *below):
            if isinstance(t, dict) and "variant" in t:
                yield (*path, "variant"), t["variant"]


def read_claim_tables(reader: SpecReader, source: Source, origin: str = "") -> Iterator[Claim]:
    """Yield the claims in a source; note a problem for each that is invalid, and skip it."""
    tables = reader.check_type(
        source, ("claims",), source.data.get("claims", []), list, "an array of tables [[claims]]"
    )
    for i, table in enumerate(tables or []):
        if reader.check_type(source, ("claims", i), table, dict, "a table") is None:
            continue
        if "claims" not in table:
            yield from read_claim_table(reader, source, ("claims", i), {"source": origin, **table})
            continue
        inner = reader.check_type(
            source, ("claims", i, "claims"), table["claims"], list, "a list of claims"
        )
        shared = {k: v for k, v in table.items() if k != "claims"}
        for j, claim in enumerate(inner or []):
            path: Path = ("claims", i, "claims", j)
            if reader.check_type(source, path, claim, dict, "a table") is not None:
                yield from read_claim_table(
                    reader, source, path, {"source": origin, **shared, **claim}
                )


def read_claim_table(
    reader: SpecReader, source: Source, path: Path, table: Fields
) -> Iterator[Claim]:
    """Yield the claims in one table: one, or one per quantity of ``says`` or cell of ``rows``."""
    before = len(reader.problems)
    kind = next((k for k in KINDS if k in table), "")
    if not kind:
        message = "a claim has quantity, says, columns, expression, matrix or undecidable"
        reader.report(
            source, path, "L002", message, 'for example quantity = "params", value = "61M"'
        )
        return
    known = {**ABOUT, **SUBJECT, **KINDS[kind]}
    for key, value in table.items():
        if key not in known:
            reader.report_unknown_key(source, (*path, key), list(known), f"a claim with {kind}")
        elif (
            check_claim_value(reader, source, (*path, key), value, *known[key])
            and key == "expression"
        ):
            check_claim_expression(reader, source, (*path, key), value)
    for key in NEEDED.get(kind, ()):
        if key not in table:
            reader.report(source, path, "L002", f"a claim with {kind} needs {key}")
    if len(reader.problems) > before:
        return
    subject, readings = read_subject(table), {}
    for name, changed in table.get("readings", {}).items():
        where = (*path, "readings", name)
        if (
            reader.check_type(source, where, changed, dict, "a table of the keys that change")
            is not None
        ):
            for key, value in changed.items():
                if key not in SUBJECT:
                    reader.report_unknown_key(source, (*where, key), list(SUBJECT), "a reading")
                elif (
                    check_claim_value(reader, source, (*where, key), value, *SUBJECT[key])
                    and key == "expression"
                ):
                    check_claim_expression(reader, source, (*where, key), value)
            if len(reader.problems) == before:
                readings[name] = read_subject({**table, **changed})
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
    yield from split_claim(reader, claim, table.get("errata", False))


def split_claim(reader: SpecReader, claim: Claim, errata: Any) -> Iterator[Claim]:
    """Yield the figures of a claim with ``says`` or ``columns``, or the claim itself."""
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
        made = dict(read_cells(reader, claim))
    else:
        made[""] = claim
    for name, part in made.items():
        if part.kind == "quantity" and part.quantity not in QUANTITIES:
            where = part.path if claim.kind == "says" else (*claim.path, "quantity")
            note_unknown_quantity(reader, claim, where, part.quantity)
        elif part.kind == "matrix" and claim.fields["matrix"] not in MATRICES:
            value = describe_value(claim.fields["matrix"])
            message = f"matrix is one of {', '.join(MATRICES)}, not {value}"
            reader.report(claim.source, (*claim.path, "matrix"), "L003", message)
        else:
            yield part.replace(erratum=part.erratum or name in wrong)
    for i, name in enumerate(wrong):
        if name not in made:
            message = f"this claim has no figure {describe_value(name)}"
            hint = did_you_mean(str(name), list(made), f"it has {list_first(made)}")
            reader.report(claim.source, (*claim.path, "errata", i), "L003", message, hint)


def note_unknown_quantity(reader: SpecReader, claim: Claim, where: Path, name: Any) -> None:
    """Note a problem for a quantity that does not exist."""
    hint = did_you_mean(str(name), QUANTITIES, "there are " + ", ".join(QUANTITIES))
    message = f"{describe_value(name)} is not a quantity"
    reader.report(claim.source, where, "L003", message, hint)


def read_cells(reader: SpecReader, claim: Claim) -> Iterator[tuple[str, Claim]]:
    """Yield the cells of a printed table as claims, by "row column"; skip empty ones and dashes."""
    columns, units = claim.fields["columns"], claim.fields.get("units", {})
    if not columns or columns[0] not in ("layer", "network"):
        message = 'the first column is "layer" or "network"'
        reader.report(claim.source, (*claim.path, "columns"), "L003", message)
        return
    for j, name in enumerate(columns[1:], 1):
        if name not in QUANTITIES:
            note_unknown_quantity(reader, claim, (*claim.path, "columns", j), name)
            return
    for i, row in enumerate(claim.fields["rows"]):
        where: Path = (*claim.path, "rows", i)
        if not isinstance(row, list) or len(row) != len(columns) or not isinstance(row[0], str):
            message = f"a row has a cell for each of {', '.join(map(visible, columns))}"
            reader.report(claim.source, where, "L003", message)
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


def read_subject(table: Fields) -> ClaimSubject:
    """Read the subject of a claim, or of one of its readings."""
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
