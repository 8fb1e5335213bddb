"""Differences between all networks of two specs: each that has changed on a page of its own, then
the others' names."""

from cnnspec.analyses.diff.family_diff import FamilyDiff


def headline(found: FamilyDiff) -> str:
    """How many networks differ."""
    n = len(found.diffs) + len(found.inserted) + len(found.removed)
    differ = n - len(found.diffs) + len(found.changed)
    if not differ:
        return f"no difference in {n} networks"
    return f"{differ} of {n} networks {'differ' if differ > 1 else 'differs'}"


def without_page(found: FamilyDiff) -> list[tuple[str, str]]:
    """The networks of which there is no page, by what became of them."""
    same = [name for name, one in found.diffs.items() if one.equal]
    told = (("inserted", found.inserted), ("removed", found.removed), ("as before", same))
    return [(what, ", ".join(names)) for what, names in told if names]


def label(given: str, network: str) -> str:
    """How one network of a spec, as it was ``given``, is called: FILE.toml:network@REVISION."""
    file, ending, revision = given.partition(".toml")
    return (
        f"{file}.toml:{network}{revision}"
        if ending
        else network + "".join(given.partition("@")[1:])
    )
