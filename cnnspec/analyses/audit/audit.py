"""Audits: the claims of course notes, papers and specs, each with its verdict."""

import os
from collections.abc import Iterable, Sequence

from cnnspec.analyses.audit.claimed_network import ClaimedNetworks, ClaimError, name_claim_subject
from cnnspec.analyses.audit.known_mistakes import find_mistakes
from cnnspec.analyses.audit.printed_figures import format_number, parse_figure
from cnnspec.analyses.audit.readings import ReadingResult, evaluate_claim
from cnnspec.analyses.audit.ruling import (
    AMBIGUOUS,
    CONFIRMED,
    REFUTED,
    TRUNCATED,
    UNDECIDABLE,
    VERDICTS,
    RefutedClaim,
    Ruling,
)
from cnnspec.analyses.audit.worked_examples import (
    find_cell_mistakes,
    is_truncated,
    work_example,
)
from cnnspec.analyses.network_costs import Row
from cnnspec.graph.build import read_spec
from cnnspec.problems import Problem, RequestError, SpecError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.cited_sources import CitedSource
from cnnspec.spec.claim_reading import read_claims
from cnnspec.spec.claims import Claim, ClaimFile
from cnnspec.spec.source import read_source
from cnnspec.spec.zoo import find_spec, variant_names, zoo_files, zoo_folder


class AuditedSource(Record):
    """One source, the rulings about its claims in order, and its parts that were not available.

    ``sources`` are those that its claims name, as far as they are known."""

    name: str
    title: str
    rulings: tuple[Ruling, ...]
    missing: tuple[str, ...] = ()
    sources: dict[str, CitedSource] = {}

    def count_verdicts(self) -> dict[str, int]:
        """Count the claims by verdict."""
        return {v: sum(r.verdict == v for r in self.rulings) for v in VERDICTS}


def list_claim_files() -> dict[str, str]:
    """List the files of claims that ship with cnnspec, by their names."""
    folder = os.path.join(zoo_folder(), "claims")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return {f[:-5]: os.path.join(folder, f) for f in sorted(names) if f.endswith(".toml")}


def audit_sources(names: Sequence[str] = ()) -> list[AuditedSource]:
    """Audit files of claims, specs, and all claims about networks; by default all files.

    A name is that of a file of claims, a path, or that of a network. Raises RequestError for an
    unknown name, SpecError for a file with problems or for claims about something that does not
    exist."""
    files, networks = list_claim_files(), ClaimedNetworks()
    if not names:
        return [audit_file(read_claims(path), networks) for path in files.values()]
    found: list[AuditedSource] = []
    for name in names:
        matching = [
            path for stem, path in files.items() if stem == name or stem.startswith(f"{name}_")
        ]
        if matching or is_claim_file(name):
            found += [audit_file(read_claims(path), networks) for path in matching or [name]]
        else:
            found += audit_name(name, files, networks)
    return found


def is_claim_file(name: str) -> bool:
    """Whether a file has claims and no network."""
    if not name.endswith(".toml") or not os.path.isfile(name):
        return False
    data = read_source(name).data
    return "claims" in data and "layers" not in data


def audit_name(name: str, files: dict[str, str], networks: ClaimedNetworks) -> list[AuditedSource]:
    """Audit the claims in a spec, and those of all files about it.

    A name of a family that is no network itself, as ``resnet``, stands for all its networks.
    Raises RequestError if there are no claims."""
    try:
        path, variant = find_spec(name)
    except RequestError:
        hint = did_you_mean(name, files, f"the sources are {', '.join(files)}")
        raise RequestError(
            f"there is no source of claims and no network {visible(name, 60)!r}; {hint}"
        ) from None
    found = []
    if own := read_own_claims(path, variant or name):
        rulings = tuple(rule_claims(own, ClaimedNetworks(file=path)))
        found.append(AuditedSource(name, f"claims in {visible(path)}", rulings))
    in_zoo = os.path.realpath(path) in map(os.path.realpath, zoo_files())
    known = variant_names(path) if in_zoo else []
    names = {variant or name} if variant or name in known else {name, *known}
    for file in map(read_claims, files.values()):
        if chosen := [c for c in file.claims if c.subject.network in names]:
            rulings = tuple(rule_claims(chosen, networks))
            origins = {c.origin for c in chosen}
            cited = {name: s for name, s in file.sources.items() if name in origins}
            found.append(AuditedSource(file.name, file.title, rulings, sources=cited))
    if not found:
        raise RequestError(
            f"there is no claim about {visible(name, 60)}, in its spec or in a source of claims"
        )
    return found


def read_own_claims(path: str, variant: str) -> list[Claim]:
    """Read the claims in a spec; with a variant, only those about the variant."""
    spec, notes = read_spec(read_source(path))
    if notes.problems:
        raise SpecError(notes.problems)
    if variant not in spec.variants:
        return list(spec.claims)
    first = next(iter(spec.variants))
    return [c for c in spec.claims if (c.subject.variant or first) == variant]


