"""An audit: the claims of notes, papers and specs, source by source, each with its verdict."""

import os
from collections.abc import Iterable, Sequence

from cnnspec.analyses.audit.decide import rule
from cnnspec.analyses.audit.subject import Sheets
from cnnspec.analyses.audit.verdict import VERDICTS, Ruling
from cnnspec.graph.build import read_spec
from cnnspec.problems import Problem, RequestError, SpecError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.spec.claim_reading import read_claims
from cnnspec.spec.claims import Claim, ClaimFile
from cnnspec.spec.source import read_source
from cnnspec.spec.zoo import find_spec, variant_names, zoo_files, zoo_folder


class Audited(Record):
    """One source with the rulings about its claims, in their order, and what of it could not be
    seen."""

    name: str
    title: str
    rulings: tuple[Ruling, ...]
    missing: tuple[str, ...] = ()

    def counted(self) -> dict[str, int]:
        """How many claims there are of each verdict."""
        return {v: sum(r.verdict == v for r in self.rulings) for v in VERDICTS}


def claim_files() -> dict[str, str]:
    """The files of claims that ship with cnnspec, by their names."""
    folder = os.path.join(zoo_folder(), "claims")
    names = (
        sorted(f for f in os.listdir(folder) if f.endswith(".toml"))
        if os.path.isdir(folder)
        else []
    )
    return {f[:-5]: os.path.join(folder, f) for f in names}


def audit(names: Sequence[str] = ()) -> list[Audited]:
    """The audit of sources of claims (files by name or path), of specs, and of what is said of
    networks; "" of all.

    Raises RequestError for a name that is none of these, SpecError for a file with problems, or for
    claims about what is not there."""
    files, sheets = claim_files(), Sheets()
    if not names:
        return [of_file(read_claims(path), sheets) for path in files.values()]
    found: list[Audited] = []
    for name in names:
        matching = [
            path for stem, path in files.items() if stem == name or stem.startswith(f"{name}_")
        ]
        if matching or is_claim_file(name):
            found += [of_file(read_claims(path), sheets) for path in matching or [name]]
        else:
            found += about(name, files, sheets)
    return found


def is_claim_file(name: str) -> bool:
    """Whether a file holds claims and no network."""
    if not name.endswith(".toml") or not os.path.isfile(name):
        return False
    data = read_source(name).data
    return "claims" in data and "layers" not in data


def about(name: str, files: dict[str, str], sheets: Sheets) -> list[Audited]:
    """The claims in a spec, and those of all files about it. Raises RequestError where there are
    none.

    A family that is no network itself, ``resnet``, stands for all of its networks.
    """
    try:
        path, variant = find_spec(name)
    except RequestError:
        hint = did_you_mean(name, files, f"the sources are {', '.join(files)}")
        raise RequestError(
            f"there is no source of claims and no network {visible(name, 60)!r}; {hint}"
        ) from None
    found = []
    if own := own_claims(path, variant or name):
        found.append(
            Audited(name, f"claims in {visible(path)}", tuple(ruled(own, Sheets(file=path))))
        )
    known = (
        variant_names(path) if os.path.realpath(path) in map(os.path.realpath, zoo_files()) else []
    )
    names = {variant or name} if variant or name in known else {name, *known}
    for file in map(read_claims, files.values()):
        if chosen := [c for c in file.claims if c.subject.network in names]:
            found.append(Audited(file.name, file.title, tuple(ruled(chosen, sheets))))
    if not found:
        raise RequestError(
            f"nothing is claimed of {visible(name, 60)}: neither in its spec nor in a source of"
            " claims"
        )
    return found


def own_claims(path: str, variant: str) -> list[Claim]:
    """The claims in a spec; of those about a variant, only that variant's where one is named."""
    spec, notes = read_spec(read_source(path))
    if notes.problems:
        raise SpecError(notes.problems)
    if variant not in spec.variants:
        return list(spec.claims)
    first = next(iter(spec.variants))
    return [c for c in spec.claims if (c.subject.variant or first) == variant]


def of_file(file: ClaimFile, sheets: Sheets) -> Audited:
    name = file.name or os.path.basename(file.source.name)
    return Audited(name, file.title, tuple(ruled(file.claims, sheets)), file.missing)


def ruled(claims: Iterable[Claim], sheets: Sheets) -> list[Ruling]:
    """The rulings about the claims of one source. Raises SpecError with each claim about what is
    not there."""
    rulings: list[Ruling] = []
    problems: list[Problem] = []
    for claim in claims:
        try:
            rulings.append(rule(claim, sheets, rulings))
        except (RequestError, SpecError) as error:
            problems.append(
                Problem(claim.source.where(claim.path), "C002", str(error).partition("\n")[0])
            )
    if problems:
        raise SpecError(problems)
    return rulings
