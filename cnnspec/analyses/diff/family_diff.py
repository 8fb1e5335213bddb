"""Compare two versions of a spec, or two similar specs, network by network."""

from typing import Any

from cnnspec.analyses.diff.description import describe_network
from cnnspec.analyses.diff.network_diff import Diff, diff_networks
from cnnspec.graph.build import build_variant, open_spec, read_spec
from cnnspec.graph.model import Graph
from cnnspec.records import Record
from cnnspec.spec.scope import MAX_LINES
from cnnspec.units import GivenInput


class FamilyDiff(Record):
    """The diffs of the networks in both specs, by name, and the names that only one spec has."""

    diffs: dict[str, Diff]
    inserted: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def equal(self) -> bool:
        return not self.inserted and not self.removed and not self.changed

    @property
    def changed(self) -> list[str]:
        """The networks that differ."""
        return [name for name, found in self.diffs.items() if not found.equal]


class NamedNetworks:
    """The networks that a name stands for: one network, or all of a file or family."""

    def __init__(self, name: str):
        """Read the spec. Raises SpecError, RequestError."""
        source, self.variant = open_spec(name)
        self.spec, self.notes = read_spec(source)
        self.names = [] if self.variant else list(self.spec.variants)

    def graph(
        self, name: str, settings: dict[str, Any], input_shape: GivenInput, max_lines: int
    ) -> Graph:
        """Build one of the networks; "" is the one that the name stands for.

        Raises SpecError, RequestError."""
        return build_variant(
            self.spec, self.notes, name or self.variant, settings, input_shape, max_lines
        )


def diff_specs(
    before: str,
    after: str,
    settings: dict[str, Any] | None = None,
    input_shape: GivenInput = None,
    max_lines: int = MAX_LINES,
) -> Diff | FamilyDiff:
    """Compare two specs: all common networks if both names stand for files, else one network.

    Raises SpecError, RequestError."""
    old, new = NamedNetworks(before), NamedNetworks(after)
    given = settings or {}, input_shape, max_lines
    common = [name for name in new.names if name in old.names]
    if not common or len(old.names) == len(new.names) == 1:
        return diff_networks(
            describe_network(old.graph("", *given)), describe_network(new.graph("", *given))
        )
    return FamilyDiff(
        {
            name: diff_networks(
                describe_network(old.graph(name, *given)), describe_network(new.graph(name, *given))
            )
            for name in common
        },
        tuple([name for name in new.names if name not in common]),
        tuple([name for name in old.names if name not in common]),
    )