def audit_file(file: ClaimFile, networks: ClaimedNetworks) -> AuditedSource:
    name = file.name or os.path.basename(file.source.name)
    rulings = tuple(rule_claims(file.claims, networks))
    return AuditedSource(name, file.title, rulings, file.missing, file.sources)


def rule_claims(claims: Iterable[Claim], networks: ClaimedNetworks) -> list[Ruling]:
    """Decide the claims of one source.

    Raises SpecError with a problem for each claim about something that does not exist."""
    rulings: list[Ruling] = []
    problems: list[Problem] = []
    for claim in claims:
        try:
            rulings.append(rule_claim(claim, networks, rulings))
        except (RequestError, SpecError) as error:
            problems.append(
                Problem(claim.source.where(claim.path), "C002", str(error).partition("\n")[0])
            )
    if problems:
        raise SpecError(problems)
    return rulings


def rule_claim(claim: Claim, networks: ClaimedNetworks, before: Sequence[Ruling] = ()) -> Ruling:
    """Decide a claim; ``before`` are the rulings about earlier claims of the source.

    Raises ClaimError for a claim about something that does not exist, SpecError for a network with
    problems."""
    if claim.kind == "undecidable":
        return Ruling(
            claim,
            UNDECIDABLE,
            None,
            "–",
            claim.fields["undecidable"],
            subject=name_claim_subject(claim),
        )
    if claim.kind == "matrix":
        return rule_example(claim)
    outcomes = [
        o
        for name, subject in (claim.readings or {"": claim.subject}).items()
        for o in evaluate_claim(claim, subject, name, networks)
    ]
    verdict, why = decide_verdict(outcomes)
    first = next((o for o in outcomes if o.holds), outcomes[0])
    ruling = Ruling(
        claim, verdict, first.computed, first.shown, why, subject=name_claim_subject(claim)
    )
    if verdict != REFUTED:
        return ruling
    figure = parse_figure(claim.value)
    if figure and ruling.number is not None and figure.is_truncation(ruling.number):
        ruling = ruling.replace(verdict=TRUNCATED)
    context = describe_refutation(claim, networks, ruling, before)
    return ruling.replace(mistakes=tuple(find_mistakes(context)) if context else ())


def decide_verdict(outcomes: Sequence[ReadingResult]) -> tuple[str, str]:
    """Combine the results of all readings into a verdict with its reason.

    If there is a convention, its reading comes first and decides; a claim that only another
    reading makes true is ambiguous, never confirmed."""
    held = [o for o in outcomes if o.holds]
    if len(held) == len(outcomes) or (
        held and outcomes[0].holds and not any(o.open for o in outcomes)
    ):
        return CONFIRMED, outcomes[0].arithmetic
    if not held:
        return REFUTED, "; ".join(dict.fromkeys(map(describe_result, outcomes)))
    missed = [o for o in outcomes if not o.holds and (o.open or o is outcomes[0])]
    true = "; ".join(map(describe_result, held[:2]))
    false = "; ".join(map(describe_result, missed[:2]))
    return AMBIGUOUS, f"true of {true}. False of {false}"


def describe_result(outcome: ReadingResult) -> str:
    """Describe a result by the name of its reading and its arithmetic."""
    if not outcome.name or outcome.name in outcome.arithmetic:
        return outcome.arithmetic
    return f"{outcome.name}: {outcome.arithmetic}"


def rule_example(claim: Claim) -> Ruling:
    """Decide a worked example: it is confirmed if every printed cell is right."""
    try:
        cells = work_example(claim.fields)
    except RequestError as error:
        raise ClaimError(str(error)) from None
    wrong = [c for c in cells if not c.holds]
    words = f"{len(cells) - len(wrong)} of {len(cells)} cells are right"
    parts = [
        f"row {c.row + 1}, column {c.column + 1} is"
        f" {'outside' if c.computed is None else format_number(c.computed)}, not {c.printed}"
        for c in wrong[:6]
    ]
    why = "; ".join([words, *parts]) + (f"; and {len(wrong) - 6} more" if len(wrong) > 6 else "")
    verdict = CONFIRMED
    if wrong:
        verdict = TRUNCATED if all(map(is_truncated, wrong)) else REFUTED
    ruling = Ruling(claim, verdict, None, words, why, cells=tuple(cells))
    return ruling.replace(mistakes=tuple(find_cell_mistakes(cells))) if wrong else ruling


def describe_refutation(
    claim: Claim, networks: ClaimedNetworks, ruling: Ruling, before: Sequence[Ruling]
) -> RefutedClaim | None:
    """Collect what the search for mistakes needs."""
    subject = next(iter(claim.readings.values()), claim.subject)
    figure, network = parse_figure(claim.value), None
    rows: tuple[Row, ...] = ()
    if claim.kind != "expression":
        network = networks.find(subject)
        rows = tuple(network.select_rows(subject))
    return RefutedClaim(
        claim, figure, ruling.number, subject, network, rows, networks, tuple(before)
    )
