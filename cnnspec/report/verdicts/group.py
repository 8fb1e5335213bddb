"""Group the differences of a check that have one cause, so that each cause is shown once."""

from collections.abc import Iterable

from cnnspec.analyses.verdict import Difference
from cnnspec.records import Record
from cnnspec.units import format_plural

MOST_NAMES = 4  # that a heading shows
MOST_PLACES = 3  # modules, and lines, of the model that a row shows


class DifferenceGroup(Record):
    """Differences with one cause, in order. ``names`` are the layers, or the blocks if whole."""

    differences: tuple[Difference, ...]
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        return sum(d.count for d in self.differences)

    @property
    def cause(self) -> str:
        return self.differences[0].cause

    @property
    def title(self) -> str:
        """The names of the group, at most MOST_NAMES of them."""
        return limit_names(self.names, MOST_NAMES)


def group_differences(differences: Iterable[Difference]) -> list[DifferenceGroup]:
    """Group equal changes of several layers, equal layers that are missing, and equal blocks."""
    blocks: dict[str, list[Difference]] = {}
    units: list[tuple[str, list[Difference]]] = []
    for d in differences:
        if d.block:
            if d.block not in blocks:
                blocks[d.block] = []
                units.append((d.block, blocks[d.block]))
            blocks[d.block].append(d)
        else:
            units.append((d.name, [d]))
    groups: dict[object, list[tuple[str, list[Difference]]]] = {}
    for i, (name, found) in enumerate(units):
        groups.setdefault(identify_cause(name, found) or i, []).append((name, found))
    return [
        DifferenceGroup(
            tuple([d for _, found in group for d in found]), tuple([name for name, _ in group])
        )
        for group in groups.values()
    ]


def identify_cause(name: str, found: list[Difference]) -> object:
    """Return a key that is equal for differences with one cause; None if it has no like."""
    first = found[0]
    if first.block:
        return name.rpartition(".")[2], *[(d.name[len(name) :], d.calculated) for d in found]
    if first.change:
        return first.quantity, first.change
    last = name.rpartition(".")[2]
    if first.quantity == "layer" and first.measured is None:
        return first.calculated, first.cause, last
    if first.quantity == "layer" and first.calculated is None:
        return first.measured, first.source or last
    if first.quantity == "reads" and first.source:
        return first.quantity, first.source, last
    return None


def describe_group(group: DifferenceGroup) -> str:
    """Return what the differences of a group of several have in common, and where they are."""
    first, where = group.differences[0], describe_places(group.differences)
    if first.block:
        size = len(group.differences) // len(group.names)
        kinds = ", ".join(str(d.calculated) for d in group.differences[:size])
        return f"block; the model lacks {format_plural(size, 'layer')}: {kinds}"
    if first.change:
        return f"{first.quantity}: {first.change} in {group.count:,} layers{where}"
    if first.quantity == "reads":
        sides = f"spec: {first.calculated}; model: {first.measured}"
        return f"what {group.count:,} layers read; the first: {sides}{where}"
    if first.calculated is None:
        return f"layer; the spec lacks {group.count:,} times {first.measured}{where}"
    return f"layer; the model lacks {group.count:,} times {first.calculated}"


def describe_places(differences: tuple[Difference, ...]) -> str:
    """Return the modules of a model and its lines that differ, in brackets; "" where none is known.

    Modules that are the names of the layers are not repeated.
    """
    modules = dict.fromkeys(d.module for d in differences if d.module not in ("", d.name))
    lines = join_lines(dict.fromkeys(d.source for d in differences if d.source))
    found = [limit_names(names, MOST_PLACES) for names in (modules, lines) if names]
    return f" ({', '.join(found)})" if found else ""


def join_lines(sources: Iterable[str]) -> list[str]:
    """Return lines of files with each file once: "net.py:7", "9" for "net.py:7", "net.py:9"."""
    by_file: dict[str, list[str]] = {}
    for source in sources:
        by_file.setdefault(source.rpartition(":")[0], []).append(source)
    return [
        source.rpartition(":")[2] if i else source
        for found in by_file.values()
        for i, source in enumerate(found)
    ]


def limit_names(names: Iterable[str], most: int) -> str:
    """Return the first names, and how many there are more."""
    shown = [*names]
    more = len(shown) - most
    return ", ".join(shown[:most]) + (f" and {more:,} more" if more > 0 else "")
